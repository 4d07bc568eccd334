//! Compares views that were assembled from deltas with full ones.

use super::{ClusterViews, Curve, Journal, ViewInput};
use crate::master::clock::Clock;
use crate::master::convert;
use dfs_logic::cluster::{ClusterSettings, ClusterState, Effect, Event as ClusterInput};
use dfs_logic::command::{AdminOp, Caller, Command, KeyRecord, NodeOp, Op};
use dfs_logic::liveness::LivenessSettings;
use dfs_logic::state::State;
use dfs_rpc::view::{ClusterView, Event, LogStatus, ViewVersion};
use dfs_rpc::wire::{ClusterStatus, DirectoryLoad, Heartbeat, NodeLoad, NodeStatus, Register};
use dfs_types::{
    AdminState, ChunkId, ClusterId, DatanodeId, ErrorCode, Generation, ReplicaKey, ReplicaState, RequestId,
    StoredReplica, Timestamp,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use strum::VariantArray;

/// A master reduced to its cluster state and a simulated clock.
struct Cluster {
    state: ClusterState,
    journal: Arc<Journal>,
    curve: Curve,
    views: ClusterViews,
    space: State,
    now: Timestamp,
}

fn status(now: Timestamp) -> ClusterStatus {
    ClusterStatus { term: 1, files: now.0, ..ClusterStatus::empty(ClusterId([7; 16]), now) }
}

impl Cluster {
    fn new(epoch: u64) -> Self {
        let liveness = LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };
        let journal = Arc::new(Journal::new(Clock::new()));
        let state = ClusterState::new(ClusterSettings::new(liveness), Timestamp(0));
        let (curve, views) = (Curve::default(), ClusterViews::new(epoch));
        let mut cluster = Self { state, journal, curve, views, space: State::new(), now: Timestamp(0) };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
        cluster.apply(AdminOp::Init { cluster: ClusterId([7; 16]), superuser: "ann".into(), key });
        cluster
    }

    fn apply(&mut self, op: impl Into<Op>) {
        let request = RequestId(self.space.version().into());
        let command = Command { request, caller: Caller::master(), at: self.now, op: op.into() };
        assert!(self.space.apply(&command).is_ok());
    }

    fn observe(&mut self, event: ClusterInput) -> Vec<Effect> {
        self.state.observe(event, &self.space, self.now)
    }

    /// Does the background work for datanodes.
    fn look(&mut self) {
        self.observe(ClusterInput::Tick);
        while self.observe(ClusterInput::Survey).contains(&Effect::Continue) {}
        self.observe(ClusterInput::Review { leads: false });
    }

    /// Removes a datanode as a user does; it is dropped from the state if it is dead.
    fn remove(&mut self, id: u16) {
        self.apply(NodeOp::SetAdminState { node: DatanodeId(id), admin_state: AdminState::Removed });
        self.observe(ClusterInput::Tick);
    }

    /// Has a datanode die, removes it, and allows it to register again.
    fn forget(&mut self, id: u16) {
        self.now.0 += 10_000;
        self.remove(id);
        self.apply(NodeOp::SetAdminState { node: DatanodeId(id), admin_state: AdminState::InService });
    }

    fn register(&mut self, id: u16) {
        let address = SocketAddr::from(([127, 0, 0, 1], 4000 + id));
        let register = Register { boot: 1, address, load: NodeLoad::default(), version: "0.1.0".into() };
        let registration = convert::registration(register, self.now);
        self.observe(ClusterInput::Registered { node: DatanodeId(id), connection: u64::from(id), registration });
    }

    /// Returns true if another view would be made `ms` milliseconds after the last one.
    fn is_due_after(&self, ms: u64) -> bool {
        self.views.is_due(self.now.plus(Duration::from_millis(ms)))
    }

    fn heartbeat(&mut self, id: u16, bytes_read: u64, added: &[u64]) {
        let load = NodeLoad { bytes_read, ..NodeLoad::default() };
        let key = |id: &u64| ReplicaKey { chunk: ChunkId(*id), generation: Generation(1), checksum: 7 };
        let stored = |id| StoredReplica { key: key(id), state: ReplicaState::Verified };
        let added = added.iter().map(stored).collect();
        let heartbeat = Heartbeat { added, ..Heartbeat::new(1, load) };
        // The heartbeat of a datanode that has not registered is refused.
        self.send(id, heartbeat);
    }

    fn send(&mut self, id: u16, heartbeat: Heartbeat) -> Vec<Effect> {
        let (node, connection, leads) = (DatanodeId(id), u64::from(id), false);
        let heartbeat = convert::heartbeat(heartbeat, self.now);
        self.state.observe(ClusterInput::Heartbeat { node, connection, heartbeat, leads }, &State::new(), self.now)
    }

    fn picture(&mut self) {
        let snapshot = self.state.snapshot(&self.space, self.now);
        let events = self.journal.after(self.views.newest_event());
        let curve = self.curve.after(self.views.newest_second(), self.now);
        self.views.take(ViewInput { status: status(self.now), log: LogStatus::default(), snapshot, events, curve });
    }

    fn sample(&mut self) {
        let rates = self.state.rates(self.now);
        self.curve.note(&rates, self.space.version(), self.now);
    }

    fn ask(&mut self, since: Option<ViewVersion>) -> ClusterView {
        ClusterView::decode(&self.views.answer(since).expect("a view")).expect("reads back")
    }
}

/// Implements the rule of docs/protocol.md literally.
fn put_together(old: Option<&ClusterView>, new: ClusterView) -> ClusterView {
    if new.since.is_none() {
        return new;
    }
    let old = old.expect("news builds on a picture");
    assert_eq!(new.since, Some(old.version));
    let passed = new.status.taken_at.0 - old.status.taken_at.0;
    let aged = |node: &NodeStatus| {
        let (heartbeat_age_ms, registered_ms) = (node.heartbeat_age_ms + passed, node.registered_ms + passed);
        (node.id, NodeStatus { heartbeat_age_ms, registered_ms, ..node.clone() })
    };
    let mut nodes: BTreeMap<DatanodeId, NodeStatus> = old.nodes.iter().map(aged).collect();
    nodes.retain(|id, _| !new.gone.contains(id));
    nodes.extend(new.nodes.into_iter().map(|node| (node.id, node)));
    let events: Vec<Event> = old.events.iter().cloned().chain(new.events).collect();
    let events = events.split_at(events.len().saturating_sub(dfs_rpc::EVENTS_KEPT_MAX)).1.to_vec();
    let curve: Vec<_> = old.curve.iter().copied().chain(new.curve).collect();
    let curve = curve.split_at(curve.len().saturating_sub(dfs_rpc::CURVE_SECONDS_MAX)).1.to_vec();
    ClusterView { since: None, nodes: nodes.into_values().collect(), gone: Vec::new(), events, curve, ..new }
}

#[test]
fn views_assembled_from_deltas_are_complete() {
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut cluster = Cluster::new(seed);
        let mut watchers: Vec<Option<ClusterView>> = vec![None; 4];
        for step in 0..100 {
            cluster.now.0 += random.u64(0..if step % 30 == 7 { 600_000 } else { 2_000 });
            if random.bool() {
                cluster.sample();
            }
            for _ in 0..random.u32(0..5) {
                let id = random.u16(1..20);
                match random.u32(0..10) {
                    0 => cluster.register(id),
                    1 => {
                        let (node, connection) = (DatanodeId(id), u64::from(id));
                        cluster.observe(ClusterInput::Disconnected { node, connection });
                    }
                    2 => cluster.remove(id),
                    8 => {
                        let admin_state = AdminState::VARIANTS[random.usize(0..3)];
                        cluster.apply(NodeOp::SetAdminState { node: DatanodeId(id), admin_state });
                    }
                    9 => cluster.look(),
                    3 => (0..random.u32(0..400)).for_each(|_| cluster.journal.info(None, random.u32(..).to_string())),
                    _ => cluster.heartbeat(id, random.u64(0..9), &[random.u64(0..9)]),
                }
            }
            cluster.picture();
            let whole = cluster.ask(None);
            assert_eq!(whole.since, None);
            for watcher in watchers.iter_mut().filter(|_| random.bool()) {
                let news = cluster.ask(watcher.as_ref().map(|view| view.version));
                *watcher = Some(put_together(watcher.as_ref(), news));
                assert_eq!(watcher.as_ref(), Some(&whole), "seed {seed}, step {step}");
            }
        }
    }
}

#[test]
fn only_what_has_changed_is_sent() {
    let mut cluster = Cluster::new(1);
    (1..=50).for_each(|id| cluster.register(id));
    cluster.picture();
    let first = cluster.ask(None);
    assert_eq!((first.nodes.len(), first.version), (50, ViewVersion { epoch: 1, seq: 1 }));
    cluster.now.0 += 1_000;
    cluster.heartbeat(7, 5, &[]);
    cluster.journal.warning(None, "something");
    cluster.picture();
    let second = cluster.ask(Some(first.version));
    let changed = |view: &ClusterView| view.nodes.iter().map(|node| node.id.0).collect::<Vec<_>>();
    assert_eq!((changed(&second), second.events.len()), (vec![7], 1));
    // Nothing happens for 9 seconds; then the missing heartbeats of all other datanodes are
    // changes.
    cluster.now.0 += 1_000;
    cluster.picture();
    let third = cluster.ask(Some(second.version));
    assert_eq!((changed(&third), third.events.len()), (vec![], 0));
    assert_eq!(changed(&cluster.ask(Some(first.version))), [7], "also for a client with the previous view");
    cluster.now.0 += 8_500;
    cluster.picture();
    assert_eq!(cluster.ask(Some(third.version)).nodes.len(), 50, "1 stale, 49 dead");
}

#[test]
fn a_client_with_an_unknown_view_gets_the_full_one() {
    let mut cluster = Cluster::new(1);
    assert_eq!(cluster.views.answer(None).expect_err("nothing yet").code, ErrorCode::Internal);
    cluster.register(1);
    (0..3).for_each(|_| cluster.picture());
    for (epoch, seq) in [(2, 1), (1, 0), (1, 4), (1, u64::MAX)] {
        let view = cluster.ask(Some(ViewVersion { epoch, seq }));
        assert_eq!((view.since, view.nodes.len()), (None, 1), "{epoch} {seq}");
    }
    // More datanodes were removed than are kept.
    for _ in 0..2_000 {
        cluster.register(2);
        cluster.picture();
        cluster.forget(2);
        cluster.picture();
    }
    let old = ViewVersion { epoch: 1, seq: 3 };
    assert_eq!(cluster.ask(Some(old)).since, None);
    let newer = ViewVersion { epoch: 1, seq: 4_000 };
    let view = cluster.ask(Some(newer));
    assert_eq!((view.since, view.gone), (Some(newer), vec![DatanodeId(2)]));
}

#[test]
fn the_same_answer_is_encoded_once_and_few_are_kept() {
    let mut cluster = Cluster::new(1);
    cluster.register(1);
    (0..20).for_each(|_| cluster.picture());
    let version = |seq| Some(ViewVersion { epoch: 1, seq });
    let answers: Vec<_> = (1..=20).map(|seq| cluster.views.answer(version(seq)).expect("a view")).collect();
    let again = cluster.views.answer(version(20)).expect("a view");
    assert_eq!(again.as_ptr(), answers[19].as_ptr());
    assert_ne!(cluster.views.answer(version(1)).expect("a view").as_ptr(), answers[0].as_ptr());
}

#[test]
fn large_views_are_made_less_often() {
    let mut cluster = Cluster::new(1);
    assert!(cluster.is_due_after(0), "there is no view yet");
    (1..1_000).for_each(|id| cluster.register(id));
    cluster.picture();
    assert!(!cluster.is_due_after(499) && cluster.is_due_after(500));
    cluster.register(1_000);
    cluster.picture();
    // A client that asks once a second gets a new view each time.
    assert!(!cluster.is_due_after(899) && cluster.is_due_after(900));
}

#[test]
fn disks_are_not_shown() {
    let mut cluster = Cluster::new(1);
    cluster.register(1);
    let directory = DirectoryLoad {
        path: "/a".into(),
        capacity: 9,
        used: 4,
        free: 5,
        failed: false,
        reason: None,
        disk: 7,
        disk_free: 5,
    };
    let load = NodeLoad { directories: vec![directory.clone()], ..NodeLoad::default() };
    let heartbeat = Heartbeat::new(1, load);
    let refused = |effect: &Effect| matches!(effect, Effect::Refuse(_));
    assert!(!cluster.send(1, heartbeat).iter().any(refused));
    cluster.picture();
    let shown = DirectoryLoad { disk: 0, disk_free: 0, ..directory };
    assert_eq!(cluster.ask(None).nodes[0].load.directories, [shown]);
}
