//! The datanodes: their last messages, their liveness, and the orders waiting for them.

use super::load::NodeLoad;
use super::order::{NodeAddress, OrderQueue};
use super::space::Space;
use crate::durability::lost::Lost;
use crate::expected::Wait;
use crate::liveness::{Contact, LivenessSettings, NodeState};
use crate::locations::Locations;
use crate::placement::Candidate;
use crate::repair::NodeView;
use crate::skew;
use crate::state::State;
use dfs_types::rates::{Counters, Pace};
use dfs_types::{AdminState, DatanodeId, ReplicaKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The settings of [`ClusterState`](super::ClusterState).
#[derive(Debug, Clone)]
pub struct ClusterSettings {
    pub liveness: LivenessSettings,
    /// Safe mode ends when this fraction of all chunks is reported.
    pub safe_mode_threshold: f64,
    /// The maximum number of copies that one datanode sends, and receives, concurrently.
    pub repair_streams: usize,
    pub capability_lifetime: Duration,
}

impl ClusterSettings {
    /// Returns settings with one copy at a time, safe mode until every chunk is reported,
    /// capabilities for ten minutes.
    pub fn new(liveness: LivenessSettings) -> Self {
        let capability_lifetime = Duration::from_secs(600);
        Self { liveness, safe_mode_threshold: 1.0, repair_streams: 1, capability_lifetime }
    }
}

/// One datanode.
#[derive(Debug)]
pub struct Node {
    pub address: SocketAddr,
    /// The last load; shared, so that a snapshot does not copy it.
    pub load: Arc<NodeLoad>,
    /// Sums of `load`, for [`ClusterState::rates`](super::ClusterState::rates): counters, and bytes
    /// used.
    pub(super) counters: Counters,
    pub(super) used: u64,
    /// As of the last call of `rates`.
    pub(super) pace: Pace,
    pub version: Arc<str>,
    pub boot: u64,
    pub contact: Contact,
    /// The connection on which it registered.
    pub(super) connection: u64,
    /// The number of its last message among all messages of datanodes.
    pub(super) report_seq: u64,
    /// The data directories that were found nearly full.
    pub(super) full: BTreeSet<String>,
    pub registered_at: Timestamp,
    /// The milliseconds by which its clock is ahead of ours.
    pub skew_ms: i64,
    /// True if its full report on this connection is complete.
    pub(super) reported: bool,
    /// True if a full report of it was completed since the start of this master, on this connection
    /// or an earlier one.
    pub(super) known: bool,
    /// The address of another process with this identity, whose registration was refused.
    pub(super) rival: Option<SocketAddr>,
    /// Chunks, and their bytes, planned for it since its last heartbeat.
    pub(super) planned: u32,
    pub(super) planned_bytes: u64,
    pub(super) orders: OrderQueue,
    /// Replicas of uncommitted chunks that it has lost since it started.
    pub(super) lost: Lost,
    /// Its state at the last tick.
    pub(super) seen: NodeState,
}

impl Node {
    /// Returns the bytes that it can still store, minus those planned for it.
    fn free(&self) -> u64 {
        self.load.free().saturating_sub(self.planned_bytes)
    }

    /// Returns the number of its streams, including planned ones.
    fn busy(&self) -> u32 {
        self.load.reads_in_flight.saturating_add(self.load.writes_in_flight).saturating_add(self.planned)
    }
}

/// All datanodes that sent a message since the start of this master.
#[derive(Debug)]
pub struct Nodes {
    pub(super) settings: ClusterSettings,
    pub(super) by_id: BTreeMap<DatanodeId, Node>,
    /// The time since which this master waits for datanodes that cannot have registered yet.
    pub(super) wait: Wait,
    /// The number of messages of datanodes so far.
    report_seq: u64,
}

impl Nodes {
    pub(super) fn new(settings: ClusterSettings, now: Timestamp) -> Self {
        Self { settings, by_id: BTreeMap::new(), wait: Wait { since: now }, report_seq: 0 }
    }

    /// Numbers a message.
    pub(super) fn next_seq(&mut self) -> u64 {
        self.report_seq += 1;
        self.report_seq
    }

    pub(super) fn get_mut(&mut self, id: DatanodeId) -> Option<&mut Node> {
        self.by_id.get_mut(&id)
    }

    pub fn get(&self, id: DatanodeId) -> Option<&Node> {
        self.by_id.get(&id)
    }

    /// Returns the state of a datanode; one that never sent a message is dead.
    pub fn state(&self, id: DatanodeId, now: Timestamp) -> NodeState {
        self.by_id.get(&id).map_or(NodeState::Dead, |node| node.contact.state(now, &self.settings.liveness))
    }

    /// Returns all datanodes with their states, in the order of their ids.
    pub fn all(&self, now: Timestamp) -> impl Iterator<Item = (DatanodeId, NodeState, &Node)> {
        self.by_id.iter().map(move |(id, node)| (*id, node.contact.state(now, &self.settings.liveness), node))
    }

    /// Returns the datanodes as repair needs them.
    pub fn views(&self, state: &State, now: Timestamp) -> BTreeMap<DatanodeId, NodeView> {
        let view = |(id, liveness, node): (DatanodeId, NodeState, &Node)| {
            let leaving = state.admin_state(id) != AdminState::InService;
            // A datanode whose clock is too far ahead would refuse a copy.
            let free = if self.is_ahead(node) { 0 } else { node.free() };
            (id, NodeView { state: liveness, free, load: node.busy(), leaving, reported: node.reported })
        };
        self.all(now).map(view).collect()
    }

    /// Returns true if the clock of a datanode is so far ahead that new capabilities look expired
    /// to it.
    pub fn is_ahead(&self, node: &Node) -> bool {
        skew::is_too_far_ahead(node.skew_ms, self.settings.capability_lifetime)
    }

    /// Returns the live datanodes in service that are not in `exclude`, as placement needs them.
    /// Those whose clocks are too far ahead are left out.
    pub fn candidates(&self, state: &State, exclude: &[DatanodeId], now: Timestamp) -> Vec<Candidate> {
        let serving = self.live_serving(state, now).filter(|(id, _)| !exclude.contains(id));
        let serving = serving.filter(|(_, node)| !self.is_ahead(node));
        serving.map(|(id, node)| Candidate { id, free: node.free(), load: node.busy() }).collect()
    }

    /// Returns the live datanodes in service that receive no chunks because their clocks are too
    /// far ahead.
    pub fn ahead(&self, state: &State, now: Timestamp) -> Vec<DatanodeId> {
        self.live_serving(state, now).filter(|(_, node)| self.is_ahead(node)).map(|(id, _)| id).collect()
    }

    fn live_serving(&self, state: &State, now: Timestamp) -> impl Iterator<Item = (DatanodeId, &Node)> {
        let live = self.all(now).filter(|(_, liveness, _)| *liveness == NodeState::Live);
        live.filter(|(id, ..)| state.admin_state(*id) == AdminState::InService).map(|(id, _, node)| (id, node))
    }

    /// Returns the space of these datanodes, each disk counted once.
    pub fn space_of(&self, ids: impl Iterator<Item = DatanodeId>) -> Space {
        Space::of(ids.filter_map(|id| self.by_id.get(&id)).map(|node| &*node.load))
    }

    /// Returns the number of datanodes in service that are not dead.
    pub fn serving(&self, state: &State, now: Timestamp) -> usize {
        let serves = |(id, liveness, _): &(DatanodeId, NodeState, &Node)| {
            *liveness != NodeState::Dead && state.admin_state(*id) == AdminState::InService
        };
        self.all(now).filter(serves).count()
    }

    /// Counts a chunk of up to `bytes` that will be written to this pipeline.
    pub(super) fn note_planned(&mut self, pipeline: &[DatanodeId], bytes: u64) {
        for id in pipeline {
            if let Some(node) = self.by_id.get_mut(id) {
                node.planned = node.planned.saturating_add(1);
                node.planned_bytes = node.planned_bytes.saturating_add(bytes);
            }
        }
    }

    /// Returns the address on which a datanode accepts data connections.
    pub fn address(&self, id: DatanodeId) -> Option<NodeAddress> {
        self.by_id.get(&id).map(|node| NodeAddress { id, address: node.address })
    }

    /// Returns the datanodes to read a chunk from: live ones by ascending load, then live ones
    /// whose clocks are too far ahead, then stale ones, then those with a suspect replica. Dead
    /// ones are left out. `turn` decides among equals.
    pub fn readers(&self, locations: &Locations, key: ReplicaKey, now: Timestamp, turn: u64) -> Vec<NodeAddress> {
        let replicas = locations.replicas_of(key);
        let good = replicas.nodes().map(|id| (id, false));
        let all = good.chain(locations.suspects(key).map(|id| (id, true)));
        let mut found: Vec<_> = all
            .filter_map(|(id, suspect)| Some((id, suspect, self.by_id.get(&id)?)))
            .map(|(id, suspect, node)| {
                let state = node.contact.state(now, &self.settings.liveness);
                let order = (suspect, state, self.is_ahead(node), node.busy());
                (order, NodeAddress { id, address: node.address })
            })
            .filter(|((_, state, ..), _)| *state != NodeState::Dead)
            .collect();
        let count = found.len() as u64;
        if count > 1 {
            found.rotate_left((turn % count) as usize);
        }
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, address)| address).collect()
    }
}
