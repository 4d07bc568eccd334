//! The space held by writes in flight, and the time until which it is held.

use super::Writes;
use super::write::Write;
use dfs_types::{ChunkId, Timestamp};
use std::ops::Range;

/// The space that writes in flight hold on the disks, all replicas together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    pub writes: u64,
    /// The number of writes that have not been renewed recently.
    pub silent: u64,
    /// The bytes held; an upper bound if the length of the last chunk of a write is unknown.
    pub bytes: u64,
    /// The bytes held by writes that have not been renewed recently.
    pub silent_bytes: u64,
    /// The time at which the last of these is given up, unless it is renewed.
    pub until: Option<Timestamp>,
}

/// One write, for counting the space that it holds.
#[derive(Debug, Clone)]
pub struct Holder {
    chunks: Vec<Range<u64>>,
    chunk_bytes: u64,
    /// The time at which it is given up, if it has not been renewed recently.
    until: Option<Timestamp>,
}

impl Writes {
    /// Returns all writes in flight, copied out of the table, because there may be many replicas to
    /// count.
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
    /// Returns its chunks, in ranges of at most `max`.
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

    /// Counts the stored replicas of a range of its chunks.
    pub fn replicas(stretch: Range<u64>, stored: impl Fn(ChunkId) -> usize) -> u64 {
        stretch.map(|id| stored(ChunkId(id)) as u64).sum()
    }
}
