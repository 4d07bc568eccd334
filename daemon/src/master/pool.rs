//! Chunk ids that were reserved in the log and not handed out yet. So planning a write costs no sync.

use dfs_types::ChunkId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::ops::Range;
use tokio::sync::Notify;

/// Ids reserved by one command.
pub const RESERVE_COUNT: u32 = 4096;
/// With fewer than this many left, more are reserved.
const LOW_COUNT: u64 = 2048;

#[derive(Debug, Default)]
struct State {
    ranges: VecDeque<Range<u64>>,
    /// The term of the leader who reserved them. Another leader may have given up on them.
    term: u64,
}

/// The ids at hand.
#[derive(Debug, Default)]
pub struct Pool {
    state: Mutex<State>,
    low: Notify,
    filled: Notify,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// `count` ids in rising order; none when there are not as many at hand. Asks for more in good time.
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

    /// Forgets what was reserved in another term.
    pub fn lead(&self, term: u64) {
        let mut state = self.lock();
        if state.term != term {
            state.ranges.clear();
            state.term = term;
        }
    }

    /// Whether more should be reserved.
    pub fn is_low(&self) -> bool {
        self.lock().ranges.iter().map(|range| range.end - range.start).sum::<u64>() < LOW_COUNT
    }

    /// Waits until more should be reserved.
    pub async fn low(&self) {
        self.low.notified().await;
    }

    /// To be waited for before looking again for ids that were not there.
    pub fn filled(&self) -> tokio::sync::futures::Notified<'_> {
        self.filled.notified()
    }

    /// As [`Pool::lowest`]; none when what is at hand was reserved in another term.
    pub fn lowest_of(&self, term: u64) -> Option<ChunkId> {
        let state = self.lock();
        let found = state.ranges.iter().find(|range| !range.is_empty()).map(|range| ChunkId(range.start));
        found.filter(|_| state.term == term)
    }

    /// Forgets all that is at hand.
    pub fn clear(&self) {
        self.lock().ranges.clear();
        self.low.notify_one();
    }

    /// The lowest id that is at hand: all below were handed out, or never will be.
    pub fn lowest(&self) -> Option<ChunkId> {
        self.lock().ranges.iter().find(|range| !range.is_empty()).map(|range| ChunkId(range.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_are_given_once() {
        let pool = Pool::default();
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
        let pool = Pool::default();
        pool.lead(1);
        pool.fill(ChunkId(10), 3, 1);
        pool.lead(2);
        pool.fill(ChunkId(20), 3, 1);
        assert_eq!(pool.take(1), None);
        assert!(pool.is_low());
    }
}
