//! Replicas: the key of their bytes and their state. See docs/design/durability.md.

use crate::id::{ChunkId, Generation};
use std::fmt;

/// Identifies the bytes of a replica: replicas with the same key have the same content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    pub chunk: ChunkId,
    pub generation: Generation,
    /// As in a [`ChunkRef`](crate::ChunkRef).
    pub checksum: u32,
}

impl ReplicaKey {
    /// Returns the lowest key that a replica of `chunk` can have: the start of its range of keys.
    pub const fn lowest(chunk: ChunkId) -> Self {
        Self { chunk, generation: Generation(0), checksum: 0 }
    }
}

impl fmt::Display for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{:08x}", self.chunk, self.generation, self.checksum)
    }
}

impl fmt::Debug for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The state of a replica, from the least to the most reliable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReplicaState {
    /// A check or a read of it failed. It does not count as a replica; its good blocks are read
    /// only as a last resort.
    Suspect,
    /// Found when the datanode started, and not compared with its checksum since.
    Stored,
    /// Compared with its checksum since the datanode started: it counts as proof.
    Verified,
}

/// A replica on a datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredReplica {
    pub key: ReplicaKey,
    pub state: ReplicaState,
}
