//! The cluster in figures.

use crate::master::registry::Space;
use crate::master::state::{Held, Master};
use dfs_logic::liveness::NodeState as State;
use dfs_rpc::client::{ClusterStatus, MasterStatus, NodeState, NodeStatus, SafeMode};
use dfs_types::MasterId;
use std::net::SocketAddr;
use std::time::Duration;

pub(super) fn shown(state: State) -> NodeState {
    match state {
        State::Live => NodeState::Live,
        State::Stale => NodeState::Stale,
        State::Dead => NodeState::Dead,
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Master {
    pub(in crate::master) fn status(&self) -> ClusterStatus {
        let version = self.published.get();
        let totals = version.namespace.totals();
        let now = self.clock.now();
        let registry = self.registry();
        let mut counts = [0u32; 3];
        let mut lasting = registry.healing.lasting(now);
        for (_, state, node) in registry.nodes(now) {
            counts[state as usize] += 1;
            let silent = Some(millis(now.since(node.contact.last_heartbeat)));
            match state {
                State::Live => {}
                State::Stale => lasting.stale = lasting.stale.max(silent),
                State::Dead => lasting.dead = lasting.dead.max(silent),
            }
        }
        let live = registry.nodes(now).filter(|(_, state, _)| *state == State::Live);
        let space = Space::of(live.map(|(_, _, node)| &node.load));
        let counted_ms = registry.healing.counted_at().map(|at| millis(now.since(at)));
        let chunks_total = version.namespace.chunk_count();
        let mut replication = registry.healing.status();
        let safe_mode = match (self.held().clone(), registry.healing.safe_mode()) {
            (None, None) => None,
            (Some(Held { by, reason }), _) => {
                let chunks_reported = chunks_total.saturating_sub(replication.missing);
                Some(SafeMode { chunks_reported, chunks_total, reason, by: Some(by) })
            }
            (None, Some(chunks_reported)) => {
                let reason = format!("{chunks_reported} of {chunks_total} chunks are reported so far");
                Some(SafeMode { chunks_reported, chunks_total, reason, by: None })
            }
        };
        replication.chunks = chunks_total;
        drop(registry);
        let (leader, masters) = self.masters(version.applied.map_or(0, |id| id.index));
        ClusterStatus {
            cluster: self.cluster,
            taken_at: self.clock.calendar(),
            masters,
            leader,
            term: self.term(),
            safe_mode,
            files: totals.files,
            directories: totals.directories,
            bytes: totals.bytes,
            space: totals.replica_bytes,
            replication,
            counted_ms,
            lasting,
            capacity: space.capacity,
            used: space.used,
            free: space.free,
            nodes_live: counts[State::Live as usize],
            nodes_stale: counts[State::Stale as usize],
            nodes_dead: counts[State::Dead as usize],
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn masters(&self, applied: u64) -> (Option<MasterId>, Vec<MasterStatus>) {
        let (leader, nodes) = self.group();
        let followed = self.followed();
        let masters = nodes.into_iter().filter_map(|(id, address)| {
            let number = u16::try_from(id).ok()?;
            let own = MasterId(number) == self.id;
            let address = if own { self.address } else { address.parse::<SocketAddr>().ok()? };
            let (role, applied) = match (leader == Some(id), own, followed.get(&id)) {
                (true, true, _) => ("leader", applied),
                (true, false, _) => ("leader", 0),
                (false, true, _) => (self.role(), applied),
                (false, false, Some(applied)) => ("follower", *applied),
                (false, false, None) => ("unknown", 0),
            };
            Some(MasterStatus { id: MasterId(number), address, role: role.to_owned(), applied })
        });
        (leader.and_then(|id| u16::try_from(id).ok()).map(MasterId), masters.collect())
    }

    pub(in crate::master) fn nodes(&self) -> Vec<NodeStatus> {
        let now = self.clock.now();
        let registry = self.registry();
        let counts = registry.healing.counts();
        let status = |(id, state, node): (_, _, &crate::master::registry::Node)| NodeStatus {
            id,
            address: node.address,
            state: shown(state),
            heartbeat_age_ms: millis(now.since(node.contact.last_heartbeat)),
            registered_ms: millis(now.since(node.registered_at)),
            skew_ms: node.skew_ms,
            load: node.load.clone(),
            chunks: registry.locations.count(id),
            short: counts.node(id).short,
            sole: counts.node(id).sole,
            version: node.version.clone(),
        };
        registry.nodes(now).map(status).collect()
    }
}
