//! How long to wait before the next try.

use dfs_rpc::retry;
use std::time::Duration;

/// The pause before the second try, at most.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(1);

/// Returns the pauses of one call or one transfer, without end: from 20 ms to 1 s.
#[expect(clippy::disallowed_methods, reason = "the client draws random numbers here")]
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    retry::pauses(FIRST, LONGEST, fastrand::u64(..))
}

/// Returns the pause after try number `attempt` (from 1 on) failed.
pub(crate) fn pause(attempt: u32) -> Duration {
    pauses().nth(attempt.saturating_sub(1) as usize).unwrap_or(LONGEST)
}
