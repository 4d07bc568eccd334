//! The one place where the datanode asks what time it is.

use dfs_types::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, for the expiry of capabilities. A clock before 1970 counts as 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(since)
}
