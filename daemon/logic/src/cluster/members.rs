//! The datanodes that belong to the cluster, and those of them that are awaited.

use super::nodes::Nodes;
use crate::expected::{Member, Roll};
use crate::liveness::NodeState;
use crate::state::State;
use dfs_types::{AdminState, DatanodeId, Timestamp};

/// The maximum number of absent datanodes that are named.
pub const ABSENT_NAMED_MAX: usize = 64;

impl Nodes {
    fn member(&self, id: DatanodeId, now: Timestamp) -> Member {
        match self.get(id) {
            None => Member { state: None, reported: false, registered_at: now, heard_at: None },
            Some(node) => Member {
                state: Some(node.contact.state(now, &self.settings.liveness)),
                reported: node.known,
                registered_at: node.registered_at,
                heard_at: Some(node.contact.last_heartbeat),
            },
        }
    }

    /// Counts the datanodes of the cluster that have reported, of those that are live or awaited.
    pub fn roll(&self, state: &State, now: Timestamp) -> Roll {
        let members = state.members().map(|(id, _)| self.member(id, now));
        self.wait.roll(members, now, &self.settings.liveness)
    }

    /// Returns the datanodes of the cluster that have not registered since the start of this
    /// master, up to [`ABSENT_NAMED_MAX`].
    pub(super) fn absent(&self, state: &State) -> Vec<DatanodeId> {
        let absent = state.members().map(|(id, _)| id).filter(|id| self.get(*id).is_none());
        // A datanode that was drained and stopped is not missed.
        absent.filter(|id| state.admin_state(*id) == AdminState::InService).take(ABSENT_NAMED_MAX).collect()
    }

    /// Returns the live datanodes that are not recorded in the log yet.
    pub(super) fn newcomers(&self, state: &State, now: Timestamp) -> impl Iterator<Item = DatanodeId> {
        let live = self.all(now).filter(|(_, liveness, _)| *liveness == NodeState::Live).map(|(id, ..)| id);
        live.filter(|id| !state.is_member(*id) && state.admin_state(*id) != AdminState::Removed)
    }

    /// Returns the live datanodes that were removed before: they have registered again.
    pub(super) fn returned(&self, state: &State, now: Timestamp) -> impl Iterator<Item = DatanodeId> {
        let removed =
            state.admin_states().filter(|(_, admin_state)| *admin_state == AdminState::Removed).map(|(id, _)| id);
        removed.filter(move |id| self.state(*id, now) == NodeState::Live)
    }

    /// Counts the datanodes in service that cannot receive chunks now but may soon: those that are
    /// awaited, and those that were just lost and may return before they are declared dead.
    pub fn may_come(&self, state: &State, exclude: &[DatanodeId], now: Timestamp) -> usize {
        let wanted = |id: &DatanodeId| state.admin_state(*id) == AdminState::InService && !exclude.contains(id);
        let comes = |id: &DatanodeId| {
            let member = self.member(*id, now);
            match member.state {
                Some(NodeState::Live) => false,
                Some(NodeState::Stale) => true,
                Some(NodeState::Dead) | None => self.wait.awaits(member, now, &self.settings.liveness),
            }
        };
        state.members().map(|(id, _)| id).filter(wanted).filter(comes).count()
    }
}
