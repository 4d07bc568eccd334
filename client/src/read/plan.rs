//! The chunks still to be fetched, asked from the master a page at a time.

use super::range::part;
use crate::transfer::Transfer;
use dfs_rpc::client::{LocatedChunk, ReadPlan};
use dfs_types::{Error, ErrorCode, Kind, Result, Stat};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A plan is asked for anew before its capabilities (which live for minutes) expire.
const PLAN_LIFETIME: Duration = Duration::from_secs(120);

/// A part of a chunk that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub located: LocatedChunk,
    /// In bytes of the chunk.
    pub part: Range<u32>,
    /// Where its first byte belongs in what is written.
    pub position: u64,
}

/// Hands out the pieces of a range, in order, to any number of threads.
pub(super) struct Pieces {
    transfer: Arc<Transfer>,
    /// Of the file as it was at the first plan.
    pub stat: Stat,
    pub range: Range<u64>,
    queue: Mutex<Queue>,
}

struct Queue {
    chunks: VecDeque<LocatedChunk>,
    planned: Instant,
    /// The next byte of the file that is wanted.
    next: u64,
}

/// The file is not the one any more that the read began with.
fn changed(transfer: &Transfer) -> Error {
    transfer.replaced.store(true, Ordering::Relaxed);
    Error::new(ErrorCode::NotFound, "was replaced while it was read").at(&transfer.path)
}

impl Pieces {
    /// Plans `length` bytes from `offset` on, as far as the file has them.
    pub(super) fn plan(transfer: &Arc<Transfer>, offset: u64, length: u64) -> Result<Self> {
        let length = length.min(u64::MAX - offset);
        let ReadPlan { stat, chunks } = transfer.wait(transfer.client.plan_read(&transfer.path, offset, length))?;
        if stat.kind == Kind::Directory {
            return Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(&transfer.path));
        }
        let range = offset.min(stat.size)..(offset + length).min(stat.size);
        let queue = Queue { chunks: chunks.into(), planned: Instant::now(), next: range.start };
        Ok(Self { transfer: transfer.clone(), stat, range, queue: Mutex::new(queue) })
    }

    /// How many bytes there are to fetch.
    pub(super) fn bytes(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// How many threads have something to do, of `most`.
    pub(super) fn threads(&self, most: u32) -> usize {
        let chunks = self.bytes().div_ceil(u64::from(self.stat.chunk_size.max(1)));
        chunks.clamp(1, u64::from(most.max(1))) as usize
    }

    /// The next piece; none behind the end.
    pub(super) fn next(&self) -> Result<Option<Piece>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.next >= self.range.end {
            return Ok(None);
        }
        if queue.chunks.is_empty() || queue.planned.elapsed() > PLAN_LIFETIME {
            queue.chunks = self.replan(queue.next, self.range.end - queue.next)?.into();
            queue.planned = Instant::now();
        }
        let hole = || Error::new(ErrorCode::Internal, "the master left out chunks of the file").at(&self.transfer.path);
        let located = queue.chunks.pop_front().ok_or_else(hole)?;
        let wanted = queue.next..self.range.end;
        let part = part(located.offset, located.chunk.length, &wanted).ok_or_else(hole)?;
        if located.offset + u64::from(part.start) != queue.next {
            return Err(hole());
        }
        let position = queue.next - self.range.start;
        queue.next += u64::from(part.end - part.start);
        Ok(Some(Piece { located, part, position }))
    }

    /// Where the same chunk is now.
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
