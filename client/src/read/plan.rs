//! Plans the chunks of a read; the master returns them one page at a time.

use super::range::part;
use crate::clock;
use crate::transfer::Transfer;
use dfs_rpc::wire::{LocatedChunk, ReadPlan};
use dfs_types::{ChunkId, Error, ErrorCode, Kind, Result, Stat};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The age at which a plan is requested again, before its capabilities (which live for minutes)
/// expire.
const PLAN_LIFETIME: Duration = Duration::from_secs(120);

/// The part of a chunk that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub located: LocatedChunk,
    /// The range in the chunk, in bytes.
    pub part: Range<u32>,
    /// The position of its first byte in the output.
    pub position: u64,
}

/// Hands out the pieces of a range, in order, to any number of threads.
pub(super) struct Pieces {
    transfer: Arc<Transfer>,
    /// The attributes of the file at the first plan.
    pub stat: Stat,
    pub range: Range<u64>,
    /// The first chunk of the file; `None` if the range does not begin with it.
    pub first: Option<ChunkId>,
    queue: Mutex<Queue>,
}

struct Queue {
    chunks: VecDeque<LocatedChunk>,
    planned: Instant,
    /// The ranges of the file that are not handed out yet, in order.
    wanted: VecDeque<Range<u64>>,
}

impl Queue {
    /// Returns the chunk with the byte `at`, and drops those before it.
    fn chunk_at(&mut self, at: u64) -> Option<&LocatedChunk> {
        while self.chunks.front().is_some_and(|chunk| chunk.offset + u64::from(chunk.chunk.length) <= at) {
            self.chunks.pop_front();
        }
        self.chunks.front()
    }
}

/// Returns the error for a file that was replaced since the read began.
fn changed(transfer: &Transfer) -> Error {
    transfer.replaced.store(true, Ordering::Relaxed);
    Error::new(ErrorCode::NotFound, "was replaced while it was read").at(&transfer.path)
}

impl Pieces {
    /// Plans `length` bytes from `offset`, up to the end of the file.
    pub(super) fn plan(transfer: &Arc<Transfer>, offset: u64, length: u64) -> Result<Self> {
        let length = length.min(u64::MAX - offset);
        let ReadPlan { stat, chunks } = transfer.wait(transfer.client.plan_read(&transfer.path, offset, length))?;
        if stat.kind == Kind::Directory {
            return Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(&transfer.path));
        }
        let range = offset.min(stat.size)..(offset + length).min(stat.size);
        let first = chunks.first().filter(|chunk| chunk.offset == 0).map(|chunk| chunk.chunk.id);
        let wanted = if range.is_empty() { VecDeque::new() } else { VecDeque::from([range.clone()]) };
        let queue = Queue { chunks: chunks.into(), planned: clock::now(), wanted };
        Ok(Self { transfer: transfer.clone(), stat, range, first, queue: Mutex::new(queue) })
    }

    /// Returns the number of bytes in the range.
    pub(super) fn bytes(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Restricts the read to these parts of the range, which are in order and merged.
    pub(super) fn only(&mut self, parts: Vec<Range<u64>>) {
        self.queue.get_mut().wanted = parts.into();
    }

    /// Returns the number of threads, at most `most`, that have work.
    pub(super) fn threads(&self, most: u32) -> usize {
        let queue = self.queue.lock();
        let bytes: u64 = queue.wanted.iter().map(|part| part.end - part.start).sum();
        let chunks = bytes.div_ceil(u64::from(self.stat.chunk_size.max(1)));
        chunks.clamp(1, u64::from(most.max(1))) as usize
    }

    /// Returns the next piece; `None` at the end.
    pub(super) fn next(&self) -> Result<Option<Piece>> {
        let mut queue = self.queue.lock();
        let Some(wanted) = queue.wanted.front().cloned() else { return Ok(None) };
        if queue.chunk_at(wanted.start).is_none() || clock::since(queue.planned) > PLAN_LIFETIME {
            queue.chunks = self.replan(wanted.start, self.range.end - wanted.start)?.into();
            queue.planned = clock::now();
        }
        let hole = || Error::new(ErrorCode::Internal, "the master left out chunks of the file").at(&self.transfer.path);
        let located = queue.chunk_at(wanted.start).cloned().ok_or_else(hole)?;
        let part = part(located.offset, located.chunk.length, &wanted).ok_or_else(hole)?;
        if located.offset + u64::from(part.start) != wanted.start {
            return Err(hole());
        }
        let reached = wanted.start + u64::from(part.end - part.start);
        match queue.wanted.front_mut() {
            Some(rest) if reached < rest.end => rest.start = reached,
            _ => drop(queue.wanted.pop_front()),
        }
        Ok(Some(Piece { located, part, position: wanted.start - self.range.start }))
    }

    /// Requests the current locations of the chunk of a piece.
    pub(super) fn locate(&self, piece: &Piece) -> Result<LocatedChunk> {
        let chunks = self.replan(piece.located.offset, 1)?;
        let found = chunks.into_iter().next().filter(|found| found.chunk == piece.located.chunk);
        found.ok_or_else(|| changed(&self.transfer))
    }

    fn replan(&self, offset: u64, length: u64) -> Result<Vec<LocatedChunk>> {
        let plan = self.transfer.wait(self.transfer.client.plan_read(&self.transfer.path, offset, length))?;
        let same = plan.stat.version == self.stat.version && plan.stat.size == self.stat.size;
        if same { Ok(plan.chunks) } else { Err(changed(&self.transfer)) }
    }
}
