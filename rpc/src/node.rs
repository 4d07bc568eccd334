//! The service that masters offer to datanodes.

use crate::client::NodeAddress;
use bytes::Bytes;
use dfs_types::{ChunkId, ChunkRef, MasterId, ReplicaKey, Result, StoredReplica, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Calls of datanodes. Which datanode calls is what its certificate says. A datanode speaks to every master.
#[tarpc::service]
pub trait NodeService {
    /// The first call on each connection; a full chunk report follows.
    async fn register(register: Register) -> Result<Registered>;
    /// Every few seconds, and at once when there is something to tell. Applied in the order sent: one at a time.
    async fn heartbeat(heartbeat: Heartbeat) -> Result<HeartbeatReply>;
    /// One page of the full chunk report, in rising order of chunk ids.
    async fn chunk_report(page: ReportPage) -> Result<()>;
}

/// What a datanode says of itself when it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Drawn at each start: calls of an earlier start are refused.
    pub boot: u64,
    /// Where it takes data connections.
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

/// A secret of the masters and datanodes that seals capabilities and receipts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    pub id: u32,
    pub secret: [u8; 32],
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKey {{ id: {} }}", self.id)
    }
}

/// Capacity and work of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeLoad {
    pub folders: Vec<FolderLoad>,
    pub reads_in_flight: u32,
    pub writes_in_flight: u32,
    /// Failed reads and writes of its disks since its start.
    pub disk_errors: u64,
    /// Bytes read and written for others since its start.
    pub bytes_read: u64,
    pub bytes_written: u64,
    /// Chunks, or parts of one, read and chunks written for others since its start.
    pub reads: u64,
    pub writes: u64,
    /// What its clock showed when it said this.
    pub clock: Timestamp,
}

impl NodeLoad {
    /// Bytes that it may hold.
    pub fn capacity(&self) -> u64 {
        total(self.folders.iter().map(|folder| folder.capacity))
    }
    /// Bytes of chunks that it holds.
    pub fn used(&self) -> u64 {
        total(self.folders.iter().map(|folder| folder.used))
    }
    /// Bytes that it could still take.
    pub fn free(&self) -> u64 {
        total(self.folders.iter().filter(|folder| !folder.failed).map(|folder| folder.free))
    }
}

/// A sum that ends at the largest number: a datanode may say anything of its folders.
fn total(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// One data folder of a datanode.
#[derive(Debug, Clone, PartialEq, Default, Eq, Serialize, Deserialize)]
pub struct FolderLoad {
    pub path: String,
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// It failed and is not used any more.
    pub failed: bool,
    /// Why it failed.
    pub reason: Option<String>,
    /// The same for folders on the same disk of the same machine, whichever datanode they belong to; zero: not known.
    pub disk: u64,
    /// What that disk has left, all its folders together, beyond what must stay free.
    pub disk_free: u64,
}

/// News of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub boot: u64,
    pub load: NodeLoad,
    /// Replicas that were stored, or whose state changed, since the last acknowledged heartbeat; at most
    /// [`CHUNKS_PER_REPORT_MAX`](crate::CHUNKS_PER_REPORT_MAX).
    pub added: Vec<StoredReplica>,
    /// Replicas deleted, quarantined or lost since then.
    pub removed: Vec<ReplicaKey>,
    /// Copy orders that ended since then, well or not.
    pub copies_ended: Vec<ChunkId>,
    /// Replicas whose deletion was ordered and does not happen, since they are being written, or too many orders wait.
    pub kept: Vec<ReplicaKey>,
}

impl Heartbeat {
    /// A heartbeat without news of replicas.
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

/// What a master has a datanode do. Doing one twice does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Send this replica down the chain of `targets`.
    Copy { chunk: ChunkRef, targets: Vec<NodeAddress>, capability: Bytes },
    /// Delete this replica; a suspect one is quarantined.
    Delete { key: ReplicaKey },
    /// Read this replica, compare it with its checksum, and report its state.
    Verify { key: ReplicaKey },
    /// Replace a suspect replica here by one put together from good blocks: its own and those of `sources`, which hold
    /// suspect ones, too. The capability lets this datanode read there.
    Mend { chunk: ChunkRef, sources: Vec<NodeAddress>, capability: Bytes },
}

/// A page of a full chunk report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    pub boot: u64,
    /// The first page: the master forgets what it knew of this datanode's replicas.
    pub first: bool,
    /// The last page: the report is whole.
    pub last: bool,
    /// At most [`CHUNKS_PER_REPORT_MAX`](crate::CHUNKS_PER_REPORT_MAX).
    pub chunks: Vec<StoredReplica>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_load_is_too_large_to_be_added_up() {
        let folder = FolderLoad { capacity: u64::MAX, used: u64::MAX, free: u64::MAX, ..FolderLoad::default() };
        let load = NodeLoad { folders: vec![folder; 3], ..NodeLoad::default() };
        assert_eq!((load.capacity(), load.used(), load.free()), (u64::MAX, u64::MAX, u64::MAX));
    }
}
