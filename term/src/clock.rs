//! The calendar of this machine.

#![expect(clippy::disallowed_methods, reason = "the calendar is read here")]

use dfs_types::Timestamp;

/// Reads the calendar, which may jump; a time before 1970 counts as 1970.
pub fn calendar() -> Timestamp {
    Timestamp(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default())
}
