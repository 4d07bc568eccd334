//! Busy-waiting for the next command of a lone client.
//!
//! An idle processor takes 20 to 60 µs to wake up, especially in a virtual machine. A client that
//! sends one command at a time, each after the answer to the last one, pays this twice per command:
//! when its command wakes the Raft thread, and when the answer wakes the thread of its connection.
//! While there is only one such client, both threads busy-wait instead: the Raft thread for the
//! next command, the thread of the connection for the answer.
//!
//! Only then does it cost processor time. The pace is *brisk* when [`BRISK_MIN`] consecutive
//! entries held one command each that arrived within [`GAP_MAX`] of the last answer; the first wait
//! without a command ends it. The thread of the connection continues to serve its other
//! connections, and both threads yield the processor to other threads.

use crate::clock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The number of consecutive entries that make the pace brisk.
const BRISK_MIN: u32 = 8;
/// A command that arrives within this time after the last answer comes from a client that waits for
/// its answers.
const GAP_MAX: Duration = Duration::from_micros(500);
/// The maximum time that the Raft thread busy-waits for a command.
const COMMAND_WAIT_MAX: Duration = Duration::from_micros(250);
/// The maximum time that the thread of a connection busy-waits for an answer: as long as a fast
/// disk needs.
const ANSWER_WAIT_MAX: Duration = Duration::from_micros(500);

/// The recent arrival of commands. Shared by the two ends of the queue.
#[derive(Debug)]
pub(super) struct Pace {
    enabled: bool,
    /// The number of commands that wait for their answer.
    outstanding: AtomicU32,
    /// The number of consecutive entries with a single command that arrived soon after the last
    /// answer.
    streak: AtomicU32,
}

impl Pace {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, outstanding: AtomicU32::new(0), streak: AtomicU32::new(0) }
    }

    fn is_brisk(&self) -> bool {
        self.enabled && self.streak.load(Ordering::Relaxed) >= BRISK_MIN
    }

    /// Counts a command as outstanding until the returned guard is dropped.
    pub(super) fn enter(&self) -> Turn<'_> {
        let alone = self.outstanding.fetch_add(1, Ordering::Relaxed) == 0;
        Turn { pace: self, awake: alone && self.is_brisk() }
    }

    /// Call when the Raft thread has answered and has nothing to do.
    pub(super) fn idle(&self) -> Idle<'_> {
        Idle { pace: self, since: clock::now() }
    }

    /// Records an entry of `commands` commands, the first of which arrived after `gap`.
    fn note(&self, commands: usize, gap: Duration) {
        let streak = match self.streak.load(Ordering::Relaxed) {
            streak if commands == 1 && gap <= GAP_MAX => streak.saturating_add(1),
            _ => 0,
        };
        self.streak.store(streak, Ordering::Relaxed);
    }
}

/// A command in progress.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    awake: bool,
}

impl Turn<'_> {
    /// Busy-waits until `answered`, if the command is the only one and the pace is brisk; at most
    /// [`ANSWER_WAIT_MAX`]. Other tasks of the thread continue to run.
    pub(super) async fn until(&self, answered: impl Fn() -> bool) {
        if !self.awake {
            return;
        }
        let began = clock::now();
        while !answered() {
            tokio::task::yield_now().await;
            std::thread::yield_now();
            if clock::since(began) >= ANSWER_WAIT_MAX {
                break;
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.outstanding.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The Raft thread between two entries.
pub(super) struct Idle<'a> {
    pace: &'a Pace,
    since: Instant,
}

impl Idle<'_> {
    /// Busy-waits until a command has `come`, if the pace is brisk; at most [`COMMAND_WAIT_MAX`].
    pub(super) fn until(&self, come: impl Fn() -> bool) {
        while self.pace.is_brisk() && !come() && clock::since(self.since) < COMMAND_WAIT_MAX {
            std::thread::yield_now();
        }
    }

    /// Records that an entry of `commands` commands follows.
    pub(super) fn ended(self, commands: usize) {
        self.pace.note(commands, clock::since(self.since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brisk() -> Pace {
        let pace = Pace::new(true);
        (0..BRISK_MIN).for_each(|_| pace.note(1, GAP_MAX));
        pace
    }

    #[test]
    fn a_lone_client_that_waits_for_its_answers_makes_it_brisk() {
        let pace = Pace::new(true);
        for _ in 0..BRISK_MIN {
            assert!(!pace.is_brisk());
            pace.note(1, GAP_MAX);
        }
        assert!(pace.is_brisk());
    }

    #[test]
    fn company_or_a_pause_ends_it() {
        for (commands, gap) in [(2, Duration::ZERO), (1, GAP_MAX + Duration::from_nanos(1))] {
            let pace = brisk();
            pace.note(commands, gap);
            assert!(!pace.is_brisk(), "{commands} commands after {gap:?}");
        }
    }

    #[test]
    fn only_a_command_that_is_alone_waits_awake() {
        let pace = brisk();
        let first = pace.enter();
        assert!(first.awake);
        assert!(!pace.enter().awake, "another command is outstanding");
        drop(first);
        assert!(pace.enter().awake);
        let switched_off = Pace::new(false);
        (0..BRISK_MIN).for_each(|_| switched_off.note(1, Duration::ZERO));
        assert!(!switched_off.enter().awake);
    }

    #[tokio::test]
    async fn the_others_of_the_thread_go_on_meanwhile() {
        let pace = brisk();
        let answered = std::rc::Rc::new(std::cell::Cell::new(false));
        let answers = answered.clone();
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                tokio::task::spawn_local(async move { answers.set(true) });
                pace.enter().until(|| answered.get()).await;
            })
            .await;
        assert!(answered.get(), "the task that answers has run");
    }
}
