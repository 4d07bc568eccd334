//! The rate and the remaining time of a transfer. Callers pass the time as a value.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of samples kept.
const SAMPLES_MAX: usize = 32;
/// The period over which the rate is averaged.
const WINDOW: Duration = Duration::from_secs(5);

/// Measures the progress of a transfer from samples.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// Pairs of the time since the start and the bytes done by then, in rising order.
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Adds a sample: `done` bytes were done `elapsed` after the start. A transfer that repeats
    /// data may go back; the measurement of the rate then starts over.
    pub fn note(&mut self, elapsed: Duration, done: u64) {
        if self.samples.back().is_some_and(|(at, bytes)| *bytes > done || *at > elapsed) {
            self.samples.clear();
        }
        self.samples.push_back((elapsed, done));
        while self.samples.len() > SAMPLES_MAX || self.reaches_beyond_window() {
            self.samples.pop_front();
        }
    }

    /// Returns true if the oldest sample is not needed because the next one is old enough too.
    fn reaches_beyond_window(&self) -> bool {
        match (self.samples.get(1), self.samples.back()) {
            (Some((second, _)), Some((last, _))) => last.saturating_sub(*second) >= WINDOW,
            _ => false,
        }
    }

    /// Returns the rate in bytes per second over the window; zero before there are two samples.
    pub fn rate(&self) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((from, before)), Some((to, after))) if to > from => {
                (after - before) as f64 / (*to - *from).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// Returns the time until `total` bytes are done at this rate; `None` if it cannot be
    /// estimated.
    pub fn eta(&self, total: u64) -> Option<Duration> {
        let (_, done) = self.samples.back()?;
        let left = total.saturating_sub(*done);
        let seconds = left as f64 / self.rate();
        // More than a year is not a useful estimate.
        (seconds.is_finite() && seconds < 3.2e7).then(|| Duration::from_secs_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rate_and_eta_of_a_steady_transfer() {
        let mut meter = Meter::default();
        assert_eq!(meter.eta(100), None);
        for second in 0..=10 {
            meter.note(s(second), second * 1000);
        }
        assert!((meter.rate() - 1000.0).abs() < 1e-9);
        assert_eq!(meter.eta(20_000), Some(s(10)));
        assert_eq!(meter.eta(5), Some(s(0)));
    }

    #[test]
    fn a_stall_shows_within_the_window() {
        let mut meter = Meter::default();
        for second in 0..=20 {
            meter.note(s(second), second.min(10) * 1000);
        }
        assert!(meter.rate() < 1.0);
        assert_eq!(meter.eta(20_000), None);
    }

    #[test]
    fn going_back_starts_over() {
        let mut meter = Meter::default();
        meter.note(s(1), 5000);
        meter.note(s(2), 1000);
        assert!(meter.rate() < 1e-9);
        meter.note(s(3), 2000);
        assert!((meter.rate() - 1000.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn never_negative_never_unbounded(steps in prop::collection::vec((0u64..5_000, 0u64..1_000_000), 0..200)) {
            let mut meter = Meter::default();
            for (ms, done) in steps {
                meter.note(Duration::from_millis(ms), done);
                prop_assert!(meter.rate() >= 0.0);
                prop_assert!(meter.samples.len() <= SAMPLES_MAX);
            }
        }
    }
}
