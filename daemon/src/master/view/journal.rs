//! The event journal: the cluster events that this master has seen since its start. It is in memory
//! only: each master has its own, and it starts empty.

use super::event_text::{kind, severity, texts};
use crate::master::clock::Clock;
use dfs_logic::cluster::ClusterEvent;
use dfs_rpc::view::{Event, Severity};
use dfs_rpc::{EVENTS_KEPT_MAX, TEXT_BYTES_MAX};
use dfs_types::DatanodeId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;

/// The newest [`EVENTS_KEPT_MAX`] events. Its lock is a leaf: no other lock is taken while it is
/// held, so any code may write to it.
#[derive(Debug)]
pub struct Journal {
    clock: Clock,
    kept: Mutex<Kept>,
}

/// The maximum number of cluster events that wait to be written together; further ones are dropped.
const WAITING_MAX: usize = 65_536;

#[derive(Debug, Default)]
struct Kept {
    /// Cluster events that wait to be written together with others of their kind.
    waiting: Vec<ClusterEvent>,
    /// The number of the newest event.
    newest: u64,
    events: VecDeque<Event>,
}

impl Journal {
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }

    /// Writes a cluster event, or keeps it until [`Journal::write_waiting`] if events of its kind
    /// are written together.
    pub fn note(&self, event: ClusterEvent) {
        match severity(&event) {
            Severity::Error => tracing::error!(?event, "cluster"),
            Severity::Warning => tracing::warn!(?event, "cluster"),
            Severity::Info => tracing::info!(?event, "cluster"),
        }
        if kind(&event).is_none() {
            texts(&[event]).into_iter().for_each(|(severity, node, text)| self.push(severity, node, text));
            return;
        }
        let waiting = &mut self.lock().waiting;
        if waiting.len() < WAITING_MAX {
            waiting.push(event);
        }
    }

    /// Writes the waiting cluster events.
    pub fn write_waiting(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        texts(&waiting).into_iter().for_each(|(severity, node, text)| self.push(severity, node, text));
    }

    pub fn info(&self, node: Option<DatanodeId>, text: impl Into<String>) {
        self.push(Severity::Info, node, text.into());
    }

    pub fn warning(&self, node: Option<DatanodeId>, text: impl Into<String>) {
        self.push(Severity::Warning, node, text.into());
    }

    pub fn error(&self, node: Option<DatanodeId>, text: impl Into<String>) {
        self.push(Severity::Error, node, text.into());
    }

    /// Adds an event with the current time. A text of more than [`TEXT_BYTES_MAX`] bytes is cut.
    pub fn push(&self, severity: Severity, node: Option<DatanodeId>, mut text: String) {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        let at = self.clock.calendar();
        let mut kept = self.lock();
        kept.newest += 1;
        if kept.events.len() >= EVENTS_KEPT_MAX {
            kept.events.pop_front();
        }
        let number = kept.newest;
        kept.events.push_back(Event { number, at, severity, node, text });
    }

    /// Returns the events with a number higher than `number`, the oldest first.
    pub fn after(&self, number: u64) -> Vec<Event> {
        let kept = self.lock();
        let first = kept.events.partition_point(|event| event.number <= number);
        kept.events.range(first..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_events_are_kept_and_numbered() {
        let journal = Journal::new(Clock::new());
        assert_eq!(journal.after(0), []);
        for number in 1..=EVENTS_KEPT_MAX + 5 {
            journal.info(Some(DatanodeId(1)), format!("event {number}"));
        }
        let events = journal.after(0);
        assert_eq!(events.len(), EVENTS_KEPT_MAX);
        assert_eq!((events[0].number, events[0].text.as_str()), (6, "event 6"));
        let newest: Vec<_> = journal.after(1_003).into_iter().map(|event| event.number).collect();
        assert_eq!(newest, [1_004, 1_005]);
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let journal = Journal::new(Clock::new());
        journal.error(None, format!("x{}", "é".repeat(TEXT_BYTES_MAX)));
        assert_eq!(journal.after(0)[0].text.len(), TEXT_BYTES_MAX - 1);
    }
}
