//! Chunk ids that are reserved in the log and not handed out yet. With a reserve, planning a write
//! needs no log entry and no sync.

use dfs_types::ChunkId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::ops::Range;
use tokio::sync::Notify;

/// The number of ids that one command reserves.
pub const RESERVE_COUNT: u32 = 4096;
/// More ids are reserved when fewer than this many are left.
const LOW_COUNT: u64 = 2048;

#[derive(Debug, Default)]
struct State {
    ranges: VecDeque<Range<u64>>,
    /// The term of the leader that reserved the ids. A leader of another term may have abandoned
    /// them.
    term: u64,
}

/// The reserved ids that are available.
#[derive(Debug, Default)]
pub struct ChunkIdPool {
    state: Mutex<State>,
    low: Notify,
    filled: Notify,
}

impl ChunkIdPool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Takes `count` ids in ascending order; none if fewer are available. Requests another
    /// reservation when few are left.
    pub fn take(&self, count: u32) -> Option<Vec<ChunkId>> {
        let mut state = self.lock();
        let left: u64 = state.ranges.iter().map(|range| range.end - range.start).sum();
        if left < LOW_COUNT.max(u64::from(count)) {
            self.low.notify_one();
        }
        if left < u64::from(count) {
            return None;
        }
        let mut ids = Vec::with_capacity(count as usize);
        while ids.len() < count as usize {
            let range = state.ranges.front_mut()?;
            match range.next() {
                Some(id) => ids.push(ChunkId(id)),
                None => {
                    state.ranges.pop_front();
                }
            }
        }
        Some(ids)
    }

    /// Adds reserved ids.
    pub fn fill(&self, first: ChunkId, count: u32, term: u64) {
        let mut state = self.lock();
        if state.term == term {
            state.ranges.push_back(first.0..first.0 + u64::from(count));
        }
        drop(state);
        self.filled.notify_waiters();
    }

    /// Drops the ids that were reserved in another term.
    pub fn lead(&self, term: u64) {
        let mut state = self.lock();
        if state.term != term {
            state.ranges.clear();
            state.term = term;
        }
    }

    /// Returns true if more ids should be reserved.
    pub fn is_low(&self) -> bool {
        self.lock().ranges.iter().map(|range| range.end - range.start).sum::<u64>() < LOW_COUNT
    }

    /// Waits until more ids should be reserved.
    pub async fn low(&self) {
        self.low.notified().await;
    }

    /// Returns a future that completes when ids are added; for callers that found too few.
    pub fn filled(&self) -> tokio::sync::futures::Notified<'_> {
        self.filled.notified()
    }

    /// Returns the same as [`ChunkIdPool::lowest`]; none if the available ids were reserved in
    /// another term.
    pub fn lowest_of(&self, term: u64) -> Option<ChunkId> {
        let state = self.lock();
        let found = state.ranges.iter().find(|range| !range.is_empty()).map(|range| ChunkId(range.start));
        found.filter(|_| state.term == term)
    }

    /// Drops all available ids.
    pub fn clear(&self) {
        self.lock().ranges.clear();
        self.low.notify_one();
    }

    /// Returns the lowest available id: all ids below it were handed out or never will be.
    pub fn lowest(&self) -> Option<ChunkId> {
        self.lock().ranges.iter().find(|range| !range.is_empty()).map(|range| ChunkId(range.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_are_given_once() {
        let pool = ChunkIdPool::default();
        pool.lead(1);
        assert_eq!(pool.take(1), None);
        pool.fill(ChunkId(10), 3, 1);
        pool.fill(ChunkId(100), 3, 1);
        assert_eq!(pool.take(2), Some(vec![ChunkId(10), ChunkId(11)]));
        assert_eq!(pool.lowest(), Some(ChunkId(12)));
        assert_eq!(pool.take(3), Some(vec![ChunkId(12), ChunkId(100), ChunkId(101)]));
        assert_eq!(pool.take(2), None);
        assert_eq!(pool.take(1), Some(vec![ChunkId(102)]));
    }

    #[test]
    fn ids_of_another_term_are_forgotten() {
        let pool = ChunkIdPool::default();
        pool.lead(1);
        pool.fill(ChunkId(10), 3, 1);
        pool.lead(2);
        pool.fill(ChunkId(20), 3, 1);
        assert_eq!(pool.take(1), None);
        assert!(pool.is_low());
    }
}
