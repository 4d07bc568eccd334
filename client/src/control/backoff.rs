//! The pauses between attempts of a call or a transfer.

use dfs_rpc::retry;
use std::time::Duration;

/// The longest pause before the second attempt.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(1);

/// Returns the endless sequence of pauses for one call or one transfer: from 20 ms to 1 s.
#[expect(clippy::disallowed_methods, reason = "the client draws random numbers here")]
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    retry::pauses(FIRST, LONGEST, fastrand::u64(..))
}

/// Returns the pause after attempt number `attempt` (counted from 1) failed.
pub(crate) fn pause(attempt: u32) -> Duration {
    pauses().nth(attempt.saturating_sub(1) as usize).unwrap_or(LONGEST)
}
