//! Records latencies in little memory, with an error of at most 2 %.

use std::time::Duration;

/// The number of buckets per doubling.
const STEPS: usize = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Enough buckets for nanoseconds up to 2^63.
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS;

/// Counts durations by size.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: Duration::ZERO }
    }
}

/// Returns the bucket of a duration. Small numbers have a bucket each; above, each doubling has
/// [`STEPS`].
fn bucket(ns: u64) -> usize {
    if ns < STEPS as u64 {
        return ns as usize;
    }
    let doublings = ns.ilog2() - STEP_BITS;
    (doublings as usize) * STEPS + (ns >> doublings) as usize
}

/// Returns the largest number in a bucket.
fn top(bucket: usize) -> u64 {
    if bucket < 2 * STEPS {
        return bucket as u64;
    }
    let doublings = (bucket / STEPS - 1) as u32;
    let step = (bucket % STEPS + STEPS) as u64;
    (step << doublings) + ((1 << doublings) - 1)
}

impl Histogram {
    pub(crate) fn note(&mut self, span: Duration) {
        let ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(ns)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(span);
    }

    /// Adds the counts of another histogram.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// Returns the number of recorded durations.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the longest duration.
    pub(crate) fn max(&self) -> Duration {
        self.max
    }

    /// Returns the duration that the fraction `part` of all do not exceed; zero if nothing was
    /// recorded.
    pub(crate) fn percentile(&self, part: f64) -> Duration {
        let wanted = (self.total as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(top(bucket)).min(self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_of_a_row() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|us| histogram.note(Duration::from_micros(us)));
        for (part, us) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let found = histogram.percentile(part).as_secs_f64() * 1e6;
            assert!((found / us - 1.0).abs() < 0.02, "{part}: {found}");
        }
        assert_eq!(histogram.max(), Duration::from_millis(1));
        assert_eq!(Histogram::default().percentile(0.5), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn a_bucket_is_narrow(ns in any::<u64>()) {
            let top = top(bucket(ns));
            prop_assert!(bucket(ns) < BUCKETS);
            prop_assert!(top >= ns && (top - ns) as f64 <= ns as f64 / 60.0, "{ns} {top}");
        }
    }
}
