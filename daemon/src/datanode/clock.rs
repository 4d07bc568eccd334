//! The clock of the datanode.

use crate::clock::calendar;
use dfs_types::Timestamp;
use std::time::UNIX_EPOCH;

/// Returns the current time, for the expiry of capabilities. A clock before 1970 counts as 1970.
pub fn now() -> Timestamp {
    let since = calendar().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(since)
}
