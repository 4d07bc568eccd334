//! A copy of the cluster state for `status`, `nodes` and dashboards, made while the state is locked
//! and read afterwards.

use super::drains::Drains;
use super::load::NodeLoad;
use super::monitor::{Lasting, ReplicationMonitor};
use super::nodes::{Node, Nodes};
use super::space::Space;
use crate::expected::Roll;
use crate::liveness::NodeState;
use crate::locations::Locations;
use crate::placement::room;
use crate::repair::{Blocked, Counts, Health};
use crate::state::State;
use dfs_types::{AdminState, DatanodeId, Timestamp};
use std::net::SocketAddr;
use std::sync::Arc;

/// The cluster at one moment.
#[derive(Debug, Clone)]
pub struct ClusterSnapshot {
    /// The moment, as the time since the start of this master.
    pub now: Timestamp,
    /// Sorted by id.
    pub nodes: Vec<NodeSnapshot>,
    /// The figures of the last survey, its time, and its details.
    pub health: Health,
    pub counted_at: Option<Timestamp>,
    pub counts: Arc<Counts>,
    /// Copies in progress.
    pub copying: u64,
    /// The number of chunks reported so far, while the safe mode after a start lasts.
    pub safe_mode: Option<u64>,
    /// The datanodes that have reported, of those that are live or awaited.
    pub roll: Roll,
    /// Datanodes of the cluster that have not registered since the start of this master.
    pub absent: Vec<DatanodeId>,
    pub blocked: Blocked,
    lasting: Lasting,
}

/// A datanode at one moment.
#[derive(Debug, Clone)]
pub struct NodeSnapshot {
    pub id: DatanodeId,
    pub address: SocketAddr,
    pub state: NodeState,
    pub last_heartbeat: Timestamp,
    pub registered_at: Timestamp,
    pub skew_ms: i64,
    /// True if its clock is so far ahead that new capabilities look expired to it.
    pub ahead: bool,
    pub load: Arc<NodeLoad>,
    pub chunks: u64,
    /// Under-replicated chunks with a replica here, and those whose only live replica is here.
    pub under_replicated: u64,
    pub last_replica: u64,
    pub admin_state: AdminState,
    /// While it drains: the number of chunks here with fewer replicas elsewhere than wanted, once
    /// they were counted.
    pub left: Option<u64>,
    pub blocked: Blocked,
    pub version: Arc<str>,
    /// The number of its last message; it changes with each message.
    pub report_seq: u64,
}

impl ClusterSnapshot {
    pub(super) fn take(
        (nodes, drains): (&Nodes, &Drains),
        locations: &Locations,
        monitor: &ReplicationMonitor,
        state: &State,
        now: Timestamp,
    ) -> Self {
        let counts = monitor.counts();
        let of_node = |(id, liveness, node): (DatanodeId, NodeState, &Node)| {
            let (of_node, admin_state) = (counts.node(id), state.admin_state(id));
            NodeSnapshot {
                id,
                address: node.address,
                state: liveness,
                last_heartbeat: node.contact.last_heartbeat,
                registered_at: node.registered_at,
                skew_ms: node.skew_ms,
                ahead: nodes.is_ahead(node),
                load: node.load.clone(),
                chunks: locations.count(id),
                under_replicated: of_node.under_replicated,
                last_replica: of_node.last_replica,
                admin_state,
                left: drains.left(id).filter(|_| admin_state == AdminState::Draining),
                blocked: drains.blocked(id),
                version: node.version.clone(),
                report_seq: node.report_seq,
            }
        };
        Self {
            now,
            nodes: nodes.all(now).map(of_node).collect(),
            health: monitor.health(),
            counted_at: monitor.complete_at(),
            copying: monitor.copying(),
            safe_mode: monitor.safe_mode(),
            roll: nodes.roll(state, now),
            absent: nodes.absent(state),
            blocked: monitor.blocked(),
            lasting: monitor.lasting(now),
            counts,
        }
    }

    /// Returns the numbers of live, stale and dead datanodes.
    pub fn numbers(&self) -> [u32; 3] {
        [NodeState::Live, NodeState::Stale, NodeState::Dead].map(|state| self.count(|node| node.state == state))
    }

    /// Returns the number of datanodes in service that are not dead.
    pub fn serving(&self) -> u32 {
        self.count(|node| node.admin_state == AdminState::InService && node.state != NodeState::Dead)
    }

    /// Returns the number of datanodes that are draining or drained, in any state.
    pub fn draining(&self) -> u32 {
        self.count(|node| node.admin_state == AdminState::Draining)
    }

    fn count(&self, which: impl Fn(&NodeSnapshot) -> bool) -> u32 {
        u32::try_from(self.nodes.iter().filter(|node| which(node)).count()).unwrap_or(u32::MAX)
    }

    /// Returns the bytes of files that can be stored with `replicas` replicas.
    pub fn room(&self, replicas: u8) -> u64 {
        let live =
            self.nodes.iter().filter(|node| node.state == NodeState::Live && node.admin_state == AdminState::InService);
        let loads: Vec<&NodeLoad> = live.map(|node| &*node.load).collect();
        let frees: Vec<u64> = loads.iter().map(|load| load.free()).collect();
        let shared = Space::of(loads.into_iter()).free / u64::from(replicas.max(1));
        room(&frees, replicas).min(shared)
    }

    /// Returns the duration of each problem.
    pub fn lasting(&self) -> Lasting {
        let mut lasting = self.lasting;
        for node in &self.nodes {
            let silent = Some(self.now.since(node.last_heartbeat));
            match node.state {
                NodeState::Live => {}
                NodeState::Stale => lasting.stale = lasting.stale.max(silent),
                NodeState::Dead => lasting.dead = lasting.dead.max(silent),
            }
        }
        lasting
    }

    /// Returns the space of the live datanodes.
    pub fn space(&self) -> Space {
        let live = self.nodes.iter().filter(|node| node.state == NodeState::Live);
        Space::of(live.map(|node| &*node.load))
    }
}
