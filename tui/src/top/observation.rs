//! A cluster as it is observed at one moment. Live, the parts come one by one; a recording gives
//! all of them at once for the moment that is sought.

use crate::top::history::History;
use dfs_client::Snapshot;
use dfs_diagnosis::Finding;
use dfs_types::{Error, Timestamp};
use std::sync::Arc;

/// A point in time, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since the dashboard began; never goes back.
    pub elapsed_ms: u64,
    pub calendar: Timestamp,
}

/// The state of the connection to the cluster.
#[derive(Debug, Clone, Default)]
pub enum Link {
    /// No picture has come yet.
    #[default]
    Waiting,
    Live,
    /// The cluster does not answer.
    Lost {
        /// Since when, in milliseconds of the dashboard's clock.
        since_ms: u64,
        error: Error,
    },
}

/// All that is observed of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub now: Moment,
    pub snapshot: Option<Arc<Snapshot>>,
    /// When the snapshot was asked for, in milliseconds of the dashboard's clock.
    pub asked_ms: u64,
    /// The findings, worst first, a cause before its consequences.
    pub findings: Vec<Finding>,
    pub history: History,
    pub link: Link,
}
