//! The clock of this machine.

#![expect(clippy::disallowed_methods, reason = "the client reads the clock here")]

use std::time::{Duration, Instant};

/// Reads the clock that never jumps.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the time that has passed since `begun`.
pub(crate) fn since(begun: Instant) -> Duration {
    begun.elapsed()
}
