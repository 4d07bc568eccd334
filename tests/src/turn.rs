//! Turns: a program of tests runs as many tests at once as the machine has cores, and most of them have a cluster.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// Clusters at once. More of them would only make each other late: each has its daemons, its load and its deadlines.
const CLUSTERS_MAX: usize = 8;

/// The threads that started the clusters of now, each as often as it has clusters.
static OWNERS: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());
static GIVEN_BACK: Condvar = Condvar::new();

/// The right to have a cluster, until it goes.
#[derive(Debug)]
pub struct Turn(ThreadId);

impl Turn {
    /// Waits for one. A test that has a cluster gets another at once: nobody waits who keeps others waiting.
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
    fn who_has_one_gets_another_and_who_has_none_waits() {
        let mut turns: Vec<Turn> = (0..CLUSTERS_MAX + 1).map(|_| Turn::take()).collect();
        let (taken, news) = std::sync::mpsc::channel();
        let other = thread::spawn(move || {
            let turn = Turn::take();
            taken.send(()).expect("it is heard");
            drop(turn);
        });
        turns.pop();
        let waits = news.recv_timeout(std::time::Duration::from_millis(100)).is_err();
        assert!(waits, "there is no turn");
        drop(turns);
        news.recv().expect("there are turns");
        other.join().expect("no panic");
    }
}
