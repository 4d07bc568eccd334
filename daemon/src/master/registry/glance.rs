//! What `status`, `nodes` and dashboards tell of, copied in one short look: the registry is not held while it is put into
//! words.

use super::nodes::{Node, Registry};
use super::space::Space;
use dfs_logic::expected::Roll;
use dfs_logic::liveness::NodeState;
use dfs_logic::placement::room;
use dfs_logic::repair::{Blocked, Counts};
use dfs_logic::state::State;
use dfs_rpc::wire::{self, ClusterStatus, Lasting, NodeLoad, NodeStatus, ReplicationStatus};
use dfs_types::{ClusterId, DatanodeId, Duty, Timestamp};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The registry at one moment.
#[derive(Debug, Clone)]
pub struct Glance {
    /// When that was, since the start of this master.
    pub now: Timestamp,
    /// In the order of their ids.
    pub nodes: Vec<Seen>,
    pub replication: ReplicationStatus,
    /// When all chunks were last counted.
    pub counted_at: Option<Timestamp>,
    pub counts: Arc<Counts>,
    /// Chunks reported so far, while safe mode lasts.
    pub safe_mode: Option<u64>,
    /// Who has reported, of those that are there or waited for.
    pub roll: Roll,
    /// Datanodes of the cluster that have not come since the start of this master.
    pub absent: Vec<DatanodeId>,
    lasting: Lasting,
    pub blocked: Blocked,
}

/// A datanode at one moment.
#[derive(Debug, Clone)]
pub struct Seen {
    pub id: DatanodeId,
    pub address: SocketAddr,
    pub state: NodeState,
    pub last_heartbeat: Timestamp,
    pub registered_at: Timestamp,
    pub skew_ms: i64,
    /// It takes permissions for expired.
    pub ahead: bool,
    pub load: Arc<NodeLoad>,
    pub chunks: u64,
    pub short: u64,
    pub sole: u64,
    pub duty: Duty,
    /// While it drains: its chunks with fewer copies elsewhere than wanted, once they were counted.
    pub left: Option<u64>,
    pub blocked: Blocked,
    pub version: Arc<str>,
    /// The number of what it told last: another one each time that it tells something.
    pub told: u64,
}

/// The state, as the protocol has it.
pub fn shown(state: NodeState) -> wire::NodeState {
    match state {
        NodeState::Live => wire::NodeState::Live,
        NodeState::Stale => wire::NodeState::Stale,
        NodeState::Dead => wire::NodeState::Dead,
    }
}

/// What keeps chunks from having their replicas, as the protocol has it.
pub fn told(blocked: Blocked) -> wire::Blocked {
    let Blocked { under_way, waiting, no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want } =
        blocked;
    wire::Blocked { under_way, waiting, no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want }
}

/// A span in milliseconds.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Registry {
    /// Looks at everything.
    pub fn glance(&self, namespace: &State, now: Timestamp) -> Glance {
        let counts = self.healing.counts();
        let seen = |(id, state, node): (DatanodeId, NodeState, &Node)| {
            let (lacking, duty) = (counts.node(id), namespace.duty(id));
            Seen {
                id,
                address: node.address,
                state,
                last_heartbeat: node.contact.last_heartbeat,
                registered_at: node.registered_at,
                skew_ms: node.skew_ms,
                ahead: self.is_ahead(node),
                load: node.load.clone(),
                chunks: self.locations.count(id),
                short: lacking.short,
                sole: lacking.sole,
                duty,
                left: self.left(id).filter(|_| duty == Duty::Drain),
                blocked: self.drain_blocked(id),
                version: node.version.clone(),
                told: node.told,
            }
        };
        Glance {
            now,
            nodes: self.nodes(now).map(seen).collect(),
            replication: self.healing.status(),
            counted_at: self.healing.counted_at(),
            safe_mode: self.healing.safe_mode(),
            roll: self.roll(namespace, now),
            absent: self.absent(namespace),
            lasting: self.healing.lasting(now),
            blocked: self.healing.blocked(),
            counts,
        }
    }
}

impl Glance {
    /// The cluster as far as a look at the registry tells; the rest is empty.
    pub fn status(&self, cluster: ClusterId, taken_at: Timestamp) -> ClusterStatus {
        let [nodes_live, nodes_stale, nodes_dead] = self.numbers();
        let space = self.space();
        ClusterStatus {
            replication: self.replication,
            counted_ms: self.counted_at.map(|at| millis(self.now.since(at))),
            lasting: self.lasting(),
            blocked: told(self.blocked),
            nodes_serving: self.serving(),
            capacity: space.capacity,
            used: space.used,
            free: space.free,
            nodes_live,
            nodes_stale,
            nodes_dead,
            nodes_draining: self.draining(),
            nodes_expected: self.roll.expected,
            nodes_reported: self.roll.reported,
            absent: self.absent.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ClusterStatus::empty(cluster, taken_at)
        }
    }

    /// How many datanodes are live, stale, dead.
    pub fn numbers(&self) -> [u32; 3] {
        let mut numbers = [0; 3];
        self.nodes.iter().for_each(|node| numbers[node.state as usize] += 1);
        numbers
    }

    /// How many datanodes serve: those that drain, are drained or dead do not.
    pub fn serving(&self) -> u32 {
        let serves = |node: &&Seen| node.duty == Duty::Serve && node.state != NodeState::Dead;
        u32::try_from(self.nodes.iter().filter(serves).count()).unwrap_or(u32::MAX)
    }

    /// The bytes of files that find room with so many replicas.
    pub fn room(&self, replicas: u8) -> u64 {
        let live = self.nodes.iter().filter(|node| node.state == NodeState::Live && node.duty == Duty::Serve);
        let loads: Vec<&NodeLoad> = live.map(|node| &*node.load).collect();
        let frees: Vec<u64> = loads.iter().map(|load| load.free()).collect();
        let shared = Space::of(loads.into_iter()).free / u64::from(replicas.max(1));
        room(&frees, replicas).min(shared)
    }

    /// How many datanodes are to be drained, in whatever state.
    pub fn draining(&self) -> u32 {
        let draining = self.nodes.iter().filter(|node| node.duty == Duty::Drain).count();
        u32::try_from(draining).unwrap_or(u32::MAX)
    }

    /// For how long each trouble has lasted.
    pub fn lasting(&self) -> Lasting {
        let mut lasting = self.lasting;
        for node in &self.nodes {
            let silent = Some(millis(self.now.since(node.last_heartbeat)));
            match node.state {
                NodeState::Live => {}
                NodeState::Stale => lasting.stale = lasting.stale.max(silent),
                NodeState::Dead => lasting.dead = lasting.dead.max(silent),
            }
        }
        lasting
    }

    /// What the live datanodes can hold.
    pub fn space(&self) -> Space {
        let live = self.nodes.iter().filter(|node| node.state == NodeState::Live);
        Space::of(live.map(|node| &*node.load))
    }
}

impl Seen {
    /// The datanode as the protocol has it.
    pub fn status(&self, now: Timestamp) -> NodeStatus {
        NodeStatus {
            id: self.id,
            address: self.address,
            state: shown(self.state),
            heartbeat_age_ms: millis(now.since(self.last_heartbeat)),
            registered_ms: millis(now.since(self.registered_at)),
            skew_ms: self.skew_ms,
            ahead: self.ahead,
            load: NodeLoad::clone(&self.load),
            chunks: self.chunks,
            short: self.short,
            sole: self.sole,
            duty: self.duty,
            left: self.left,
            blocked: told(self.blocked),
            version: self.version.as_ref().to_owned(),
        }
    }
}
