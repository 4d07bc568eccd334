//! Datanodes that belong to the cluster and are still waited for.

use super::nodes::Registry;
use dfs_logic::expected::{Member, Roll, Wait};
use dfs_logic::liveness::NodeState;
use dfs_logic::state::State;
use dfs_types::{DatanodeId, Duty, Timestamp, format_duration};
use std::time::Duration;

/// As many datanodes are named that have not come since the start of this master.
pub const ABSENT_NAMED_MAX: usize = 64;

impl Registry {
    fn member(&self, id: DatanodeId, now: Timestamp) -> Member {
        match self.nodes.get(&id) {
            None => Member { state: None, reported: false, registered_at: now, heard_at: None },
            Some(node) => Member {
                state: Some(node.contact.state(now, &self.settings.liveness)),
                reported: node.known,
                registered_at: node.registered_at,
                heard_at: Some(node.contact.last_heartbeat),
            },
        }
    }

    /// How many datanodes of the cluster have reported, of those that are there or waited for.
    pub fn roll(&self, namespace: &State, now: Timestamp) -> Roll {
        let members = namespace.members().map(|(id, _)| self.member(id, now));
        self.wait.roll(members, now, &self.settings.liveness)
    }

    /// Waits from now on for datanodes that have not been heard from: after a start, or when this master begins to lead.
    pub fn begin_wait(&mut self, now: Timestamp) {
        self.wait = Wait { since: now };
        self.healing.changed();
    }

    /// Notes for how long this master has stood still so far, in all. Says whether that is news; then all datanodes have
    /// their time to be heard from again.
    pub fn note_standstill(&mut self, lost: Duration, now: Timestamp) -> bool {
        if lost <= self.lost {
            return false;
        }
        let span = lost.saturating_sub(self.lost);
        self.lost = lost;
        self.begin_wait(now);
        let span = format_duration(Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
        tracing::warn!(span, "this master has stood still");
        self.journal
            .warning(None, format!("this master stood still for {span}; the datanodes have time to report again"));
        true
    }

    /// The datanodes of the cluster that have not registered since the start of this master, up to [`ABSENT_NAMED_MAX`].
    pub(super) fn absent(&self, namespace: &State) -> Vec<DatanodeId> {
        let absent = namespace.members().map(|(id, _)| id).filter(|id| !self.nodes.contains_key(id));
        // One that was drained and stopped is not missed.
        let absent = absent.filter(|id| namespace.duty(*id) == Duty::Serve);
        absent.take(ABSENT_NAMED_MAX).collect()
    }

    /// Live datanodes that are not noted yet to belong to the cluster.
    pub fn newcomers(&self, namespace: &State, now: Timestamp) -> Vec<DatanodeId> {
        let live = self.nodes(now).filter(|(_, state, _)| *state == NodeState::Live).map(|(id, ..)| id);
        live.filter(|id| !namespace.is_member(*id) && namespace.duty(*id) != Duty::Gone).collect()
    }

    /// Live datanodes that are to serve and get no chunks, since their clocks are too far ahead.
    pub fn ahead(&self, namespace: &State, now: Timestamp) -> Vec<DatanodeId> {
        let live = self.nodes(now).filter(|(_, state, _)| *state == NodeState::Live);
        let serving = live.filter(|(id, ..)| namespace.duty(*id) == Duty::Serve);
        serving.filter(|(.., node)| self.is_ahead(node)).map(|(id, ..)| id).collect()
    }

    /// How many datanodes could take chunks soon and cannot now: those that are waited for, and those that have just
    /// been lost and may come back before they count as dead.
    pub fn may_come(&self, namespace: &State, exclude: &[DatanodeId], now: Timestamp) -> usize {
        let wanted = |id: &DatanodeId| namespace.duty(*id) == Duty::Serve && !exclude.contains(id);
        let comes = |id: &DatanodeId| {
            let member = self.member(*id, now);
            match member.state {
                Some(NodeState::Live) => false,
                Some(NodeState::Stale) => true,
                Some(NodeState::Dead) | None => self.wait.awaits(member, now, &self.settings.liveness),
            }
        };
        namespace.members().map(|(id, _)| id).filter(wanted).filter(comes).count()
    }
}
