//! The progress of drains, as counted by this master. The admin states themselves are in the
//! replicated state.

use super::nodes::Nodes;
use crate::liveness::NodeState;
use crate::locations::Locations;
use crate::repair::{Blocked, Counts, InFlight, Inquiry, View};
use crate::state::State;
use dfs_types::{AdminState, ChunkId, DatanodeId, Timestamp};
use std::collections::BTreeMap;

/// The maximum number of chunks recorded in `enough` for one drained datanode.
pub(super) const ENOUGH_MAX: usize = 65_536;

/// The progress of one drain.
#[derive(Debug, Default)]
struct Drain {
    /// True if the current survey began after the drain was requested, and after the full report of
    /// the datanode.
    counting: bool,
    /// The number of chunks here with fewer replicas elsewhere than wanted, at the last such
    /// survey.
    left: Option<u64>,
    /// True if the `Drained` event was emitted for the current drain.
    emitted: bool,
    /// The reasons why its chunks cannot be re-replicated, at the last survey.
    blocked: Blocked,
    /// Chunks of which more replicas were wanted after the drain was complete, with the number that
    /// was enough until then. The datanode stays drained as long as there are this many elsewhere.
    enough: BTreeMap<ChunkId, u8>,
}

impl Drain {
    /// Returns true if all of its chunks have the wanted replicas elsewhere.
    fn is_done(&self) -> bool {
        self.left == Some(0)
    }
}

/// All drains.
#[derive(Debug, Default)]
pub struct Drains(BTreeMap<DatanodeId, Drain>);

impl Drains {
    /// Follows the admin states: begins and ends drains. Returns true if one began or ended, and
    /// the dead datanodes that were removed.
    pub(super) fn follow(&mut self, state: &State, nodes: &Nodes, now: Timestamp) -> (bool, Vec<DatanodeId>) {
        let before = self.0.len();
        self.0.retain(|id, _| state.admin_state(*id) == AdminState::Draining);
        let mut changed = self.0.len() != before;
        let mut removed = Vec::new();
        for (id, admin_state) in state.admin_states().filter(|(id, _)| nodes.get(*id).is_some()) {
            if admin_state == AdminState::Draining && !self.0.contains_key(&id) {
                self.0.insert(id, Drain::default());
                changed = true;
            } else if admin_state == AdminState::Removed && nodes.state(id, now) == NodeState::Dead {
                removed.push(id);
            }
        }
        (changed, removed)
    }

    /// Drops the progress of a drain.
    pub(super) fn forget(&mut self, id: DatanodeId) {
        self.0.remove(&id);
    }

    /// Voids the last count of a datanode; returns true if it is draining.
    pub(super) fn uncount(&mut self, id: DatanodeId) -> bool {
        let drain = self.0.get_mut(&id);
        drain.map(|drain| (drain.counting, drain.left) = (false, None)).is_some()
    }

    /// Begins a count of the datanodes that are draining and have reported.
    pub(super) fn begin_count(&mut self, nodes: &Nodes) {
        for (id, drain) in &mut self.0 {
            drain.counting = nodes.get(*id).is_some_and(|node| node.reported);
        }
    }

    /// Ends a count with the figures of a complete survey.
    pub(super) fn end_count(&mut self, counts: &Counts, view: View<'_>) {
        let excused = self.excused(view);
        for (id, drain) in self.0.iter_mut().filter(|(_, drain)| drain.counting) {
            drain.counting = false;
            drain.left = Some(counts.node(*id).left.saturating_sub(excused.get(id).copied().unwrap_or(0)));
            drain.emitted &= drain.is_done();
        }
    }

    /// Records that more replicas will be wanted of these chunks: drained datanodes stay drained as
    /// long as there are as many elsewhere as were enough so far. Soft state: another leader
    /// requires all wanted replicas.
    pub(super) fn want_more(&mut self, locations: &Locations, chunks: &[ChunkId], enough: u8) {
        for (id, drain) in self.0.iter_mut().filter(|(_, drain)| drain.is_done()) {
            for chunk in chunks {
                let holds = locations.replicas(*chunk).nodes().any(|node| node == *id);
                if holds && drain.enough.len() < ENOUGH_MAX {
                    drain.enough.entry(*chunk).or_insert(enough);
                }
            }
        }
    }

    /// Counts the chunks of each drain that are under-replicated only because more replicas are
    /// wanted now.
    fn excused(&self, view: View<'_>) -> BTreeMap<DatanodeId, u64> {
        if self.0.values().all(|drain| drain.enough.is_empty()) {
            return BTreeMap::new();
        }
        let in_flight = InFlight::default();
        let inquiry = Inquiry::new(view, &in_flight);
        let count = |(id, drain): (&DatanodeId, &Drain)| {
            let left = drain.enough.iter().filter(|(chunk, enough)| {
                let staying = inquiry.staying(**chunk, *id);
                staying.is_some_and(|(live, wanted)| live < wanted && live >= usize::from(**enough))
            });
            (*id, left.count() as u64)
        };
        self.0.iter().map(count).collect()
    }

    /// Returns the datanodes that became drained since the last call. A dead one is left out: it is
    /// stopped already.
    pub(super) fn take_drained(&mut self, nodes: &Nodes, now: Timestamp) -> Vec<DatanodeId> {
        let mut drained = Vec::new();
        for (id, drain) in self.0.iter_mut().filter(|(_, drain)| drain.is_done() && !drain.emitted) {
            let Some(node) = nodes.get(*id) else { continue };
            let dead = nodes.state(*id, now) == NodeState::Dead;
            if !dead && node.load.writes_in_flight == 0 && node.planned == 0 {
                drain.emitted = true;
                drained.push(*id);
            }
        }
        drained
    }

    /// Records for each draining datanode the reasons why its chunks cannot be re-replicated.
    pub(super) fn note_blocked(&mut self, blocked: impl Fn(DatanodeId) -> Blocked) {
        for (id, drain) in &mut self.0 {
            drain.blocked = blocked(*id);
        }
    }

    /// Returns true if a datanode is draining and all of its chunks have the wanted replicas
    /// elsewhere.
    pub fn is_done(&self, id: DatanodeId) -> bool {
        self.0.get(&id).is_some_and(Drain::is_done)
    }

    /// Returns the number of chunks of a draining datanode with fewer replicas elsewhere than
    /// wanted, once they were counted.
    pub fn left(&self, id: DatanodeId) -> Option<u64> {
        self.0.get(&id).and_then(|drain| drain.left)
    }

    /// Returns the reasons why chunks of a draining datanode cannot be re-replicated, from the same
    /// count.
    pub fn blocked(&self, id: DatanodeId) -> Blocked {
        self.0.get(&id).map(|drain| drain.blocked).unwrap_or_default()
    }

    /// Returns the number of chunks recorded in `enough` for each drain.
    pub(super) fn remembered(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.values().map(|drain| drain.enough.len())
    }
}
