//! Waiting awake for the next command of a lone client.
//!
//! A processor that has gone to sleep takes 20 to 60 µs to wake up, in a virtual machine above all. A client that sends one
//! command after the other, each when the last one is answered, meets that twice for each command: when its command wakes the
//! Raft thread, and when the answer wakes the thread of its connection. While such a client is alone, both threads wait awake
//! instead: the Raft thread for the next command, the connection's thread for the answer.
//!
//! It costs processor time only then. The pace is *brisk* when [`BRISK_MIN`] entries in a row held one command each that came
//! within [`GAP_MAX`] of the last answer; the first wait that brings nothing ends it. The connection's thread goes on serving
//! its other connections, and both threads leave the processor to whatever else can run.

use crate::clock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Entries in a row that make the pace brisk.
const BRISK_MIN: u32 = 8;
/// A command that comes within this time of the last answer is of a client that waits for its answers.
const GAP_MAX: Duration = Duration::from_micros(500);
/// How long the Raft thread waits awake for a command.
const COMMAND_WAIT_MAX: Duration = Duration::from_micros(250);
/// How long the thread of a connection waits awake for an answer: for as long as a quick disk needs.
const ANSWER_WAIT_MAX: Duration = Duration::from_micros(500);

/// How commands come. Shared by the two ends of the queue.
#[derive(Debug)]
pub(super) struct Pace {
    enabled: bool,
    /// Commands that wait for their answer.
    outstanding: AtomicU32,
    /// Entries in a row that one command made, close to the last answer.
    streak: AtomicU32,
}

impl Pace {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, outstanding: AtomicU32::new(0), streak: AtomicU32::new(0) }
    }

    fn is_brisk(&self) -> bool {
        self.enabled && self.streak.load(Ordering::Relaxed) >= BRISK_MIN
    }

    /// Counts a command until its turn is dropped.
    pub(super) fn enter(&self) -> Turn<'_> {
        let alone = self.outstanding.fetch_add(1, Ordering::Relaxed) == 0;
        Turn { pace: self, awake: alone && self.is_brisk() }
    }

    /// The Raft thread has answered and has nothing to do.
    pub(super) fn idle(&self) -> Idle<'_> {
        Idle { pace: self, since: clock::now() }
    }

    /// Notes an entry of so many commands, the first of which came after `gap`.
    fn note(&self, commands: usize, gap: Duration) {
        let streak = match self.streak.load(Ordering::Relaxed) {
            streak if commands == 1 && gap <= GAP_MAX => streak.saturating_add(1),
            _ => 0,
        };
        self.streak.store(streak, Ordering::Relaxed);
    }
}

/// A command on its way.
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    awake: bool,
}

impl Turn<'_> {
    /// Waits awake until `answered`, if the command is the only one and the pace is brisk; at most [`ANSWER_WAIT_MAX`]. The
    /// other tasks of the thread go on.
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
    /// Waits awake until a command has `come`, if the pace is brisk; at most [`COMMAND_WAIT_MAX`].
    pub(super) fn until(&self, come: impl Fn() -> bool) {
        while self.pace.is_brisk() && !come() && clock::since(self.since) < COMMAND_WAIT_MAX {
            std::thread::yield_now();
        }
    }

    /// Notes that an entry of so many commands follows.
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
        assert!(!pace.enter().awake, "another one is on its way");
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
