//! One write in flight.

use dfs_types::{ChunkId, DfsPath, Timestamp, WriteId};
use std::ops::Range;

/// The data that a plan gives about its write.
#[derive(Debug, Clone)]
pub struct Planned {
    pub user: String,
    pub path: DfsPath,
    /// The maximum length of one of its chunks in bytes.
    pub chunk_bytes: u64,
}

/// One write in flight.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) planned: Planned,
    /// The ids of its chunks, in the order in which they were handed out.
    pub(super) chunks: Vec<Range<u64>>,
    pub(super) count: u64,
    pub(super) renewed: Timestamp,
    /// True if its client has abandoned it.
    pub(super) abandoned: bool,
}

/// The writes in flight of one user, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) writes: usize,
    pub(super) chunks: u64,
}

/// A write whose chunks are to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub id: WriteId,
    pub user: String,
    pub path: DfsPath,
    /// True if its client abandoned it; otherwise it was not renewed in time.
    pub abandoned: bool,
    pub chunks: Vec<ChunkId>,
}

impl Write {
    pub(super) fn ids(&self) -> impl Iterator<Item = ChunkId> + '_ {
        self.chunks.iter().flat_map(Clone::clone).map(ChunkId)
    }
}
