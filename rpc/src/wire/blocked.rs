//! Chunks that lack replicas, by cause.

use serde::{Deserialize, Serialize};

/// Chunks with fewer replicas than wanted on datanodes that serve, by the cause that keeps them
/// from having more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Blocked {
    /// Replicas are being made, or begin as soon as datanodes have streams free.
    pub under_way: u64,
    /// Datanodes that have missed heartbeats, or have not reported yet, decide.
    pub waiting: u64,
    /// No replica is left to copy from.
    pub no_source: u64,
    /// Datanodes without a replica serve, but none has room.
    pub no_room: u64,
    /// The most bytes that one of the chunks without room has.
    pub no_room_bytes: u32,
    /// The only live datanodes without a replica are draining.
    pub all_draining: u64,
    /// Each datanode that serves has a replica, and more are wanted.
    pub too_few: u64,
    /// The most replicas that one of those wants.
    pub too_few_want: u8,
}

impl Blocked {
    /// Returns the chunks that cannot get more replicas now.
    pub fn stuck(&self) -> u64 {
        self.no_source + self.no_room + self.all_draining + self.too_few
    }

    /// Returns the chunks that will get more replicas without intervention.
    pub fn moving(&self) -> u64 {
        self.under_way + self.waiting
    }

    /// Returns true if waiting is useless: chunks lack replicas, and none of them can get more now.
    pub fn is_final(&self) -> bool {
        self.stuck() > 0 && self.moving() == 0
    }
}
