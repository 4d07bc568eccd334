//! How much writes in flight hold, and until when.

use super::Writes;
use super::write::Write;
use dfs_types::{ChunkId, Timestamp};
use std::ops::Range;

/// What writes in flight hold on the disks, all replicas together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    pub writes: u64,
    /// Those of them that have not been renewed lately.
    pub silent: u64,
    /// Bytes; of the last chunk of a write whose length is not known it is an upper bound.
    pub bytes: u64,
    /// What the silent ones hold of it.
    pub silent_bytes: u64,
    /// When the last of the silent ones is given up, unless it is renewed.
    pub until: Option<Timestamp>,
}

/// One write, for adding up what it holds.
#[derive(Debug, Clone)]
pub struct Holder {
    chunks: Vec<Range<u64>>,
    chunk_bytes: u64,
    /// When it is given up, if it is silent.
    until: Option<Timestamp>,
}

impl Writes {
    /// All writes in flight, apart from the table, since there may be many replicas to count.
    pub fn holders(&self, now: Timestamp) -> Vec<Holder> {
        let holder = |write: &Write| Holder {
            chunks: write.chunks.clone(),
            chunk_bytes: write.planned.chunk_bytes,
            until: self.is_silent(write, now).then(|| self.deadline(write)),
        };
        self.writes.values().map(holder).collect()
    }
}

impl Holder {
    /// Its chunks, in stretches of at most `max`.
    pub fn stretches(&self, max: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let cut = move |range: &Range<u64>| {
            let end = range.end;
            (range.start..end)
                .step_by(usize::try_from(max.max(1)).unwrap_or(usize::MAX))
                .map(move |start| start..end.min(start + max.max(1)))
        };
        self.chunks.iter().flat_map(cut)
    }

    /// Adds the write to `held`, with this many replicas of its chunks stored.
    pub fn add_to(&self, held: &mut Held, replicas: u64) {
        let bytes = replicas.saturating_mul(self.chunk_bytes);
        held.writes += 1;
        held.bytes = held.bytes.saturating_add(bytes);
        if self.until.is_some() {
            held.silent += 1;
            held.silent_bytes = held.silent_bytes.saturating_add(bytes);
            held.until = held.until.max(self.until);
        }
    }

    /// The replicas stored of a stretch of its chunks.
    pub fn replicas(stretch: Range<u64>, stored: impl Fn(ChunkId) -> usize) -> u64 {
        stretch.map(|id| stored(ChunkId(id)) as u64).sum()
    }
}
