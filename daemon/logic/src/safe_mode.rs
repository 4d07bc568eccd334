//! Decides whether enough datanodes and chunks have been reported after a start for the cluster to
//! accept writes.

use crate::expected::Roll;

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeMode {
    Stay,
    Leave,
}

/// The facts at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The datanodes of the cluster.
    pub roll: Roll,
    /// The number of datanodes that belong to the cluster; zero if the masters know none: then
    /// chunks alone decide.
    pub members: u64,
    /// The number of chunks that a live datanode has reported, of those that files name.
    pub reported: u64,
    pub total: u64,
    /// The fraction of all chunks that suffices (clamped to 0..=1; NaN counts as 1).
    pub threshold: f64,
    /// True if the time for the datanodes to report has passed.
    pub over: bool,
}

/// Decides. Safe mode ends when all datanodes that belong to the cluster have reported; when all
/// chunks are reported and all datanodes have at least registered; or when the time has passed and
/// the threshold is met.
pub fn decide(known: &Known) -> SafeMode {
    let enough = known.reported >= needed(known.total, known.threshold);
    let leave = if known.members == 0 {
        enough
    } else {
        u64::from(known.roll.reported) >= known.members
            || known.reported >= known.total && known.roll.absent == 0
            || known.over && enough
    };
    if leave { SafeMode::Leave } else { SafeMode::Stay }
}

/// Returns the number of chunks that suffices.
fn needed(total: u64, threshold: f64) -> u64 {
    let part = if threshold.is_nan() { 1.0 } else { threshold.clamp(0.0, 1.0) };
    // With rounding of large totals, it must not exceed the total.
    ((total as f64 * part).ceil() as u64).min(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_known_members_it_is_left_when_enough_is_there() {
        let roll = Roll::default();
        for (reported, total, threshold, expected) in [
            (0, 0, 0.999, SafeMode::Leave),
            (0, 1, 0.999, SafeMode::Stay),
            (1, 1, 0.999, SafeMode::Leave),
            (998, 1_000, 0.999, SafeMode::Stay),
            (999, 1_000, 0.999, SafeMode::Leave),
            (0, 1_000, 0.0, SafeMode::Leave),
            (0, 1_000, -1.0, SafeMode::Leave),
            (999, 1_000, 7.0, SafeMode::Stay),
            (999, 1_000, f64::NAN, SafeMode::Stay),
            (u64::MAX, u64::MAX, 1.0, SafeMode::Leave),
        ] {
            let known = Known { roll, members: 0, reported, total, threshold, over: false };
            assert_eq!(decide(&known), expected, "{reported} of {total}, {threshold}");
        }
    }

    #[test]
    fn it_ends_by_datanodes() {
        use SafeMode::{Leave, Stay};
        // Expected, reported, absent; chunks reported of 10; true if the time has passed.
        for (expected, came, absent, reported, over, verdict) in [
            (3, 1, 2, 10, false, Stay),
            (3, 1, 0, 10, false, Leave),
            (3, 1, 0, 9, false, Stay),
            (3, 3, 0, 9, false, Leave),
            (3, 2, 1, 10, true, Leave),
            (3, 2, 1, 8, true, Stay),
            (3, 3, 0, 8, true, Leave),
            (2, 2, 0, 8, true, Stay),
            (2, 2, 0, 9, true, Leave),
        ] {
            let roll = Roll { expected, reported: came, absent };
            let known = Known { roll, members: 3, reported, total: 10, threshold: 0.9, over };
            assert_eq!(decide(&known), verdict, "{known:?}");
        }
    }
}
