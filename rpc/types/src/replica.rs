//! Replicas: which bytes one holds, and how far it can be relied upon. See docs/design/durability.md.

use crate::id::{ChunkId, Generation};
use std::fmt;

/// The bytes that a replica holds: two replicas with the same key have the same content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    pub chunk: ChunkId,
    pub generation: Generation,
    /// As in a [`ChunkRef`](crate::ChunkRef).
    pub checksum: u32,
}

impl ReplicaKey {
    /// The lowest key that a replica of `chunk` can have: where its keys begin.
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

/// How far a replica can be relied upon, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReplicaState {
    /// A check or a read of it failed. It counts as no replica; its good blocks are served last.
    Suspect,
    /// Found at the start of the datanode and not compared with its checksum since.
    Stored,
    /// Compared with its checksum since the datanode started: it serves as proof.
    Verified,
}

/// A replica that a datanode holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredReplica {
    pub key: ReplicaKey,
    pub state: ReplicaState,
}
