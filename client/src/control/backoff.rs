//! How long to wait before the next try.

use std::time::Duration;

/// The pause before the second try, at most.
const BASE: Duration = Duration::from_millis(20);
/// The longest pause.
const CAP: Duration = Duration::from_secs(1);
/// Doublings after which the pause is at its cap for certain.
const DOUBLINGS_MAX: u32 = 16;

/// Draws the pause after try number `attempt` (from 1 on) failed, see [`delay`].
#[expect(clippy::disallowed_methods, reason = "the client draws random numbers here")]
pub(crate) fn pause(attempt: u32) -> Duration {
    delay(attempt, fastrand::f64())
}

/// The pause after try number `attempt` (from 1 on) failed: it doubles from 20 ms up to 1 s, and `jitter` (0 to 1) takes
/// away up to half of it, so that clients that failed together do not come back together.
fn delay(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(DOUBLINGS_MAX);
    let full = BASE.saturating_mul(1 << doublings).min(CAP);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let pauses: Vec<_> = (1..=8).map(|attempt| delay(attempt, 0.0).as_millis()).collect();
        assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(delay(u32::MAX, 0.0), CAP);
        assert_eq!(delay(0, 0.0), BASE);
    }

    #[test]
    fn jitter_takes_away_at_most_half() {
        for attempt in 1..12 {
            for jitter in [-1.0, 0.0, 0.3, 1.0, 7.0] {
                let pause = delay(attempt, jitter);
                assert!(pause <= delay(attempt, 0.0) && pause >= delay(attempt, 0.0) / 2, "{attempt} {jitter}");
            }
        }
    }
}
