//! Datanodes whose clocks are so far ahead that capabilities look expired before they are used.

use std::time::Duration;

/// The clock of a datanode may be ahead of the master's by this fraction of the lifetime of a
/// capability; the rest must suffice for the transfer that it permits.
const AHEAD_PART_MAX: u32 = 4;

/// Returns the maximum skew of a datanode's clock ahead of the master's, for capabilities of this
/// lifetime.
pub fn ahead_max(capability_lifetime: Duration) -> Duration {
    capability_lifetime / AHEAD_PART_MAX
}

/// Returns true if a datanode whose clock is `skew_ms` ahead of the master's gets no chunks and is
/// read from last. A datanode whose clock is behind accepts capabilities for longer than intended,
/// and works.
pub fn is_too_far_ahead(skew_ms: i64, capability_lifetime: Duration) -> bool {
    u64::try_from(skew_ms).is_ok_and(|ahead| Duration::from_millis(ahead) > ahead_max(capability_lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_lifetime_is_the_bound() {
        let lifetime = Duration::from_secs(600);
        for (skew_ms, expected) in [
            (0, false),
            (149_999, false),
            (150_000, false),
            (150_001, true),
            (1_200_000, true),
            (i64::MAX, true),
            (-150_001, false),
            (i64::MIN, false),
        ] {
            assert_eq!(is_too_far_ahead(skew_ms, lifetime), expected, "{skew_ms} ms");
        }
    }
}
