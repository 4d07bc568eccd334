//! Background work of masters.

use dfs_types::Timestamp;
use serde::{Deserialize, Serialize};

/// The status of one background job of a master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    pub name: String,
    pub state: JobState,
    /// Units of work since the start of the master; what a unit is depends on the job.
    pub done: u64,
    /// The units that were done and those that are left, where the latter are known.
    pub total: Option<u64>,
    /// The time of the last run; none before the first.
    pub last_run: Option<Timestamp>,
    /// The reason why the last run failed; none after a run that did not.
    pub last_error: Option<String>,
}

/// The state of a job between two runs, or during one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// The last run ended with nothing left to do.
    Idle,
    /// A run is in progress, or the next run continues the remaining work.
    Running,
    /// Work remains, and none of it can be done now.
    Waiting,
    /// The last run failed; the job will run again.
    Failed,
    /// The job runs on the leader, and this master is not the leader.
    Follower,
}
