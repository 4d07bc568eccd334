//! The clock of the master.

use crate::clock;
use dfs_logic::steady::{LOOK_INTERVAL, Steady};
use dfs_types::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Returns two times: the calendar time, for stored values and capabilities, and the time since the
/// start, for timeouts. The time since the start never jumps, and does not advance while the
/// process is suspended. Clones share this state.
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

    /// Returns the calendar time.
    pub fn calendar(&self) -> Timestamp {
        let since = clock::calendar().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().plus(since)
    }

    /// Returns the milliseconds since the start, without the time during which the process was
    /// suspended.
    pub fn now(&self) -> Timestamp {
        self.look().0
    }

    /// Returns the time since the start, and the total time for which the process was suspended so
    /// far.
    pub fn look(&self) -> (Timestamp, Duration) {
        let mut steady = self.steady();
        (steady.look(clock::since(self.start)), steady.lost())
    }

    /// Reads the clock at intervals until `stop`, so that a suspension of the process is detected
    /// even if nothing else reads the clock.
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
