//! The curve of the cluster: one sample per second since the start of this master. Soft state,
//! bounded, recorded whether or not a dashboard is open.

use dfs_logic::cluster::ClusterRates;
use dfs_logic::repair::Counts;
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::curve::Second;
use dfs_rpc::view::ReplicaCount;
use dfs_types::Timestamp;
use std::collections::VecDeque;

/// A sample may be this much too late or too early and still count for its second.
const SLACK_MS: u64 = 500;

/// Numbered seconds, starting at 1, by the clock that never jumps.
#[derive(Debug, Default)]
pub struct Curve {
    /// The time of the first sample.
    began: Option<Timestamp>,
    /// The number of the newest second; zero before the first.
    newest: u64,
    seconds: VecDeque<Option<Second>>,
    /// The time of the last sample, and the number of namespace changes since the start at that
    /// time.
    changes: Option<(Timestamp, u64)>,
}

impl Curve {
    /// Adds the sample of a second. Seconds without a sample stay empty; of several samples in a
    /// second the first counts.
    pub fn note(&mut self, rates: &ClusterRates, changes: u64, now: Timestamp) {
        self.began.get_or_insert(now);
        let number = self.number(now);
        if number <= self.newest {
            return;
        }
        let missed = (number - self.newest - 1).min(CURVE_SECONDS_MAX as u64);
        (0..missed).for_each(|_| self.push(None));
        let before = self.changes.replace((now, changes));
        let changes = before.map(|(at, before)| {
            let span_ms = now.0.saturating_sub(at.0).max(1);
            changes.saturating_sub(before) as f64 * 1000.0 / span_ms as f64
        });
        let missing_replicas = rates.counts.as_deref().map(replicas_missing);
        self.push(Some(Second { rates: rates.rates, changes, missing_replicas, used: rates.used }));
        self.newest = number;
    }

    /// Returns the seconds after the one numbered `number`, each with its number; the last one is
    /// the second of `now`.
    pub fn after(&self, number: u64, now: Timestamp) -> Vec<(u64, Option<Second>)> {
        // The sample that is due may still arrive.
        let newest = self.newest.max(self.number(now).saturating_sub(1));
        let oldest = (self.newest + 1).saturating_sub(self.seconds.len() as u64);
        let first = (number + 1).max(oldest).max((newest + 1).saturating_sub(CURVE_SECONDS_MAX as u64));
        let known = |number: u64| usize::try_from(number - oldest).ok().and_then(|at| self.seconds.get(at).copied());
        (first..=newest).map(|number| (number, known(number).flatten())).collect()
    }

    /// Returns the number of the second to which a sample of now would belong; zero before the
    /// first.
    fn number(&self, now: Timestamp) -> u64 {
        self.began.map_or(0, |began| 1 + now.0.saturating_sub(began.0).saturating_add(SLACK_MS) / 1000)
    }

    fn push(&mut self, second: Option<Second>) {
        if self.seconds.len() >= CURVE_SECONDS_MAX {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
    }
}

/// Returns the total number of replicas that are missing.
fn replicas_missing(counts: &Counts) -> u64 {
    let cells = counts.copies().map(|(wanted, live, chunks)| ReplicaCount { wanted, live, chunks });
    cells.map(|cell| cell.missing_replicas()).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(used: u64) -> ClusterRates {
        ClusterRates { used, ..ClusterRates::default() }
    }

    /// Returns the bytes used in the seconds after `number`, each with its number.
    fn after(curve: &Curve, number: u64, now: u64) -> Vec<(u64, Option<u64>)> {
        let seconds = curve.after(number, Timestamp(now)).into_iter();
        seconds.map(|(number, second)| (number, second.map(|second| second.used))).collect()
    }

    fn sampled(samples: &[(u64, u64)]) -> Curve {
        let mut curve = Curve::default();
        samples.iter().for_each(|(now, bytes)| curve.note(&used(*bytes), 0, Timestamp(*now)));
        curve
    }

    #[test]
    fn seconds_are_as_many_as_were_seen() {
        assert_eq!(after(&Curve::default(), 0, 5_000), []);
        let curve = sampled(&[(300, 1), (1_310, 2), (2_290, 3)]);
        let all = [(1, Some(1)), (2, Some(2)), (3, Some(3))];
        for now in [2_290, 3_290, 3_799] {
            assert_eq!(after(&curve, 0, now), all, "{now}: the next sample may still arrive");
        }
        assert_eq!(after(&curve, 2, 2_300), all[2..]);
        assert_eq!(after(&curve, 3, 2_300), []);
    }

    #[test]
    fn what_was_not_sampled_is_a_gap() {
        let mut curve = sampled(&[(0, 1), (1_000, 2)]);
        assert_eq!(after(&curve, 1, 4_400), [(2, Some(2)), (3, None), (4, None)]);
        assert_eq!(after(&curve, 3, 4_500), [(4, None), (5, None)], "too late for its second");
        curve.note(&used(9), 0, Timestamp(5_100));
        assert_eq!(after(&curve, 2, 5_100), [(3, None), (4, None), (5, None), (6, Some(9))]);
        // One late, the next one in time: both belong to the same second, and the first one stays.
        let curve = sampled(&[(0, 1), (1_600, 2), (2_000, 3), (3_000, 4)]);
        assert_eq!(after(&curve, 0, 3_000), [(1, Some(1)), (2, None), (3, Some(2)), (4, Some(4))]);
    }

    #[test]
    fn a_time_that_goes_back_changes_nothing() {
        let mut curve = sampled(&[(5_000, 1), (6_000, 2)]);
        curve.note(&used(9), 0, Timestamp(1_000));
        assert_eq!(after(&curve, 0, 0), [(1, Some(1)), (2, Some(2))]);
    }

    #[test]
    fn the_last_seconds_are_kept_and_no_more() {
        let most = CURVE_SECONDS_MAX as u64;
        let mut curve = Curve::default();
        for second in 0..3 * most {
            curve.note(&used(second), 0, Timestamp(second * 1000));
            assert!(curve.seconds.len() <= CURVE_SECONDS_MAX);
        }
        let all = after(&curve, 0, (3 * most - 1) * 1000);
        assert_eq!((all.len(), all[0]), (CURVE_SECONDS_MAX, (2 * most + 1, Some(2 * most))));
        assert_eq!(all.last(), Some(&(3 * most, Some(3 * most - 1))));
        // No samples for a while, and then for a year.
        let later = after(&curve, 0, (3 * most + 99) * 1000);
        assert_eq!((later.len(), later[0].0), (CURVE_SECONDS_MAX, 2 * most + 100));
        assert_eq!(later.iter().filter(|(_, used)| used.is_none()).count(), 99);
        curve.note(&used(7), 0, Timestamp(365 * 86_400_000));
        assert_eq!(curve.seconds.len(), CURVE_SECONDS_MAX);
        assert_eq!(curve.seconds.iter().flatten().count(), 1);
    }

    #[test]
    fn changes_are_reckoned_from_sample_to_sample() {
        let mut curve = Curve::default();
        for (now, changes) in [(0, 40), (1_000, 45), (3_000, 49), (3_010, 60)] {
            curve.note(&ClusterRates::default(), changes, Timestamp(now));
        }
        let changes = curve.after(0, Timestamp(3_010)).into_iter();
        let changes: Vec<_> = changes.map(|(_, second)| second.map(|second| second.changes)).collect();
        assert_eq!(changes, [Some(None), Some(Some(5.0)), None, Some(Some(2.0))]);
    }
}
