//! A clock that leaves out the time in which the process stood still.
//!
//! A master that was stopped, suspended or stalled for a while has heard from nobody meanwhile, which says nothing about
//! the others. It is found out by looks at the clock that come far too late: that time is taken out, so that afterwards
//! every datanode was heard from just as long ago as before.

use dfs_types::Timestamp;
use std::time::Duration;

/// A look at the clock is due this often, whatever else goes on.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Nobody has looked for this long: the process did not run.
pub const STANDSTILL_MIN: Duration = Duration::from_secs(1);

/// What was taken out so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steady {
    /// The last look, by the clock as it is.
    seen: Duration,
    lost: Duration,
}

impl Steady {
    /// The time at a look that comes when the clock as it is shows `raw`. It never goes back.
    pub fn look(&mut self, raw: Duration) -> Timestamp {
        let gap = raw.saturating_sub(self.seen);
        if gap >= STANDSTILL_MIN {
            self.lost += gap;
        }
        self.seen = self.seen.max(raw);
        Timestamp::default().plus(self.seen.saturating_sub(self.lost))
    }

    /// The time that was taken out so far, in all.
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
