//! Whether enough chunks have been reported after a start for the cluster to be written to.

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeMode {
    /// Stay: this many more chunks must be reported first; at least one.
    Stay {
        lacking: u64,
    },
    Leave,
}

/// Decides from the chunks that files name (`total`), those of them that a live datanode has reported, and the part of
/// them that is enough, 0 to 1 (what lies outside counts as the nearer bound, what is no number as 1).
pub fn decide(reported: u64, total: u64, threshold: f64) -> SafeMode {
    let part = if threshold.is_nan() { 1.0 } else { threshold.clamp(0.0, 1.0) };
    // Rounding of large totals must never ask for more than there are.
    let needed = ((total as f64 * part).ceil() as u64).min(total);
    match needed.saturating_sub(reported) {
        0 => SafeMode::Leave,
        lacking => SafeMode::Stay { lacking },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_when_enough_is_there() {
        for (reported, total, threshold, expected) in [
            (0, 0, 0.999, SafeMode::Leave),
            (0, 1, 0.999, SafeMode::Stay { lacking: 1 }),
            (1, 1, 0.999, SafeMode::Leave),
            (998, 1_000, 0.999, SafeMode::Stay { lacking: 1 }),
            (999, 1_000, 0.999, SafeMode::Leave),
            (0, 1_000, 0.0, SafeMode::Leave),
            (0, 1_000, -1.0, SafeMode::Leave),
            (999, 1_000, 7.0, SafeMode::Stay { lacking: 1 }),
            (999, 1_000, f64::NAN, SafeMode::Stay { lacking: 1 }),
            (u64::MAX, u64::MAX, 1.0, SafeMode::Leave),
        ] {
            assert_eq!(decide(reported, total, threshold), expected, "{reported} of {total}, {threshold}");
        }
    }
}
