//! The figures of the cluster.

use super::blocked::Blocked;
use dfs_types::{ClusterId, DatanodeId, MasterId, Timestamp};
use serde::{Deserialize, Serialize};

/// The figures of the cluster, as one master knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    pub cluster: ClusterId,
    pub taken_at: Timestamp,
    pub masters: Vec<MasterStatus>,
    /// The master that leads, if one does.
    pub leader: Option<MasterId>,
    pub term: u64,
    /// Set while the cluster is in safe mode.
    pub safe_mode: Option<SafeMode>,
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    /// Bytes of all files times their wanted replicas.
    pub space: u64,
    pub replication: ReplicationStatus,
    /// Milliseconds since all chunks were last counted; none before the first count of this master.
    pub counted_ms: Option<u64>,
    pub lasting: Lasting,
    pub unfinished: Unfinished,
    /// Chunks with fewer replicas than wanted, by cause, as of the last count.
    pub blocked: Blocked,
    /// Sums over the live datanodes, in bytes. A disk that several of them share counts once.
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// Bytes of files that find room with `room_replicas` replicas, the default replication of
    /// files.
    pub room: u64,
    pub room_replicas: u8,
    pub nodes_live: u32,
    pub nodes_stale: u32,
    pub nodes_dead: u32,
    /// Datanodes that drain or are drained, in any state.
    pub nodes_draining: u32,
    /// Datanodes in service: neither dead nor draining.
    pub nodes_serving: u32,
    /// Live datanodes that have reported their chunks, and those of the cluster that this master
    /// still waits for: after its start, when it becomes leader, and after it was suspended.
    pub nodes_expected: u32,
    /// Expected datanodes that have reported. While they are fewer than expected, the figures of
    /// chunks are incomplete.
    pub nodes_reported: u32,
    /// Datanodes of the cluster that have not registered since the start of this master; the first
    /// 64.
    pub absent: Vec<DatanodeId>,
    /// Set while the disk of the master that answers is full.
    pub full: Option<FullDisk>,
    pub version: String,
}

impl ClusterStatus {
    /// Returns the datanodes that have reported and those that are expected, while some have not
    /// reported.
    pub fn awaited(&self) -> Option<(u32, u32)> {
        (self.nodes_reported < self.nodes_expected).then_some((self.nodes_reported, self.nodes_expected))
    }

    /// Returns the status of an empty cluster without a leader.
    pub fn empty(cluster: ClusterId, taken_at: Timestamp) -> Self {
        Self {
            cluster,
            taken_at,
            masters: Vec::new(),
            leader: None,
            term: 0,
            safe_mode: None,
            files: 0,
            directories: 0,
            bytes: 0,
            space: 0,
            replication: ReplicationStatus::default(),
            counted_ms: None,
            lasting: Lasting::default(),
            unfinished: Unfinished::default(),
            blocked: Blocked::default(),
            capacity: 0,
            used: 0,
            free: 0,
            room: 0,
            room_replicas: 0,
            nodes_live: 0,
            nodes_stale: 0,
            nodes_dead: 0,
            nodes_draining: 0,
            nodes_serving: 0,
            nodes_expected: 0,
            nodes_reported: 0,
            absent: Vec::new(),
            full: None,
            version: String::new(),
        }
    }
}

/// A master whose disk has no room for more of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullDisk {
    pub master: MasterId,
    /// Its data directory.
    pub directory: String,
    /// Bytes that must be free there before it accepts commands again.
    pub needed: u64,
}

/// The duration of each problem in milliseconds, as observed by this master; none for a problem
/// that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lasting {
    pub safe_mode: Option<u64>,
    pub missing: Option<u64>,
    pub at_risk: Option<u64>,
    pub under: Option<u64>,
    /// The longest duration over all stale, or dead, datanodes.
    pub stale: Option<u64>,
    pub dead: Option<u64>,
}

/// Writes in flight that the leader knows, and the space that their replicas take. Counted every
/// second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unfinished {
    pub writes: u64,
    /// Writes whose renewal is overdue: their clients have exited or are disconnected.
    pub silent: u64,
    /// Bytes of all replicas stored. A chunk of a write whose length is not known counts as full.
    pub bytes: u64,
    /// Bytes of the silent writes.
    pub silent_bytes: u64,
    /// The time at which the last silent write expires, unless it is renewed; none if none is
    /// silent.
    pub until: Option<Timestamp>,
}

/// The reason for safe mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeMode {
    pub chunks_reported: u64,
    pub chunks_total: u64,
    /// The condition that is waited for, or the reason given by the user who entered it.
    pub reason: String,
    /// The user who entered it; none for the safe mode at the start of a master.
    pub by: Option<String>,
}

/// Chunks by live replicas compared with wanted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplicationStatus {
    pub chunks: u64,
    /// No live replica.
    pub missing: u64,
    /// One live replica where more are wanted.
    pub at_risk: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
    /// More than wanted.
    pub over: u64,
    /// Replicas being made now.
    pub copying: u64,
}

impl ReplicationStatus {
    /// Returns the number of chunks with fewer live replicas than wanted.
    pub fn under_replicated(&self) -> u64 {
        self.missing + self.at_risk + self.under
    }
}

/// One master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterStatus {
    pub id: MasterId,
    /// `HOST:PORT`, as its group knows it; HOST is a name, an IPv4 address, or an IPv6 address in
    /// brackets.
    pub address: String,
    /// `leader`, `follower`, `candidate` or `unknown`.
    pub role: String,
    /// The last log entry that it applied; of another master, as known to the leader.
    pub applied: u64,
}
