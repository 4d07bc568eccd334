//! The time of the master.

use crate::clock;
use dfs_logic::steady::{LOOK_INTERVAL, Steady};
use dfs_types::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Time of two kinds: of the calendar, for what is stored and for capabilities; and since the start, for what is overdue.
/// The second never jumps, and stands still while the master does. Clones share what they know of that.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Instant,
    steady: Arc<Mutex<Steady>>,
}

impl Clock {
    pub fn new() -> Self {
        Self { start: clock::now(), steady: Arc::default() }
    }

    fn steady(&self) -> MutexGuard<'_, Steady> {
        self.steady.lock()
    }

    /// Now, by the calendar.
    pub fn calendar(&self) -> Timestamp {
        let since = clock::calendar().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().plus(since)
    }

    /// Now, as milliseconds since the start, without the time in which the master stood still.
    pub fn now(&self) -> Timestamp {
        self.look().0
    }

    /// Now, and for how long the master has stood still so far, in all.
    pub fn look(&self) -> (Timestamp, Duration) {
        let mut steady = self.steady();
        (steady.look(clock::since(self.start)), steady.lost())
    }

    /// Looks at the clock until `stop`, so that a pause in which nobody does is known for one.
    pub async fn keep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.now(),
            };
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
