//! The datanodes.

use super::changes::{Change, FolderNews, folder_news};
use super::deletions::Deletions;
use super::drains::Drain;
use super::healing::Healing;
use super::lost::Lost;
use super::rivals::InUse;
use super::space::Space;
use crate::master::board::Journal;
use dfs_logic::expected::Wait;
use dfs_logic::liveness::{Contact, LivenessSettings, NodeState};
use dfs_logic::locations::Locations;
use dfs_logic::placement::Candidate;
use dfs_logic::repair::NodeView;
use dfs_logic::skew;
use dfs_logic::state::State;
use dfs_rpc::curve::{Heard, Pace};
use dfs_rpc::wire::{NodeAddress, NodeLoad, Order, Register};
use dfs_types::{DatanodeId, Duty, ReplicaKey, StoredReplica, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Orders that wait for a datanode; what is beyond is found again by the next search.
pub const ORDERS_WAITING_MAX: usize = 4096;

/// The spans and numbers that the registry goes by.
#[derive(Debug, Clone)]
pub struct RegistrySettings {
    pub liveness: LivenessSettings,
    pub safe_mode_threshold: f64,
    /// Copies that one datanode sends, or takes, at the same time.
    pub repair_streams: usize,
    /// How long a capability permits something.
    pub capability_lifetime: Duration,
}

impl RegistrySettings {
    /// One copy at a time, safe mode until every chunk is reported, capabilities for ten minutes.
    pub fn new(liveness: LivenessSettings) -> Self {
        let capability_lifetime = Duration::from_secs(600);
        Self { liveness, safe_mode_threshold: 1.0, repair_streams: 1, capability_lifetime }
    }
}

/// One datanode.
#[derive(Debug)]
pub struct Node {
    pub address: SocketAddr,
    /// As it said last; shared, so that it can be looked at without holding the registry.
    pub load: Arc<NodeLoad>,
    /// Of `load`, for the look that is taken every second: what it had done, and the bytes that it uses.
    pub(super) heard: Heard,
    pub(super) used: u64,
    /// As of the last such look.
    pub(super) pace: Pace,
    pub version: Arc<str>,
    pub boot: u64,
    pub contact: Contact,
    /// The connection that it registered on.
    pub(super) connection: u64,
    /// The number of what it told last.
    pub(super) told: u64,
    /// The data folders that were found nearly full.
    pub(super) full: BTreeSet<String>,
    /// When it registered.
    pub registered_at: Timestamp,
    /// How far its clock is ahead of ours, in milliseconds.
    pub skew_ms: i64,
    /// Its full report has come.
    pub(super) reported: bool,
    /// A full report of it has come since the start of this master, on this connection or an earlier one.
    pub(super) known: bool,
    /// Another process that says to be this datanode, and was turned away.
    pub(super) rival: Option<SocketAddr>,
    /// Chunks, and their bytes, given to it since its last heartbeat.
    pub(super) planned: u32,
    pub(super) planned_bytes: u64,
    pub(super) orders: VecDeque<Order>,
    pub(super) deletions: Deletions,
    /// Replicas of uncommitted chunks that it has lost in this life.
    pub(super) lost: Lost,
    /// Its state when it was last looked at.
    pub(super) seen: NodeState,
}

/// All that is known of datanodes and replicas.
#[derive(Debug)]
pub struct Registry {
    pub(super) settings: RegistrySettings,
    pub(super) nodes: BTreeMap<DatanodeId, Node>,
    pub(super) drains: BTreeMap<DatanodeId, Drain>,
    pub locations: Locations,
    pub healing: Healing,
    /// Since when datanodes are waited for that cannot have been heard from.
    pub(super) wait: Wait,
    /// For how long this master has stood still, as far as the registry has been told.
    pub(super) lost: Duration,
    pub(super) journal: Arc<Journal>,
    pub(super) changes: Vec<(DatanodeId, Change)>,
    /// Registrations, heartbeats and pages of reports so far: each has its number.
    pub(super) told: u64,
}

impl Node {
    /// Bytes that it can still take, without what is on the way to it.
    fn free(&self) -> u64 {
        self.load.free().saturating_sub(self.planned_bytes)
    }

    /// What it has to do.
    fn busy(&self) -> u32 {
        self.load.reads_in_flight.saturating_add(self.load.writes_in_flight).saturating_add(self.planned)
    }

    /// Forgets the orders that it was not given; the replicas that it was to delete.
    pub(super) fn void_orders(&mut self) -> Vec<StoredReplica> {
        self.orders.clear();
        self.deletions.take_ungiven()
    }

    /// Puts an order into its queue; says whether there was room.
    pub(super) fn order(&mut self, order: Order) -> bool {
        let room = self.orders.len() < ORDERS_WAITING_MAX;
        if room {
            self.orders.push_back(order);
        }
        room
    }
}

impl Registry {
    /// `journal` is told what happens.
    pub fn new(settings: RegistrySettings, journal: Arc<Journal>, now: Timestamp) -> Self {
        let (nodes, drains, changes) = Default::default();
        let (locations, healing) = (Locations::new(), Healing::new(now));
        let (wait, lost) = (Wait { since: now }, Duration::ZERO);
        Self { settings, nodes, drains, locations, healing, wait, lost, journal, changes, told: 0 }
    }

    /// A datanode has come, on the connection with this number. What it reported before holds until it reports again.
    ///
    /// # Errors
    /// When another process with the same identity is connected and heard from. It is told once.
    pub fn register(
        &mut self,
        id: DatanodeId,
        register: Register,
        connection: u64,
        now: Timestamp,
    ) -> Result<(), InUse> {
        self.check_rival(id, &register, now)?;
        self.told += 1;
        let contact = Contact { last_heartbeat: now, connected: true };
        let known = self.nodes.remove(&id);
        let version: Arc<str> = register.version.into();
        self.note_change(
            id,
            match &known {
                Some(known) => Change::Back { silent: now.since(known.contact.last_heartbeat) },
                None => Change::Came { address: register.address, version: version.clone() },
            },
        );
        let reported_before = known.as_ref().is_some_and(|known| known.known);
        let same_life = known.as_ref().is_some_and(|known| known.boot == register.boot);
        let (before, mut full, lost) =
            known.map_or_else(Default::default, |known| (Some(known.load), known.full, known.lost));
        let lost = if same_life { lost } else { Lost::default() };
        self.note_folders(id, before.as_deref(), &register.load, &mut full);
        let (heard, mut pace) = (Heard::new(&register.load, now), Pace::default());
        pace.hear(heard);
        let node = Node {
            address: register.address,
            heard,
            used: register.load.used(),
            pace,
            load: Arc::new(register.load),
            version,
            boot: register.boot,
            contact,
            connection,
            told: self.told,
            full,
            registered_at: now,
            skew_ms: 0,
            reported: false,
            known: reported_before,
            rival: None,
            planned: 0,
            planned_bytes: 0,
            orders: VecDeque::new(),
            deletions: Deletions::default(),
            lost,
            seen: NodeState::Live,
        };
        self.nodes.insert(id, node);
        self.locations.expect_report(id);
        self.uncount(id);
        self.healing.forget_copies_of(id);
        self.healing.changed();
        Ok(())
    }

    /// Tells the journal what is new about data folders.
    pub(super) fn note_folders(
        &self,
        id: DatanodeId,
        before: Option<&NodeLoad>,
        load: &NodeLoad,
        full: &mut BTreeSet<String>,
    ) {
        for news in folder_news(before, load, full) {
            match news {
                FolderNews::Failed(path, reason) => {
                    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                    tracing::error!(node = %id, path, "a data folder has failed{reason}");
                    self.journal.error(Some(id), format!("data folder {path} has failed{reason}"));
                }
                FolderNews::NearlyFull(path, percent) => {
                    tracing::warn!(node = %id, path, percent, "a data folder is nearly full");
                    self.journal.warning(Some(id), format!("data folder {path} is {percent} % full"));
                }
            }
        }
    }

    /// Notes how far the clock of a datanode is ahead of ours.
    pub fn note_skew(&mut self, id: DatanodeId, skew_ms: i64) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.skew_ms = skew_ms;
        }
    }

    /// A connection has closed. The datanode is stale at once, unless it has come again on another one.
    pub fn disconnected(&mut self, id: DatanodeId, connection: u64) -> bool {
        let Some(node) = self.nodes.get_mut(&id).filter(|node| node.connection == connection) else { return false };
        node.contact.connected = false;
        self.healing.forget_copies_of(id);
        self.healing.changed();
        true
    }

    /// Notes the states that time has changed, and gives them.
    pub fn refresh_states(&mut self, now: Timestamp) -> Vec<(DatanodeId, NodeState)> {
        let mut changes = Vec::new();
        let mut told = Vec::new();
        for (id, node) in &mut self.nodes {
            let state = node.contact.state(now, &self.settings.liveness);
            if state != node.seen {
                node.seen = state;
                changes.push((*id, state));
                let silent = now.since(node.contact.last_heartbeat);
                told.push(match state {
                    NodeState::Live => Change::Well,
                    NodeState::Stale => Change::Stale { silent, closed: !node.contact.connected },
                    NodeState::Dead if self.drains.get(id).is_some_and(Drain::is_done) => {
                        Change::DeadDrained { silent }
                    }
                    NodeState::Dead => Change::Dead { silent, chunks: self.locations.count(*id) },
                });
            }
            match state {
                NodeState::Live => {}
                // What it was to copy is copied from and to others meanwhile.
                NodeState::Stale => node.orders.retain(|order| !matches!(order, Order::Copy { .. })),
                // Old orders would only do harm when it comes back.
                NodeState::Dead => node.orders.clear(),
            }
        }
        for (id, _) in changes.iter().filter(|(_, state)| *state != NodeState::Live) {
            self.healing.forget_copies_of(*id);
        }
        if !changes.is_empty() {
            self.healing.changed();
        }
        for ((id, _), change) in changes.iter().zip(told) {
            self.note_change(*id, change);
        }
        changes
    }

    pub fn state(&self, id: DatanodeId, now: Timestamp) -> NodeState {
        self.nodes.get(&id).map_or(NodeState::Dead, |node| node.contact.state(now, &self.settings.liveness))
    }

    pub fn node(&self, id: DatanodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// All datanodes with their states, in the order of their ids.
    pub fn nodes(&self, now: Timestamp) -> impl Iterator<Item = (DatanodeId, NodeState, &Node)> {
        self.nodes.iter().map(move |(id, node)| (*id, node.contact.state(now, &self.settings.liveness), node))
    }

    /// The datanodes as repair sees them.
    pub fn views(&self, namespace: &State, now: Timestamp) -> BTreeMap<DatanodeId, NodeView> {
        let view = |(id, state, node): (DatanodeId, NodeState, &Node)| {
            let leaving = namespace.duty(id) != Duty::Serve;
            // No copy could be made there.
            let free = if self.is_ahead(node) { 0 } else { node.free() };
            (id, NodeView { state, free, load: node.busy(), leaving, reported: node.reported })
        };
        self.nodes(now).map(view).collect()
    }

    /// Whether a datanode's clock is so far ahead that it takes the permissions of the masters for expired.
    pub(super) fn is_ahead(&self, node: &Node) -> bool {
        skew::is_too_far_ahead(node.skew_ms, self.settings.capability_lifetime)
    }

    /// The live datanodes that are to serve and not in `exclude`, as placement sees them. Those whose clocks are too far
    /// ahead are left out.
    pub fn candidates(&self, namespace: &State, exclude: &[DatanodeId], now: Timestamp) -> Vec<Candidate> {
        let live = self.nodes(now).filter(|(id, state, _)| *state == NodeState::Live && !exclude.contains(id));
        let serving = live.filter(|(id, ..)| namespace.duty(*id) == Duty::Serve);
        let serving = serving.filter(|(.., node)| !self.is_ahead(node));
        serving.map(|(id, _, node)| Candidate { id, free: node.free(), load: node.busy() }).collect()
    }

    /// The space of these datanodes, each disk counted once.
    pub fn space_of(&self, ids: impl Iterator<Item = DatanodeId>) -> Space {
        Space::of(ids.filter_map(|id| self.nodes.get(&id)).map(|node| &*node.load))
    }

    /// How many datanodes serve: those that drain, are drained or dead do not.
    pub fn serving(&self, namespace: &State, now: Timestamp) -> usize {
        let serves = |(id, state, _): &(DatanodeId, NodeState, &Node)| {
            *state != NodeState::Dead && namespace.duty(*id) == Duty::Serve
        };
        self.nodes(now).filter(serves).count()
    }

    /// Notes that a chunk of up to `bytes` is on its way to these.
    pub fn note_planned(&mut self, chain: &[DatanodeId], bytes: u64) {
        for id in chain {
            if let Some(node) = self.nodes.get_mut(id) {
                node.planned = node.planned.saturating_add(1);
                node.planned_bytes = node.planned_bytes.saturating_add(bytes);
            }
        }
    }

    /// Where a datanode takes data connections.
    pub fn address(&self, id: DatanodeId) -> Option<NodeAddress> {
        self.nodes.get(&id).map(|node| NodeAddress { id, address: node.address })
    }

    /// Where to read a chunk: live datanodes by rising load, those whose clocks are too far ahead behind them, then stale
    /// ones, then those with a suspect replica. Dead ones are left out. `turn` decides among equals.
    pub fn readers(&self, key: ReplicaKey, now: Timestamp, turn: u64) -> Vec<NodeAddress> {
        let replicas = self.locations.replicas_of(key);
        let good = replicas.nodes().map(|id| (id, false));
        let all = good.chain(self.locations.suspects(key).map(|id| (id, true)));
        let mut found: Vec<_> = all
            .filter_map(|(id, suspect)| Some((id, suspect, self.nodes.get(&id)?)))
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

    /// Has a datanode verify a replica, unless it is at it already, or has enough to verify. Says whether it was told to;
    /// none when it is not known to have one.
    pub fn verify(&mut self, id: DatanodeId, key: ReplicaKey, now: Timestamp) -> Option<bool> {
        self.locations.has(id, key).then(|| self.order_check(id, key, now))
    }
}
