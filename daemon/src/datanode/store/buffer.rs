//! Aligned memory for direct I/O, and the bounded pool that it comes from.
//!
//! A connection can always get [`GUARANTEED`] buffers, so that two datanodes that send to each
//! other cannot starve each other; further ones come out of a budget that all connections share. An
//! empty pool causes back-pressure: the connection blocks, and the socket of the peer fills up.

use dfs_logic::chunk_file::ALIGN_BYTES;
use dfs_rpc::frame::DATA_BYTES_MAX;
use parking_lot::{Condvar, Mutex};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

/// The number of buffers that every connection may always have.
const GUARANTEED: usize = 2;
/// The maximum number of buffers of one connection: 6 MiB.
const PER_CONNECTION: usize = 12;
/// The number of buffers beyond the guaranteed ones, for all connections together: 64 MiB.
const SHARED: usize = 128;
/// The number of unused buffers that are kept for the next connection: 8 MiB.
const KEPT: usize = 16;

/// Memory that begins at a multiple of [`ALIGN_BYTES`].
pub struct AlignedBuffer {
    memory: Box<[u8]>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// Makes a buffer of `length` zeros.
    pub fn new(length: usize) -> Self {
        let memory = vec![0u8; length + ALIGN_BYTES].into_boxed_slice();
        // The box never moves, so the alignment stays valid.
        let start = memory.as_ptr().align_offset(ALIGN_BYTES).min(ALIGN_BYTES);
        debug_assert!(start + length <= memory.len(), "{length} bytes from {start} on do not fit");
        Self { memory, start, length }
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.memory.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlignedBuffer({} bytes)", self.length)
    }
}

/// The budget that all connections share.
#[derive(Debug)]
pub struct BufferBudget {
    state: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    kept: Vec<AlignedBuffer>,
    left: usize,
}

impl Default for BufferBudget {
    fn default() -> Self {
        Self { state: Mutex::new(Budget { kept: Vec::new(), left: SHARED }) }
    }
}

impl BufferBudget {
    /// Returns memory for one more buffer; `guaranteed` ones are always granted.
    fn grant(&self, guaranteed: bool) -> Option<AlignedBuffer> {
        let mut state = self.state.lock();
        if !guaranteed {
            state.left = state.left.checked_sub(1)?;
        }
        let kept = state.kept.pop();
        drop(state);
        Some(kept.unwrap_or_else(|| AlignedBuffer::new(ALIGN_BYTES + DATA_BYTES_MAX)))
    }

    fn give_back(&self, buffers: impl Iterator<Item = AlignedBuffer>, extra: usize) {
        let mut state = self.state.lock();
        state.left += extra;
        debug_assert!(state.left <= SHARED, "{} of {SHARED} buffers are left", state.left);
        for buffer in buffers {
            if state.kept.len() < KEPT {
                state.kept.push(buffer);
            }
        }
    }
}

/// The buffers of one connection.
#[derive(Debug)]
pub struct Buffers {
    budget: Arc<BufferBudget>,
    state: Mutex<Own>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Own {
    free: Vec<AlignedBuffer>,
    /// The number of existing buffers, free or in use.
    made: usize,
}

impl Buffers {
    pub fn new(budget: Arc<BufferBudget>) -> Arc<Self> {
        Arc::new(Self { budget, state: Mutex::default(), returned: Condvar::new() })
    }

    /// Returns a buffer; waits up to `limit`, then returns none.
    pub fn take(self: &Arc<Self>, limit: Duration) -> Option<Buffer> {
        let mut state = self.state.lock();
        let may_grow = state.free.is_empty() && state.made < PER_CONNECTION;
        if let Some(buffer) = may_grow.then(|| self.budget.grant(state.made < GUARANTEED)).flatten() {
            state.made += 1;
            state.free.push(buffer);
            debug_assert!(state.made <= PER_CONNECTION, "{} buffers of one connection", state.made);
        }
        self.returned.wait_while_for(&mut state, |state| state.free.is_empty(), limit);
        let memory = state.free.pop()?;
        Some(Buffer { memory: Some(memory), owner: self.clone() })
    }

    /// Returns the memory of unused buffers to the budget: for a connection without work.
    pub fn release(&self) {
        let mut state = self.state.lock();
        let free = std::mem::take(&mut state.free);
        let before = state.made;
        state.made -= free.len().min(before);
        let extra = before.saturating_sub(GUARANTEED) - state.made.saturating_sub(GUARANTEED);
        drop(state);
        self.budget.give_back(free.into_iter(), extra);
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        self.release();
    }
}

/// A buffer of the pool: room for a small header, then for the payload of one frame. It returns to
/// the pool when dropped.
#[derive(Debug)]
pub struct Buffer {
    memory: Option<AlignedBuffer>,
    owner: Arc<Buffers>,
}

impl Buffer {
    /// Returns the first `length` bytes of the payload; fewer if there is no more room.
    pub fn payload(&self, length: usize) -> &[u8] {
        let memory = self.memory.as_deref().unwrap_or_default();
        memory.get(ALIGN_BYTES..).map(|payload| payload.get(..length).unwrap_or(payload)).unwrap_or_default()
    }

    /// Returns the same bytes as [`Buffer::payload`], to be filled.
    pub fn payload_mut(&mut self, length: usize) -> &mut [u8] {
        let memory = self.memory.as_deref_mut().unwrap_or_default();
        let end = (ALIGN_BYTES + length).min(memory.len());
        memory.get_mut(ALIGN_BYTES..end).unwrap_or_default()
    }

    /// Returns the [`ALIGN_BYTES`] before the payload, together with its first `length` bytes.
    pub fn with_header_mut(&mut self, length: usize) -> &mut [u8] {
        let memory = self.memory.as_deref_mut().unwrap_or_default();
        let end = (ALIGN_BYTES + length).min(memory.len());
        memory.get_mut(..end).unwrap_or_default()
    }

    /// Fills the payload after `length` with zeros up to the next multiple of [`ALIGN_BYTES`], and
    /// returns that multiple.
    pub fn pad(&mut self, length: usize) -> usize {
        let end = length.next_multiple_of(ALIGN_BYTES);
        if let Some(tail) = self.payload_mut(end).get_mut(length..) {
            tail.fill(0);
        }
        end
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.owner.state.lock().free.push(memory);
            self.owner.returned.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn buffers_are_aligned_and_as_long_as_asked() {
        for length in [1, 4096, 516 << 10] {
            let buffer = AlignedBuffer::new(length);
            assert_eq!((buffer.len(), buffer.as_ptr().align_offset(ALIGN_BYTES)), (length, 0));
        }
        let buffers = Buffers::new(Arc::default());
        let mut buffer = buffers.take(NOW).expect("first");
        buffer.payload_mut(4096).fill(7);
        assert_eq!(buffer.pad(4095), 4096);
        assert_eq!(buffer.payload(4096)[4094..], [7, 0]);
        assert_eq!(buffer.payload(usize::MAX).len(), DATA_BYTES_MAX);
        assert_eq!(buffer.payload(1).as_ptr().align_offset(ALIGN_BYTES), 0);
        assert_eq!(buffer.with_header_mut(1).len(), 4097);
    }

    #[test]
    fn a_connection_is_bounded_and_an_idle_one_gives_back() {
        let budget = Arc::new(BufferBudget::default());
        let buffers = Buffers::new(budget.clone());
        let taken: Vec<_> = std::iter::from_fn(|| buffers.take(NOW)).collect();
        assert_eq!(taken.len(), PER_CONNECTION);
        assert_eq!(budget.state.lock().left, SHARED - (PER_CONNECTION - GUARANTEED));
        drop(taken);
        buffers.release();
        assert_eq!(budget.state.lock().left, SHARED);
        assert_eq!(budget.state.lock().kept.len(), PER_CONNECTION.min(KEPT));
    }

    #[test]
    fn guaranteed_buffers_are_given_when_the_budget_is_spent() {
        let budget = Arc::new(BufferBudget::default());
        budget.state.lock().left = 0;
        let buffers = Buffers::new(budget.clone());
        let taken: Vec<_> = std::iter::from_fn(|| buffers.take(NOW)).collect();
        assert_eq!(taken.len(), GUARANTEED);
        drop(taken);
        drop(buffers);
        assert_eq!(budget.state.lock().left, 0);
    }

    #[test]
    fn who_waits_gets_what_is_returned() {
        let buffers = Buffers::new(Arc::default());
        let mut taken: Vec<_> = std::iter::from_fn(|| buffers.take(NOW)).collect();
        let waiting = std::thread::spawn({
            let buffers = buffers.clone();
            move || buffers.take(Duration::from_secs(60)).is_some()
        });
        taken.pop();
        assert!(waiting.join().expect("no panic"));
    }
}
