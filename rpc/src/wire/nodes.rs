//! Datanodes and single chunks, as a master sees them.

use super::blocked::Blocked;
use super::node::NodeLoad;
use super::twin;
use dfs_types::{AdminState, ChunkRef, DatanodeId, DfsPath};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The liveness of a datanode, as a master sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Its heartbeats arrive in time, and its connection is open.
    Live,
    /// Its connection closed, or it missed a heartbeat: readers use it last, and writers do not use
    /// it.
    Stale,
    /// No heartbeat for the dead time: its replicas no longer count.
    Dead,
}

/// One datanode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    pub id: DatanodeId,
    pub address: SocketAddr,
    pub state: NodeState,
    /// Milliseconds since the last heartbeat.
    pub heartbeat_age_ms: u64,
    /// Milliseconds since it registered, or registered again, at this master.
    pub registered_ms: u64,
    /// Milliseconds by which its clock is ahead of this master's; negative if behind.
    pub skew_ms: i64,
    /// Its clock is so far ahead that it takes new capabilities for expired: no chunks are placed
    /// on it.
    pub ahead: bool,
    pub load: NodeLoad,
    pub chunks: u64,
    /// Under-replicated chunks with a replica here, at the last count of all chunks.
    pub under_replicated: u64,
    /// Under-replicated chunks whose only live replica is here.
    pub last_replica: u64,
    /// Its admin state.
    #[serde(with = "twin")]
    pub admin_state: AdminState,
    /// While it drains: chunks here with fewer replicas elsewhere than wanted, at the last count;
    /// none before the first count.
    pub left: Option<u64>,
    /// While it drains: those chunks by the cause that keeps them from being copied, by the same
    /// count.
    pub blocked: Blocked,
    pub version: String,
}

impl NodeStatus {
    /// Returns the status of an empty datanode that has just registered.
    pub fn new(id: DatanodeId, address: SocketAddr) -> Self {
        Self {
            id,
            address,
            state: NodeState::Live,
            heartbeat_age_ms: 0,
            registered_ms: 0,
            skew_ms: 0,
            ahead: false,
            load: NodeLoad::default(),
            chunks: 0,
            under_replicated: 0,
            last_replica: 0,
            admin_state: AdminState::InService,
            left: None,
            blocked: Blocked::default(),
            version: String::new(),
        }
    }

    /// Returns true while it drains and is not drained yet.
    pub fn is_draining(&self) -> bool {
        self.admin_state == AdminState::Draining && !self.is_drained()
    }

    /// Returns true if it can be stopped without a loss: its chunks were counted since the drain
    /// was requested, each has the wanted replicas elsewhere, and no write to it is in flight.
    pub fn is_drained(&self) -> bool {
        let written_to = self.load.writes_in_flight > 0 && self.state != NodeState::Dead;
        self.admin_state == AdminState::Draining && self.left == Some(0) && !written_to
    }
}

/// One chunk, as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkStatus {
    #[serde(with = "twin")]
    pub chunk: ChunkRef,
    /// Replicas wanted.
    pub wanted: u8,
    /// The file that names it; none if the caller may not list its directory.
    pub path: Option<DfsPath>,
    /// Datanodes that hold a replica, with their states.
    pub replicas: Vec<(DatanodeId, NodeState)>,
    /// Replicas of it are being made.
    pub copying: bool,
}
