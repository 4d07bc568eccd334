//! The state of the cluster, and its queries.

use super::check::check;
use super::drains::Drains;
use super::event::{ClusterEvent, Effect};
use super::monitor::ReplicationMonitor;
use super::nodes::{ClusterSettings, Nodes};
use super::order::NodeAddress;
use super::rates::ClusterRates;
use super::snapshot::ClusterSnapshot;
use crate::expected::Roll;
use crate::liveness::NodeState;
use crate::locations::Locations;
use crate::repair::{Blocked, Inquiry, View};
use crate::state::State;
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, Timestamp};
use std::time::Duration;

/// Everything that this master knows about datanodes and replicas. Soft state: it is lost with the
/// process, and rebuilt from the reports of datanodes. [`ClusterState::observe`] is the only way to
/// change it.
#[derive(Debug)]
pub struct ClusterState {
    pub(super) nodes: Nodes,
    pub(super) drains: Drains,
    pub(super) locations: Locations,
    pub(super) monitor: ReplicationMonitor,
    /// The total time for which the process was suspended, as far as it was observed.
    pub(super) stood_still: Duration,
    /// The effects of the current event; empty between two events.
    pub(super) effects: Vec<Effect>,
}

impl ClusterState {
    /// Returns the state of a master that has just started.
    pub fn new(settings: ClusterSettings, now: Timestamp) -> Self {
        Self {
            nodes: Nodes::new(settings, now),
            drains: Drains::default(),
            locations: Locations::new(),
            monitor: ReplicationMonitor::new(now),
            stood_still: Duration::ZERO,
            effects: Vec::new(),
        }
    }

    pub(super) fn emit(&mut self, event: ClusterEvent) {
        self.effects.push(Effect::Emit(event));
    }

    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    pub fn drains(&self) -> &Drains {
        &self.drains
    }

    pub fn locations(&self) -> &Locations {
        &self.locations
    }

    pub fn monitor(&self) -> &ReplicationMonitor {
        &self.monitor
    }

    /// Returns the total time for which the process was suspended, as far as it was observed.
    pub fn stood_still(&self) -> Duration {
        self.stood_still
    }

    /// Counts the datanodes that have reported, of those that are live or awaited.
    pub fn roll(&self, state: &State, now: Timestamp) -> Roll {
        self.nodes.roll(state, now)
    }

    /// Returns the datanodes to read a chunk from, the best first. `turn` decides among equals.
    pub fn readers(&self, key: ReplicaKey, now: Timestamp, turn: u64) -> Vec<NodeAddress> {
        self.nodes.readers(&self.locations, key, now, turn)
    }

    /// Returns true if a receipt counts: the datanode is not dead, and either has reported the
    /// replica since it registered, or issued the receipt since its start (`boot`) and has not
    /// reported the loss of the replica.
    pub fn stands(&self, id: DatanodeId, boot: u64, key: ReplicaKey, now: Timestamp) -> bool {
        let Some(node) = self.nodes.get(id) else { return false };
        let alive = self.nodes.state(id, now) != NodeState::Dead;
        let reported = self.locations.holds(id, key);
        alive && (reported || (node.boot == boot && !node.lost.has(key)))
    }

    /// Returns the reasons why the chunks of one file cannot get their replicas.
    pub fn blockers_of(&self, chunks: impl Iterator<Item = ChunkId>, state: &State, now: Timestamp) -> Blocked {
        let nodes = self.nodes.views(state, now);
        let in_flight = self.monitor.in_progress.copying();
        let inquiry = Inquiry::new(View { namespace: state, locations: &self.locations, nodes: &nodes }, &in_flight);
        let mut blocked = Blocked::default();
        chunks.filter_map(|id| inquiry.blocker(id)).for_each(|blocker| blocked.note(blocker, 1));
        if self.may_repair(state, now) { blocked } else { blocked.held() }
    }

    /// Returns a copy for readers outside of the lock.
    pub fn snapshot(&self, state: &State, now: Timestamp) -> ClusterSnapshot {
        ClusterSnapshot::take((&self.nodes, &self.drains), &self.locations, &self.monitor, state, now)
    }

    /// Samples the rates of all datanodes together.
    pub fn rates(&mut self, now: Timestamp) -> ClusterRates {
        ClusterRates::sample(&mut self.nodes, &self.monitor, now)
    }

    /// Checks the invariants of the whole state. Tests do it after each event.
    ///
    /// # Errors
    /// Returns an error if an invariant does not hold; the text says which one, and where.
    pub fn check(&self) -> Result<(), String> {
        check(self)
    }
}
