//! Messages between datanodes and masters.

use super::address::NodeAddress;
use super::key::TokenKey;
use super::twin;
use bytes::Bytes;
use dfs_types::rates::Counters;
use dfs_types::{ChunkId, ChunkRef, MasterId, ReplicaKey, StoredReplica, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The registration of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Drawn at each start: calls of an earlier start are refused.
    pub boot: u64,
    /// The address at which it accepts data connections.
    pub address: SocketAddr,
    pub load: NodeLoad,
    pub version: String,
}

/// The answer to [`Register`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    pub master: MasterId,
    pub keys: Vec<TokenKey>,
    pub heartbeat_ms: u64,
}

/// Capacity and load of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeLoad {
    pub directories: Vec<DirectoryLoad>,
    pub reads_in_flight: u32,
    pub writes_in_flight: u32,
    /// Failed reads and writes of its disks since its start.
    pub disk_errors: u64,
    /// Bytes read and written for clients and other datanodes since its start.
    pub bytes_read: u64,
    pub bytes_written: u64,
    /// Reads of chunks, or parts of one, and writes of chunks for clients and other datanodes since
    /// its start.
    pub reads: u64,
    pub writes: u64,
    /// The time of its clock when this was sent.
    pub clock: Timestamp,
}

impl NodeLoad {
    /// Returns its counters, as of a heartbeat that arrived at `at`.
    pub fn counters(&self, at: Timestamp) -> Counters {
        let Self { bytes_read: read, bytes_written: written, reads, writes, .. } = *self;
        Counters { at, read, written, reads, writes }
    }
    /// Returns the bytes that it may hold.
    pub fn capacity(&self) -> u64 {
        total(self.directories.iter().map(|directory| directory.capacity))
    }
    /// Returns the bytes of chunks that it holds.
    pub fn used(&self) -> u64 {
        total(self.directories.iter().map(|directory| directory.used))
    }
    /// Returns the bytes that it can still store.
    pub fn free(&self) -> u64 {
        total(self.directories.iter().filter(|directory| !directory.failed).map(|directory| directory.free))
    }
}

/// Returns a saturating sum: the figures of a datanode are not trusted.
fn total(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// One data directory of a datanode.
#[derive(Debug, Clone, PartialEq, Default, Eq, Serialize, Deserialize)]
pub struct DirectoryLoad {
    pub path: String,
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// True if the directory has failed and is no longer used.
    pub failed: bool,
    /// The reason of the failure.
    pub reason: Option<String>,
    /// Equal for directories on the same disk of the same machine, also of different datanodes;
    /// zero: not known.
    pub disk: u64,
    /// Bytes that the disk has left for all its directories together, beyond the reserve.
    pub disk_free: u64,
}

/// The load of a datanode and the changes of its replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub boot: u64,
    pub load: NodeLoad,
    /// Replicas that were stored, or whose state changed, since the last acknowledged heartbeat; at
    /// most [`CHUNKS_PER_REPORT_MAX`](crate::CHUNKS_PER_REPORT_MAX).
    #[serde(with = "twin::many")]
    pub added: Vec<StoredReplica>,
    /// Replicas deleted, quarantined or lost since then.
    #[serde(with = "twin::many")]
    pub removed: Vec<ReplicaKey>,
    /// Copy orders that ended since then, successful or not.
    pub copies_ended: Vec<ChunkId>,
    /// Replicas whose deletion was ordered but not done: they are being written, or too many orders
    /// are queued.
    #[serde(with = "twin::many")]
    pub kept: Vec<ReplicaKey>,
}

impl Heartbeat {
    /// Returns a heartbeat without changes of replicas.
    pub fn new(boot: u64, load: NodeLoad) -> Self {
        let (added, removed, copies_ended, kept) = Default::default();
        Self { boot, load, added, removed, copies_ended, kept }
    }
}

/// The answer to [`Heartbeat`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    pub orders: Vec<Order>,
    pub keys: Vec<TokenKey>,
}

/// An order of a master to a datanode. Orders are idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Send this replica through the pipeline of `targets`.
    Copy {
        #[serde(with = "twin")]
        chunk: ChunkRef,
        targets: Vec<NodeAddress>,
        capability: Bytes,
    },
    /// Delete this replica; a suspect one is quarantined.
    Delete {
        #[serde(with = "twin")]
        key: ReplicaKey,
    },
    /// Read this replica, compare it with its checksum, and report its state.
    Verify {
        #[serde(with = "twin")]
        key: ReplicaKey,
    },
    /// Replace a suspect replica here by one made of intact blocks: its own and those of `sources`,
    /// which may hold suspect replicas too. The capability lets this datanode read there.
    Reconstruct {
        #[serde(with = "twin")]
        chunk: ChunkRef,
        sources: Vec<NodeAddress>,
        capability: Bytes,
    },
}

/// A page of a full chunk report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    pub boot: u64,
    /// The first page: the master drops the replicas that it has noted for this datanode.
    pub first: bool,
    /// The last page: the report is complete.
    pub last: bool,
    /// At most [`CHUNKS_PER_REPORT_MAX`](crate::CHUNKS_PER_REPORT_MAX).
    #[serde(with = "twin::many")]
    pub chunks: Vec<StoredReplica>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_loads_do_not_overflow() {
        let directory =
            DirectoryLoad { capacity: u64::MAX, used: u64::MAX, free: u64::MAX, ..DirectoryLoad::default() };
        let load = NodeLoad { directories: vec![directory; 3], ..NodeLoad::default() };
        assert_eq!((load.capacity(), load.used(), load.free()), (u64::MAX, u64::MAX, u64::MAX));
    }
}
