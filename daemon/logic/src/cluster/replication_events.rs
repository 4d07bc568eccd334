//! Events about the replication of chunks, from the figures of consecutive checks.

use super::event::{ClusterEvent, Problem};
use crate::repair::Health;
use dfs_types::Timestamp;
use std::time::Duration;

/// A problem that lasts for a shorter time causes no event: the last replica of a write may arrive
/// a moment after its commit.
const SETTLE: Duration = Duration::from_secs(3);

/// The figures of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Figures {
    /// True if all chunks were counted, and datanodes have had the time to report them.
    pub(super) known: bool,
    /// True if this master orders copies.
    pub(super) leads: bool,
    pub(super) health: Health,
    /// Copies in progress.
    pub(super) copying: u64,
    /// True if there are chunks to copy from draining datanodes.
    pub(super) moving: bool,
    /// Copies ordered since the start.
    pub(super) ordered: u64,
}

/// The problems that have an event so far.
#[derive(Debug, Default)]
pub(super) struct ReplicationEvents {
    missing: Lasts,
    at_risk: Lasts,
    under: Lasts,
    /// The number of copies that were ordered before the repair in progress.
    repair: Option<u64>,
}

#[derive(Debug, Default)]
struct Lasts {
    since: Option<Timestamp>,
    emitted: bool,
}

impl ReplicationEvents {
    /// Returns the events of a check.
    pub(super) fn look(&mut self, figures: &Figures, now: Timestamp) -> Vec<ClusterEvent> {
        if !figures.known {
            *self = Self::default();
            return Vec::new();
        }
        let Health { missing, at_risk, under, .. } = figures.health;
        let problems = [
            (&mut self.missing, Problem::Missing, missing),
            (&mut self.at_risk, Problem::AtRisk, at_risk),
            (&mut self.under, Problem::UnderReplicated, under),
        ];
        let changed = problems.into_iter().filter_map(|(lasts, problem, chunks)| {
            lasts.note(chunks, now).then_some(ClusterEvent::Chunks { problem, chunks })
        });
        let mut events: Vec<_> = changed.collect();
        events.extend(self.repair(figures));
        events
    }

    fn repair(&mut self, figures: &Figures) -> Option<ClusterEvent> {
        let Health { at_risk, under, .. } = figures.health;
        if !figures.leads {
            self.repair = None;
        } else if figures.copying > 0 {
            self.repair.get_or_insert(figures.ordered.saturating_sub(figures.copying));
        } else if at_risk + under == 0 && !figures.moving {
            let replicas = figures.ordered.saturating_sub(self.repair.take()?);
            return Some(ClusterEvent::RepairFinished { replicas });
        }
        None
    }
}

impl Lasts {
    /// Returns true if the problem has begun or ended, and has lasted long enough for an event.
    fn note(&mut self, count: u64, now: Timestamp) -> bool {
        if count == 0 {
            return std::mem::take(self).emitted;
        }
        let since = *self.since.get_or_insert(now);
        let due = !self.emitted && now.since(since) >= SETTLE;
        self.emitted |= due;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Problem::{Missing, UnderReplicated};

    fn figures(missing: u64, at_risk: u64, under: u64, copying: u64, ordered: u64) -> Figures {
        let health = Health { missing, at_risk, under, ..Health::default() };
        Figures { known: true, leads: true, health, copying, moving: false, ordered }
    }

    fn look(events: &mut ReplicationEvents, figures: &Figures, second: u64) -> Vec<ClusterEvent> {
        events.look(figures, Timestamp(second * 1000))
    }

    #[test]
    fn a_problem_that_lasts_has_one_event_and_so_has_its_end() {
        let mut events = ReplicationEvents::default();
        let bad = figures(2, 0, 1, 0, 0);
        assert_eq!(look(&mut events, &bad, 10), []);
        let chunks = |problem, chunks| ClusterEvent::Chunks { problem, chunks };
        assert_eq!(look(&mut events, &bad, 13), [chunks(Missing, 2), chunks(UnderReplicated, 1)]);
        assert_eq!(look(&mut events, &bad, 14), []);
        assert_eq!(look(&mut events, &figures(2, 0, 0, 0, 0), 15), [chunks(UnderReplicated, 0)]);
        assert_eq!(look(&mut events, &figures(0, 0, 0, 0, 0), 16), [chunks(Missing, 0)]);
    }

    #[test]
    fn a_problem_that_passes_at_once_or_is_not_known_yet_has_none() {
        let mut events = ReplicationEvents::default();
        let unknown = Figures { known: false, ..figures(9, 9, 9, 0, 0) };
        for second in 0..20 {
            let seen = if second < 10 { unknown } else { figures(0, second % 2, second % 2, 0, 0) };
            assert_eq!(look(&mut events, &seen, second), [], "{second}");
        }
    }

    #[test]
    fn repair_is_finished_when_nothing_is_copied_and_nothing_lacks() {
        let mut events = ReplicationEvents::default();
        assert_eq!(look(&mut events, &figures(0, 5, 5, 2, 12), 1), []);
        assert_eq!(look(&mut events, &figures(0, 0, 8, 0, 15), 2), []);
        assert_eq!(look(&mut events, &figures(0, 0, 0, 3, 18), 3), []);
        let moving = Figures { moving: true, ..figures(0, 0, 0, 0, 18) };
        assert_eq!(look(&mut events, &moving, 3), []);
        let finished = ClusterEvent::RepairFinished { replicas: 8 };
        assert_eq!(look(&mut events, &figures(0, 0, 0, 0, 18), 4), [finished]);
        assert_eq!(look(&mut events, &figures(0, 0, 0, 0, 18), 5), []);
        assert_eq!(look(&mut events, &figures(0, 0, 0, 1, 19), 6), []);
        let other = Figures { leads: false, ..figures(0, 0, 0, 0, 19) };
        assert_eq!(look(&mut events, &other, 7), []);
        assert_eq!(look(&mut events, &figures(0, 0, 0, 0, 19), 8), []);
    }
}
