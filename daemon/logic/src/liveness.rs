//! The liveness of a datanode, from its connection and the time of its last message.
//!
//! | connection | time since the last heartbeat | state |
//! |---|---|---|
//! | open | up to two heartbeats | live |
//! | open | more | stale |
//! | closed | less than the dead time | stale |
//! | either | the dead time or more | dead |

use dfs_types::Timestamp;
use std::time::Duration;

/// A datanode may miss this many heartbeats before it becomes stale.
const HEARTBEATS_OVERDUE: u32 = 2;

/// The liveness of a datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// It sent a heartbeat recently, and its connection is open.
    Live,
    /// Its connection closed, or it missed heartbeats: it gets no new chunks, is read from last,
    /// and still counts.
    Stale,
    /// It sent nothing for the dead time: its replicas no longer count.
    Dead,
}

/// The connection of a datanode to this master, and the time of its last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    pub last_heartbeat: Timestamp,
    pub connected: bool,
}

/// The spans that determine the liveness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivenessSettings {
    pub heartbeat: Duration,
    pub dead_after: Duration,
}

impl Contact {
    /// Returns the liveness of the datanode at `now`.
    pub fn state(&self, now: Timestamp, settings: &LivenessSettings) -> NodeState {
        let silent = now.since(self.last_heartbeat);
        if silent >= settings.dead_after {
            NodeState::Dead
        } else if !self.connected || silent > settings.heartbeat * HEARTBEATS_OVERDUE {
            NodeState::Stale
        } else {
            NodeState::Live
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NodeState::{Dead, Live, Stale};

    const SETTINGS: LivenessSettings =
        LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };

    #[test]
    fn the_table_row_by_row() {
        for (connected, silent_ms, expected) in [
            (true, 0, Live),
            (true, 6_000, Live),
            (true, 6_001, Stale),
            (true, 9_999, Stale),
            (true, 10_000, Dead),
            (false, 0, Stale),
            (false, 9_999, Stale),
            (false, 10_000, Dead),
        ] {
            let contact = Contact { last_heartbeat: Timestamp(50_000), connected };
            let state = contact.state(Timestamp(50_000 + silent_ms), &SETTINGS);
            assert_eq!(state, expected, "connected {connected}, no message for {silent_ms} ms");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_datanode_dead() {
        let contact = Contact { last_heartbeat: Timestamp(50_000), connected: true };
        assert_eq!(contact.state(Timestamp(1), &SETTINGS), Live);
    }

    #[test]
    fn a_dead_time_below_two_heartbeats_still_decides() {
        let settings = LivenessSettings { dead_after: Duration::from_secs(1), ..SETTINGS };
        let contact = Contact { last_heartbeat: Timestamp(0), connected: true };
        assert_eq!(contact.state(Timestamp(1_000), &settings), Dead);
    }
}
