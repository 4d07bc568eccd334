//! One write in flight.

use dfs_types::{ChunkId, DfsPath, Timestamp, WriteId};
use std::ops::Range;

/// What a plan says of its write.
#[derive(Debug, Clone)]
pub struct Planned {
    pub user: String,
    pub path: DfsPath,
    /// Bytes that one of its chunks has at the most.
    pub chunk_bytes: u64,
}

/// One write in flight.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) planned: Planned,
    /// The ids that it was given, in the order in which it was.
    pub(super) chunks: Vec<Range<u64>>,
    pub(super) count: u64,
    pub(super) renewed: Timestamp,
    /// Its client has abandoned it.
    pub(super) abandoned: bool,
}

/// What one user has in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) writes: usize,
    pub(super) chunks: u64,
}

/// A write whose chunks are to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    pub id: WriteId,
    pub user: String,
    pub path: DfsPath,
    /// Its client said so; else it was not renewed in time.
    pub abandoned: bool,
    pub chunks: Vec<ChunkId>,
}

impl Write {
    pub(super) fn ids(&self) -> impl Iterator<Item = ChunkId> + '_ {
        self.chunks.iter().flat_map(Clone::clone).map(ChunkId)
    }
}
