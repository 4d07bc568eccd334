//! Limits the number of clusters: tests run on as many threads as the machine has cores, and most
//! of them start a cluster.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// The maximum number of clusters at the same time. More would only slow each other down: each has
/// its daemons, its load and its deadlines.
const CLUSTERS_MAX: usize = 8;

/// The threads that started the current clusters, each as often as it has clusters.
static OWNERS: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());
static GIVEN_BACK: Condvar = Condvar::new();

/// The permission to run a cluster, until it is dropped.
#[derive(Debug)]
pub struct Turn(ThreadId);

impl Turn {
    /// Waits for a permission. A test that already has a cluster gets another one at once, so that
    /// there is no deadlock.
    pub fn take() -> Self {
        let me = thread::current().id();
        let owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
        let must_wait = |owners: &mut Vec<ThreadId>| owners.len() >= CLUSTERS_MAX && !owners.contains(&me);
        GIVEN_BACK.wait_while(owners, must_wait).unwrap_or_else(PoisonError::into_inner).push(me);
        Self(me)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = owners.iter().position(|owner| *owner == self.0) {
            owners.swap_remove(at);
        }
        GIVEN_BACK.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_gets_another_turn_and_others_wait() {
        let mut turns: Vec<Turn> = (0..CLUSTERS_MAX + 1).map(|_| Turn::take()).collect();
        let (taken, news) = std::sync::mpsc::channel();
        let other = thread::spawn(move || {
            let turn = Turn::take();
            taken.send(()).expect("the receiver exists");
            drop(turn);
        });
        turns.pop();
        let waits = news.recv_timeout(std::time::Duration::from_millis(100)).is_err();
        assert!(waits, "no turn is free");
        drop(turns);
        news.recv().expect("a turn is free");
        other.join().expect("no panic");
    }
}
