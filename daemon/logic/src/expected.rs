//! Determines the datanodes that a master still awaits: after its start, when it becomes the
//! leader, and after its process was suspended, datanodes cannot have reported yet, so missing
//! messages prove nothing.
//!
//! | member | is awaited |
//! |---|---|
//! | live, and has reported its chunks to this master | no |
//! | live, and has not reported yet | for [`REPORT_TIMEOUT`] from its registration |
//! | sent a message since the wait began, and was lost again | no |
//! | anything else | for the dead time from the beginning of the wait |

use crate::liveness::{LivenessSettings, NodeState};
use dfs_types::Timestamp;
use std::time::Duration;

/// The maximum time to wait for the full report of a registered datanode.
pub const REPORT_TIMEOUT: Duration = Duration::from_secs(120);

/// A datanode that belongs to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// None if it has not registered since the start of this master.
    pub state: Option<NodeState>,
    /// True if it has reported its chunks to this master at least once.
    pub reported: bool,
    pub registered_at: Timestamp,
    /// The time of its last message; none if it has not registered.
    pub heard_at: Option<Timestamp>,
}

/// The beginning of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub since: Timestamp,
}

/// The numbers of datanodes that have reported or are awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roll {
    /// Live ones that have reported, and awaited ones.
    pub expected: u32,
    /// Live ones that have reported.
    pub reported: u32,
    /// Awaited ones that have not even registered.
    pub absent: u32,
}

impl Wait {
    /// Returns true if a datanode is awaited at `now`.
    pub fn awaits(&self, member: Member, now: Timestamp, settings: &LivenessSettings) -> bool {
        match (member.state, member.reported) {
            (Some(NodeState::Live), true) => false,
            (Some(NodeState::Live), false) => now.since(member.registered_at) < REPORT_TIMEOUT,
            _ if member.heard_at.is_some_and(|at| at > self.since) => false,
            _ => now.since(self.since) < settings.dead_after,
        }
    }

    /// Counts datanodes.
    pub fn roll(&self, members: impl Iterator<Item = Member>, now: Timestamp, settings: &LivenessSettings) -> Roll {
        let mut roll = Roll::default();
        for member in members {
            let reported = member.state == Some(NodeState::Live) && member.reported;
            let awaited = self.awaits(member, now, settings);
            roll.reported += u32::from(reported);
            roll.expected += u32::from(reported || awaited);
            roll.absent += u32::from(awaited && member.state != Some(NodeState::Live));
        }
        roll
    }
}

impl Roll {
    /// Returns true if any datanode is awaited.
    pub fn is_open(&self) -> bool {
        self.reported < self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NodeState::{Dead, Live, Stale};

    const SETTINGS: LivenessSettings =
        LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };

    fn member(state: Option<NodeState>, reported: bool) -> Member {
        Member { state, reported, registered_at: Timestamp(100_000), heard_at: state.map(|_| Timestamp(100_000)) }
    }

    #[test]
    fn datanodes_are_awaited_for_a_time() {
        let wait = Wait { since: Timestamp(100_000) };
        for (state, reported, after_ms, awaited) in [
            (None, false, 0, true),
            (None, false, 9_999, true),
            (None, false, 10_000, false),
            (Some(Stale), true, 9_999, true),
            (Some(Stale), true, 10_000, false),
            (Some(Dead), true, 0, true),
            (Some(Dead), true, 10_000, false),
            (Some(Live), true, 0, false),
            (Some(Live), false, 10_000, true),
            (Some(Live), false, 119_999, true),
            (Some(Live), false, 120_000, false),
        ] {
            let now = Timestamp(100_000 + after_ms);
            let found = wait.awaits(member(state, reported), now, &SETTINGS);
            assert_eq!(found, awaited, "{state:?}, reported {reported}, after {after_ms} ms");
        }
    }

    #[test]
    fn one_that_came_and_was_lost_again_is_not_awaited() {
        let wait = Wait { since: Timestamp(99_999) };
        for state in [Stale, Dead] {
            assert!(!wait.awaits(member(Some(state), true), Timestamp(100_001), &SETTINGS));
        }
    }

    #[test]
    fn those_who_came_are_counted_of_those_who_should() {
        let wait = Wait { since: Timestamp(0) };
        let members = [member(Some(Live), true), member(Some(Live), false), member(None, false)];
        let roll = |now| wait.roll(members.into_iter(), Timestamp(now), &SETTINGS);
        assert_eq!(roll(1), Roll { expected: 3, reported: 1, absent: 1 });
        assert!(roll(1).is_open());
        assert_eq!(roll(10_000), Roll { expected: 2, reported: 1, absent: 0 });
        assert_eq!(roll(300_000), Roll { expected: 1, reported: 1, absent: 0 });
        assert!(!roll(300_000).is_open());
    }
}
