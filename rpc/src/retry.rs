//! The pauses between attempts, for everything that retries: calls to masters, reads of replicas,
//! links of datanodes.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// Returns an endless sequence of pauses between attempts. They double from `first` to `longest`,
/// each shortened at random by up to half, so that callers that failed together do not retry
/// together. The same `seed` gives the same pauses.
pub fn pauses(first: Duration, longest: Duration, seed: u64) -> ExponentialBackoff {
    // The jitter of the builder adds up to 100 % of the given value.
    ExponentialBuilder::new()
        .with_factor(2.0)
        .with_min_delay(first / 2)
        .with_max_delay(longest / 2)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_shrink_by_at_most_half() {
        for seed in 0..100 {
            let of_seed = || pauses(Duration::from_millis(20), Duration::from_secs(1), seed);
            let full = [20, 40, 80, 160, 320, 640, 1_000, 1_000].map(Duration::from_millis);
            for (pause, full) in of_seed().zip(full) {
                assert!(full / 2 <= pause && pause <= full, "{pause:?} of {full:?}");
            }
            assert!(of_seed().nth(100_000).is_some_and(|pause| pause >= Duration::from_millis(500)));
            assert!(of_seed().take(20).eq(of_seed().take(20)));
        }
    }
}
