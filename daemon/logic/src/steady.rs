//! A clock without the time in which the process was suspended.
//!
//! A master that was stopped, suspended or stalled for a while has received no messages meanwhile,
//! which proves nothing about the datanodes. A suspension is detected by readings of the clock that
//! come far too late: that time is subtracted, so that afterwards the last message of every
//! datanode is as old as before.

use dfs_types::Timestamp;
use std::time::Duration;

/// The clock must be read at this interval.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// If the clock was not read for this long, the process did not run.
pub const STANDSTILL_MIN: Duration = Duration::from_secs(1);

/// The clock and the time subtracted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steady {
    /// The last reading of the real clock.
    seen: Duration,
    lost: Duration,
}

impl Steady {
    /// Returns the time at a reading of the real clock that shows `raw`. It never goes back.
    pub fn look(&mut self, raw: Duration) -> Timestamp {
        let gap = raw.saturating_sub(self.seen);
        if gap >= STANDSTILL_MIN {
            self.lost += gap;
        }
        self.seen = self.seen.max(raw);
        Timestamp::default().plus(self.seen.saturating_sub(self.lost))
    }

    /// Returns the total time subtracted so far.
    pub fn lost(&self) -> Duration {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(clock: &mut Steady, ms: u64) -> u64 {
        clock.look(Duration::from_millis(ms)).0
    }

    #[test]
    fn a_pause_is_left_out_and_a_late_look_is_not() {
        let mut clock = Steady::default();
        assert_eq!([at(&mut clock, 250), at(&mut clock, 1_249)], [250, 1_249], "late, but no pause");
        assert_eq!(at(&mut clock, 21_249), 1_249);
        assert_eq!(clock.lost(), Duration::from_secs(20));
        assert_eq!([at(&mut clock, 21_300), at(&mut clock, 21_000)], [1_300, 1_300], "never back");
        assert_eq!(at(&mut clock, 22_300), 1_300);
        assert_eq!(clock.lost(), Duration::from_secs(21));
    }

    proptest! {
        #[test]
        fn it_rises_by_what_was_looked_at(gaps in prop::collection::vec(0u64..5_000, 0..50)) {
            let (mut clock, mut raw, mut expected) = (Steady::default(), 0, 0);
            for gap in gaps {
                raw += gap;
                expected += if gap < 1_000 { gap } else { 0 };
                prop_assert_eq!(at(&mut clock, raw), expected);
            }
            prop_assert_eq!(clock.lost(), Duration::from_millis(raw - expected));
        }
    }
}
