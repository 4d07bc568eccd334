//! The only place where the master reads a clock.

use dfs_types::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Time of two kinds: of the calendar, for what is stored and for capabilities; and since the start, for what is overdue.
/// The second never jumps.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Now, by the calendar.
    pub fn calendar(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().plus(since)
    }

    /// Now, as milliseconds since the start.
    pub fn now(&self) -> Timestamp {
        Timestamp::default().plus(self.start.elapsed())
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
