//! How far datanodes have come that drain, and the end of those that are forgotten. What is wanted of datanodes stands in the
//! namespace; this is what this master has seen since.

use super::changes::Change;
use super::nodes::Registry;
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::{Blocked, InFlight, Inquiry, View};
use dfs_logic::state::State;
use dfs_types::{ChunkId, DatanodeId, Duty, Timestamp};
use std::collections::BTreeMap;

/// Chunks of one drained datanode that are remembered to have had enough replicas.
const ENOUGH_MAX: usize = 65_536;

/// A datanode that drains.
#[derive(Debug, Default)]
pub(super) struct Drain {
    /// The survey that is under way began after the wish, and after the datanode had reported what it has.
    counting: bool,
    /// Its chunks with fewer copies elsewhere than wanted, at the last such survey.
    left: Option<u64>,
    /// That it is drained was told, and has been so since.
    told: bool,
    /// What keeps its chunks from being copied, at the last survey.
    pub(super) blocked: Blocked,
    /// Chunks of which more replicas were wanted after it was drained: how many were enough until then. It stays drained as
    /// long as there are as many elsewhere.
    enough: BTreeMap<ChunkId, u8>,
}

impl Drain {
    /// Whether all of its chunks have the copies wanted elsewhere.
    pub(super) fn is_done(&self) -> bool {
        self.left == Some(0)
    }
}

impl Registry {
    /// Follows what the namespace says is wanted of datanodes: drains begin and end, dead ones that are gone are forgotten.
    pub fn note_duties(&mut self, namespace: &State, now: Timestamp) {
        let before = self.drains.len();
        self.drains.retain(|id, _| namespace.duty(*id) == Duty::Drain);
        let mut changed = self.drains.len() != before;
        let mut forgotten = Vec::new();
        for (id, duty) in namespace.duties().filter(|(id, _)| self.nodes.contains_key(id)) {
            if duty == Duty::Drain && !self.drains.contains_key(&id) {
                self.drains.insert(id, Drain::default());
                changed = true;
            } else if duty == Duty::Gone && self.state(id, now) == NodeState::Dead {
                forgotten.push(id);
            }
        }
        forgotten.into_iter().for_each(|id| self.forget(id));
        if changed {
            self.healing.changed();
        }
    }

    /// A user has changed what is wanted of a datanode: what was counted before counts no more.
    pub fn duty_changed(&mut self, id: DatanodeId, duty: Duty, by: &str) {
        let (by, chunks) = (by.into(), self.locations.count(id));
        let change = match duty {
            Duty::Serve => Change::Serves { by },
            Duty::Drain => Change::Drains { by, chunks },
            Duty::Gone => Change::Forgotten { by },
        };
        self.note_change(id, change);
        self.drains.remove(&id);
        self.healing.changed();
    }

    /// What was counted on a datanode says nothing any more.
    pub(in crate::master) fn uncount(&mut self, id: DatanodeId) {
        if let Some(drain) = self.drains.get_mut(&id) {
            (drain.counting, drain.left) = (false, None);
            self.healing.changed();
        }
    }

    /// A survey begins: it will count what is on those that drain and have reported.
    pub(super) fn begin_count(&mut self) {
        for (id, drain) in &mut self.drains {
            drain.counting = self.nodes.get(id).is_some_and(|node| node.reported);
        }
    }

    /// A survey has ended. Tells of those that are drained now.
    pub(super) fn end_count(&mut self, namespace: &State, now: Timestamp) {
        let (counts, excused) = (self.healing.counts(), self.excused(namespace, now));
        for (id, drain) in self.drains.iter_mut().filter(|(_, drain)| drain.counting) {
            drain.counting = false;
            drain.left = Some(counts.node(*id).left.saturating_sub(excused.get(id).copied().unwrap_or(0)));
            drain.told &= drain.is_done();
        }
    }

    /// More replicas are to be wanted of these chunks: datanodes that are drained stay so as long as there are as many
    /// elsewhere as were enough so far. Soft state: another leader asks for all that is wanted.
    pub fn wants_more(&mut self, chunks: &[ChunkId], enough: u8) {
        for (id, drain) in self.drains.iter_mut().filter(|(_, drain)| drain.is_done()) {
            for chunk in chunks {
                let holds = self.locations.replicas(*chunk).nodes().any(|node| node == *id);
                if holds && drain.enough.len() < ENOUGH_MAX {
                    drain.enough.entry(*chunk).or_insert(enough);
                }
            }
        }
    }

    /// Chunks on those that drain which lack replicas only since more are wanted.
    fn excused(&self, namespace: &State, now: Timestamp) -> BTreeMap<DatanodeId, u64> {
        if self.drains.values().all(|drain| drain.enough.is_empty()) {
            return BTreeMap::new();
        }
        let nodes = self.views(namespace, now);
        let in_flight = InFlight::default();
        let inquiry = Inquiry::new(View { namespace, locations: &self.locations, nodes: &nodes }, &in_flight);
        let count = |(id, drain): (&DatanodeId, &Drain)| {
            let lacking = drain.enough.iter().filter(|(chunk, enough)| {
                inquiry
                    .staying(**chunk, *id)
                    .is_some_and(|(live, wanted)| live < wanted && live >= usize::from(**enough))
            });
            (*id, lacking.count() as u64)
        };
        self.drains.iter().map(count).collect()
    }

    /// Notes those that have come to be drained. Of a dead one it is no news that it can be stopped.
    pub fn note_drained(&mut self, now: Timestamp) {
        let mut drained = Vec::new();
        for (id, drain) in self.drains.iter_mut().filter(|(_, drain)| drain.is_done() && !drain.told) {
            let Some(node) = self.nodes.get(id) else { continue };
            let dead = node.contact.state(now, &self.settings.liveness) == NodeState::Dead;
            if !dead && node.load.writes_in_flight == 0 && node.planned == 0 {
                drain.told = true;
                drained.push(*id);
            }
        }
        drained.into_iter().for_each(|id| self.note_change(id, Change::Drained));
    }

    /// While a datanode drains: its chunks with fewer copies elsewhere than wanted, once they were counted.
    pub(super) fn left(&self, id: DatanodeId) -> Option<u64> {
        self.drains.get(&id).and_then(|drain| drain.left)
    }

    /// While a datanode drains: what keeps its chunks from being copied, by the same count.
    pub(super) fn drain_blocked(&self, id: DatanodeId) -> Blocked {
        self.drains.get(&id).map(|drain| drain.blocked).unwrap_or_default()
    }

    /// Live datanodes that were forgotten: they have come back.
    pub fn returned(&self, namespace: &State, now: Timestamp) -> Vec<DatanodeId> {
        let gone = namespace.duties().filter(|(_, duty)| *duty == Duty::Gone).map(|(id, _)| id);
        gone.filter(|id| self.state(*id, now) == NodeState::Live).collect()
    }

    /// Forgets a datanode and what it had.
    pub(in crate::master) fn forget(&mut self, id: DatanodeId) {
        self.nodes.remove(&id);
        self.drains.remove(&id);
        self.locations.clear_node(id);
        self.healing.forget_copies_of(id);
        self.healing.changed();
    }
}
