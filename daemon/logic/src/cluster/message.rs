//! The messages of datanodes to masters, as values.

use super::load::NodeLoad;
use dfs_types::{ChunkId, ReplicaKey, StoredReplica};
use std::net::SocketAddr;
use std::sync::Arc;

/// The maximum number of replicas in one page of a report, and of each third of the changes in one
/// heartbeat.
pub const CHUNKS_PER_REPORT_MAX: usize = 16_384;

/// The registration of a datanode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Drawn at each start of the datanode: messages of an earlier start are refused.
    pub boot: u64,
    /// The address on which it accepts data connections.
    pub address: SocketAddr,
    pub load: NodeLoad,
    pub version: Arc<str>,
    /// Milliseconds by which its clock is ahead of this master's; negative if behind.
    pub skew_ms: i64,
}

/// The load of a datanode and the changes of its replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    pub boot: u64,
    pub load: NodeLoad,
    /// Milliseconds by which its clock is ahead of this master's; negative if behind.
    pub skew_ms: i64,
    /// Replicas that were stored, or whose state changed, since the last acknowledged heartbeat.
    pub added: Vec<StoredReplica>,
    /// Replicas deleted, quarantined or lost since then.
    pub removed: Vec<ReplicaKey>,
    /// Copy orders that ended since then, successful or not.
    pub copies_ended: Vec<ChunkId>,
    /// Replicas whose deletion was ordered, but which are kept.
    pub kept: Vec<ReplicaKey>,
}

impl Heartbeat {
    /// Returns a heartbeat without changes of replicas.
    pub fn new(boot: u64, load: NodeLoad) -> Self {
        let (added, removed, copies_ended, kept) = Default::default();
        Self { boot, load, skew_ms: 0, added, removed, copies_ended, kept }
    }

    /// Returns the number of its changes.
    pub(super) fn changes(&self) -> usize {
        self.added.len() + self.removed.len() + self.copies_ended.len() + self.kept.len()
    }
}

/// A page of a full chunk report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPage {
    pub boot: u64,
    /// True for the first page: the report begins.
    pub first: bool,
    /// True for the last page: the report is complete.
    pub last: bool,
    /// In ascending order of their keys; at most [`CHUNKS_PER_REPORT_MAX`].
    pub chunks: Vec<StoredReplica>,
}
