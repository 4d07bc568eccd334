//! Describes a cluster as observed at one moment. Live, the parts arrive one by one; a recording
//! provides all of them at once for the requested moment.

use crate::top::history::History;
use dfs_client::Snapshot;
use dfs_diagnosis::Finding;
use dfs_types::{Error, Timestamp};
use std::sync::Arc;

/// A point in time on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since the dashboard started; never decreases.
    pub elapsed_ms: u64,
    pub calendar: Timestamp,
}

/// The state of the connection to the cluster.
#[derive(Debug, Clone, Default)]
pub enum Link {
    /// No snapshot has arrived yet.
    #[default]
    Waiting,
    Live,
    /// The cluster does not answer.
    Lost {
        /// The beginning of the outage, in milliseconds of the dashboard's clock.
        since_ms: u64,
        error: Error,
    },
}

/// Everything that is observed of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub now: Moment,
    pub snapshot: Option<Arc<Snapshot>>,
    /// The time of the request for the snapshot, in milliseconds of the dashboard's clock.
    pub asked_ms: u64,
    /// The findings, worst first, a cause before its consequences.
    pub findings: Vec<Finding>,
    pub history: History,
    pub link: Link,
}
