//! Descriptors for chunks that are being written or read: a chunk enters if there are enough, and
//! waits otherwise.

use dfs_logic::descriptors::share;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::time::Duration;

/// Descriptors that are lent to chunks.
#[derive(Debug)]
pub struct Work {
    /// The total number of descriptors; `usize::MAX` means no bound.
    total: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

/// The descriptors of one chunk; they are returned when it is dropped.
#[derive(Debug)]
pub struct Permit {
    work: Arc<Work>,
    weight: usize,
}

impl Work {
    pub fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, used: Mutex::new(0), freed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.used.lock()
    }

    /// Takes `weight` descriptors for a chunk with `behind` datanodes after this one; waits for
    /// them until `limit` has passed. [`share`] decides about the order.
    pub fn enter(self: &Arc<Self>, weight: usize, behind: usize, limit: Duration) -> Option<Permit> {
        if self.total == usize::MAX {
            return Some(Permit { work: self.clone(), weight: 0 });
        }
        let most = share(self.total, behind);
        let mut used = self.lock();
        self.freed.wait_while_for(&mut used, |used| *used + weight > most, limit);
        if *used + weight > most {
            return None;
        }
        *used += weight;
        Some(Permit { work: self.clone(), weight })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.weight > 0 {
            let mut used = self.work.lock();
            *used = used.saturating_sub(self.weight);
            drop(used);
            self.work.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_with_others_behind_leave_some_to_the_last() {
        let work = Work::new(12);
        let heads: Vec<_> = std::iter::from_fn(|| work.enter(3, 2, Duration::ZERO)).collect();
        assert_eq!(heads.len(), 2);
        let middles: Vec<_> = std::iter::from_fn(|| work.enter(3, 1, Duration::ZERO)).collect();
        assert_eq!(middles.len(), 1);
        let last = work.enter(3, 0, Duration::ZERO).expect("the last share");
        assert!(work.enter(1, 0, Duration::ZERO).is_none());
        drop((heads, middles, last));
        assert_eq!(*work.lock(), 0);
    }

    #[test]
    fn a_waiting_chunk_enters_when_another_ends() {
        let work = Work::new(4);
        let held = work.enter(4, 0, Duration::ZERO).expect("free");
        let waiting = {
            let work = work.clone();
            std::thread::spawn(move || work.enter(4, 0, Duration::from_secs(60)).is_some())
        };
        drop(held);
        assert!(waiting.join().expect("no panic"));
        assert!(Work::new(usize::MAX).enter(1000, 9, Duration::ZERO).is_some());
    }
}
