//! The clocks of this machine.

#![expect(clippy::disallowed_methods, reason = "the daemons read clocks here, and in `local`")]

use std::time::{Duration, Instant, SystemTime};

/// Reads the clock that never jumps.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the time that has passed since `begun`.
pub(crate) fn since(begun: Instant) -> Duration {
    begun.elapsed()
}

/// Reads the clock of the runtime, which tests can pause.
pub(crate) fn runtime() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Reads the calendar, which may jump.
pub(crate) fn calendar() -> SystemTime {
    SystemTime::now()
}
