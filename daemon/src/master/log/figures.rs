//! Counters of the log since its start, which can be read while the log waits for the disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest sync is reported over this many of the newest ones.
const SYNCS_REMEMBERED: usize = 64;

/// The counters are independent of each other, so they need no memory ordering.
#[derive(Debug)]
pub struct Figures {
    syncs: AtomicU64,
    sync_us: AtomicU64,
    newest_us: [AtomicU64; SYNCS_REMEMBERED],
    committed: AtomicU64,
}

/// The durations of syncs, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Syncs {
    pub count: u64,
    /// The total duration of all syncs.
    pub total_us: u64,
    /// The longest of the newest 64 syncs.
    pub max_us: u64,
}

impl Default for Figures {
    fn default() -> Self {
        let newest_us = std::array::from_fn(|_| AtomicU64::new(0));
        Self { syncs: AtomicU64::new(0), sync_us: AtomicU64::new(0), newest_us, committed: AtomicU64::new(0) }
    }
}

impl Figures {
    /// Counts a sync that took `took`.
    pub(super) fn synced(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let number = self.syncs.fetch_add(1, Ordering::Relaxed);
        self.sync_us.fetch_add(took_us, Ordering::Relaxed);
        if let Some(place) = self.newest_us.get(number as usize % SYNCS_REMEMBERED) {
            place.store(took_us, Ordering::Relaxed);
        }
    }

    pub(super) fn committed_at(&self, index: u64) {
        self.committed.store(index, Ordering::Relaxed);
    }

    pub fn syncs(&self) -> Syncs {
        let newest = self.newest_us.iter().map(|took_us| took_us.load(Ordering::Relaxed));
        Syncs {
            count: self.syncs.load(Ordering::Relaxed),
            total_us: self.sync_us.load(Ordering::Relaxed),
            max_us: newest.max().unwrap_or(0),
        }
    }

    /// Returns the index of the last entry that is known to be committed; zero if there is none.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_the_newest_syncs_is_reported() {
        let figures = Figures::default();
        assert_eq!(figures.syncs(), Syncs::default());
        figures.synced(Duration::from_millis(9));
        (0..SYNCS_REMEMBERED - 1).for_each(|_| figures.synced(Duration::from_micros(5)));
        assert_eq!(figures.syncs(), Syncs { count: 64, total_us: 9_000 + 63 * 5, max_us: 9_000 });
        figures.synced(Duration::from_micros(6));
        assert_eq!(figures.syncs(), Syncs { count: 65, total_us: 9_000 + 63 * 5 + 6, max_us: 6 });
    }
}
