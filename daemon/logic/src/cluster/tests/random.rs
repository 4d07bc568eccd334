//! Random events with a random clock. The invariants are checked after each event, as in all these
//! tests: a replica that is to be deleted does not count, no deletion lacks its proof, queues are
//! bounded, counters match a recount.

use super::super::{Effect, Event, Heartbeat, Order, ReportPage};
use super::{Cluster, news, registration};
use crate::command::{ChunkOp, FsOp, NodeOp};
use crate::liveness::NodeState;
use crate::repair::Health;
use dfs_types::{
    AdminState, ChunkId, DatanodeId, DfsPath, Generation, Layout, ReplicaKey, ReplicaState, StoredReplica, Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

const NODES: u16 = 5;
/// Chunks 1 to 4 belong to files, 5 and 6 do not.
const CHUNKS: u64 = 6;

#[derive(Debug, Clone)]
enum Step {
    Register {
        node: u16,
        boot: u64,
        connection: u64,
    },
    Disconnect {
        node: u16,
        connection: u64,
    },
    Heartbeat {
        node: u16,
        connection: u64,
        news: News,
        leads: bool,
    },
    Report {
        node: u16,
        connection: u64,
        replicas: BTreeSet<Replica>,
        last: bool,
    },
    /// A datanode carries out the deletions that it was sent, or keeps the replicas.
    Answer {
        node: u16,
        connection: u64,
        keep: bool,
    },
    Corruption {
        node: u16,
        replica: Replica,
    },
    Commit {
        chunk: u64,
        holders: BTreeSet<u16>,
    },
    AdminState {
        node: u16,
        admin_state: AdminState,
    },
    Replicas {
        chunk: u64,
        replicas: u8,
    },
    Delete {
        chunk: u64,
    },
    RaiseFloor {
        floor: u64,
    },
    Led,
    StandStill {
        seconds: u64,
    },
    Pass {
        ms: u64,
        seed: u64,
        leads: bool,
    },
}

#[derive(Debug, Clone)]
struct News {
    added: Vec<Replica>,
    removed: Vec<Replica>,
    ended: Vec<u64>,
}

/// The chunk, generation, checksum and state.
type Replica = (u64, u32, u32, u8);

fn stored((chunk, generation, checksum, state): Replica) -> StoredReplica {
    let states = [ReplicaState::Stored, ReplicaState::Verified, ReplicaState::Suspect];
    let state = states.into_iter().nth(usize::from(state)).unwrap_or(ReplicaState::Verified);
    StoredReplica { key: ReplicaKey { chunk: ChunkId(chunk), generation: Generation(generation), checksum }, state }
}

fn replicas() -> impl Strategy<Value = Replica> {
    // Most are good replicas of the committed key.
    let generation = prop_oneof![1 => Just(0), 12 => Just(1), 1 => Just(2)];
    let checksum = prop_oneof![12 => Just(7), 1 => Just(8)];
    let state = prop_oneof![2 => Just(0), 6 => Just(1), 1 => Just(2)];
    (1..=CHUNKS, generation, checksum, state)
}

fn steps() -> impl Strategy<Value = Step> {
    let node = || 1..=NODES;
    let connection = || prop_oneof![9 => Just(1u64), 1 => Just(2)];
    let many = |max| prop::collection::vec(replicas(), 0..max);
    let admin_state = prop_oneof![Just(AdminState::InService), Just(AdminState::Draining), Just(AdminState::Removed)];
    let news = (many(4), many(3), prop::collection::vec(1..=CHUNKS, 0..3));
    let news = news.prop_map(|(added, removed, ended)| News { added, removed, ended });
    let heartbeat = (node(), connection(), news, prop::bool::weighted(0.8));
    let ms = prop_oneof![6 => 0..1_500u64, 2 => 0..12_000u64, 1 => 0..130_000u64];
    prop_oneof![
        2 => (node(), prop_oneof![9 => Just(1u64), 1 => Just(2)], connection())
            .prop_map(|(node, boot, connection)| Step::Register { node, boot, connection }),
        1 => (node(), connection()).prop_map(|(node, connection)| Step::Disconnect { node, connection }),
        8 => heartbeat.prop_map(|(node, connection, news, leads)| Step::Heartbeat { node, connection, news, leads }),
        4 => (node(), connection(), prop::collection::btree_set(replicas(), 0..8), prop::bool::weighted(0.9))
            .prop_map(|(node, connection, replicas, last)| Step::Report { node, connection, replicas, last }),
        3 => (node(), connection(), any::<bool>())
            .prop_map(|(node, connection, keep)| Step::Answer { node, connection, keep }),
        1 => (node(), replicas()).prop_map(|(node, replica)| Step::Corruption { node, replica }),
        1 => (5..=CHUNKS, prop::collection::btree_set(node(), 1..4))
            .prop_map(|(chunk, holders)| Step::Commit { chunk, holders }),
        1 => (node(), admin_state).prop_map(|(node, admin_state)| Step::AdminState { node, admin_state }),
        1 => (1..=4u64, 1..=4u8).prop_map(|(chunk, replicas)| Step::Replicas { chunk, replicas }),
        1 => (1..=4u64).prop_map(|chunk| Step::Delete { chunk }),
        1 => (0..=CHUNKS + 1).prop_map(|floor| Step::RaiseFloor { floor }),
        1 => Just(Step::Led),
        1 => (0..30u64).prop_map(|seconds| Step::StandStill { seconds }),
        8 => (ms, any::<u64>(), prop::bool::weighted(0.8))
            .prop_map(|(ms, seed, leads)| Step::Pass { ms, seed, leads }),
    ]
}

/// A cluster, and the orders that its datanodes have to answer.
struct Run {
    cluster: Cluster,
    /// The deletions that each datanode was sent.
    given: BTreeSet<(u16, ReplicaKey)>,
    lost: Duration,
    deletions: usize,
}

impl Run {
    fn new() -> Self {
        let mut cluster = Cluster::new(&[(1, 1), (2, 2), (3, 3), (4, 3)]);
        (1..=NODES).for_each(|id| cluster.come(id, &[1, 2, 3, 4]));
        Self { cluster, given: BTreeSet::new(), lost: Duration::ZERO, deletions: 0 }
    }

    fn observe(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.cluster.observe(event);
        for effect in &effects {
            if let Effect::Order { node, order: Order::Delete { key } } = effect {
                self.given.insert((node.0, *key));
                self.deletions += 1;
            }
        }
        effects
    }

    /// Applies a command that may be refused.
    fn try_apply(&mut self, op: impl Into<crate::command::Op>) {
        let request = dfs_types::RequestId(u128::from(self.cluster.space.version()) + 1_000_000);
        let caller = crate::command::Caller::master();
        let command = crate::command::Command { request, caller, at: self.cluster.now, op: op.into() };
        let _ = self.cluster.space.apply(&command);
    }

    fn boot(&self, node: u16) -> u64 {
        self.cluster.state.nodes().get(DatanodeId(node)).map_or(1, |node| node.boot)
    }

    fn heartbeat(&mut self, id: u16, connection: u64, leads: bool, change: impl FnOnce(&mut Heartbeat)) {
        let mut heartbeat = Heartbeat { boot: self.boot(id), ..news() };
        change(&mut heartbeat);
        self.observe(Event::Heartbeat { node: DatanodeId(id), connection, heartbeat, leads });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Register { node, boot, connection } => {
                let registration = registration(node, boot, super::load());
                self.observe(Event::Registered { node: DatanodeId(node), connection, registration });
            }
            Step::Disconnect { node, connection } => {
                self.observe(Event::Disconnected { node: DatanodeId(node), connection });
            }
            Step::Heartbeat { node, connection, news, leads } => self.heartbeat(node, connection, leads, |heartbeat| {
                heartbeat.added = news.added.into_iter().map(stored).collect();
                heartbeat.removed = news.removed.into_iter().map(|replica| stored(replica).key).collect();
                heartbeat.copies_ended = news.ended.into_iter().map(ChunkId).collect();
            }),
            Step::Report { node, connection, replicas, last } => {
                let mut chunks: Vec<StoredReplica> = replicas.into_iter().map(stored).collect();
                chunks.sort_by_key(|stored| stored.key);
                chunks.dedup_by_key(|stored| stored.key);
                let page = ReportPage { boot: self.boot(node), first: true, last, chunks };
                self.observe(Event::ChunkReport { node: DatanodeId(node), connection, page });
            }
            Step::Answer { node, connection, keep } => {
                let of_node: Vec<ReplicaKey> =
                    self.given.iter().filter(|(id, _)| *id == node).map(|(_, key)| *key).collect();
                self.given.retain(|(id, _)| *id != node);
                self.heartbeat(node, connection, true, |heartbeat| {
                    *(if keep { &mut heartbeat.kept } else { &mut heartbeat.removed }) = of_node;
                });
            }
            Step::Corruption { node, replica } => {
                self.observe(Event::CorruptionReported { node: DatanodeId(node), key: stored(replica).key });
            }
            Step::Commit { chunk, holders } => {
                let key = super::chunk(chunk).key();
                let holders: Vec<DatanodeId> = holders.into_iter().map(DatanodeId).collect();
                self.observe(Event::Committing { chunks: vec![(key, holders.clone())] });
                self.observe(Event::Committed { holders: vec![holders], replicas: 3 });
            }
            other => self.step_of_masters(other),
        }
    }

    fn step_of_masters(&mut self, step: Step) {
        let path = |chunk: u64| DfsPath::parse(&format!("/{chunk}")).expect("valid path");
        match step {
            Step::AdminState { node, admin_state } => {
                let node = DatanodeId(node);
                self.try_apply(NodeOp::SetAdminState { node, admin_state });
                self.observe(Event::AdminStateChanged { node, admin_state, by: "ann".into() });
            }
            Step::Replicas { chunk, replicas } => {
                self.observe(Event::LayoutChanging { chunks: vec![ChunkId(chunk)], enough: 1 });
                self.try_apply(FsOp::SetLayout { path: path(chunk), layout: Layout::Replicated { replicas } });
            }
            Step::Delete { chunk } => self.try_apply(FsOp::Delete { path: path(chunk), recursive: false }),
            Step::RaiseFloor { floor } => self.try_apply(ChunkOp::RaiseFloor { floor: ChunkId(floor) }),
            Step::Led => drop(self.observe(Event::Led)),
            Step::StandStill { seconds } => {
                self.lost += Duration::from_secs(seconds);
                self.observe(Event::StoodStill { lost: self.lost });
            }
            Step::Pass { ms, seed, leads } => self.pass(ms, seed, leads),
            other => unreachable!("{other:?}"),
        }
    }

    /// Does the background work after some time.
    fn pass(&mut self, ms: u64, seed: u64, leads: bool) {
        self.cluster.now = Timestamp(self.cluster.now.0 + ms);
        self.observe(Event::Tick);
        let mut surveyed = false;
        while self.observe(Event::Survey).contains(&Effect::Continue) {
            surveyed = true;
        }
        if surveyed {
            assert_eq!(self.cluster.state.monitor().health(), self.recount(), "a survey against a recount");
        }
        self.observe(Event::Review { leads });
        if leads {
            self.observe(Event::NoteMembers);
            self.observe(Event::CheckDeletions);
            self.observe(Event::Repair { seed });
            self.observe(Event::CollectGarbage);
        }
    }

    /// Counts all chunks in the simplest way.
    fn recount(&self) -> Health {
        let Cluster { state, space, now, .. } = &self.cluster;
        let mut health = Health::default();
        for (id, meta) in space.chunks_from(ChunkId(0)) {
            let holders: Vec<DatanodeId> = state.locations().replicas_of(meta.key(id)).nodes().collect();
            let live = holders.iter().filter(|node| state.nodes().state(**node, *now) == NodeState::Live);
            let (staying, leaving): (Vec<DatanodeId>, Vec<DatanodeId>) =
                live.copied().partition(|node| space.admin_state(*node) == AdminState::InService);
            let wanted = usize::from(meta.replicas());
            let counted = staying.len().max((staying.len() + leaving.len()).min(wanted));
            health.chunks += 1;
            match counted {
                0 => health.missing += 1,
                1 if wanted > 1 => health.at_risk += 1,
                live if live < wanted => health.under += 1,
                _ => health.over += u64::from(staying.len() > wanted),
            }
        }
        Health { chunks: health.chunks, ..health }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_invariants_hold_whatever_happens(steps in prop::collection::vec(steps(), 1..120)) {
        let mut run = Run::new();
        steps.into_iter().for_each(|step| run.step(step));
    }
}

/// The test above proves little if nothing is ever deleted.
#[test]
fn random_events_lead_to_deletions() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, TestRunner};

    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let mut deletions = 0;
    for _ in 0..50 {
        let steps = prop::collection::vec(steps(), 100..120).new_tree(&mut runner).expect("steps").current();
        let mut run = Run::new();
        steps.into_iter().for_each(|step| run.step(step));
        deletions += run.deletions;
    }
    assert!(deletions > 50, "{deletions} deletions in 50 runs");
}
