//! The monotonic clock.

#![expect(clippy::disallowed_methods, reason = "the client reads the clock here")]

use std::time::{Duration, Instant};

/// Returns the time of the monotonic clock.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the time that has passed since `begun`.
pub(crate) fn since(begun: Instant) -> Duration {
    begun.elapsed()
}
