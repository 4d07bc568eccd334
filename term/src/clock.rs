//! The system time.

#![expect(clippy::disallowed_methods, reason = "this module reads the system time")]

use dfs_types::Timestamp;

/// Returns the system time, which may jump; a time before 1970 counts as 1970.
pub fn calendar() -> Timestamp {
    Timestamp(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default())
}
