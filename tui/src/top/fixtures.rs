//! Builds clusters for tests: snapshots of a master in various states.

use crate::top::message::{LocalEntry, Message};
use crate::top::model::{Model, Options};
use crate::top::observation::Moment;
use crate::top::page_id::PageId;
use crate::top::theme::{Depth, Theme, ThemeName};
use crate::top::update::update;
use dfs_client::{
    AdminState, ClusterStatus, DirectoryTraffic, JobState, JobStatus, Lasting, ListPage, MasterStatus, NodeState,
    NodeStatus, ReplicationStatus, Snapshot, Traffic,
};
use dfs_diagnosis::{Local, LocalDaemon, Process};
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::curve::{Rates, Second};
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, Severity, ViewVersion};
use dfs_rpc::wire::{DirectoryLoad, NodeLoad};
use dfs_types::{ClusterId, DatanodeId, Entry, EntryId, Error, ErrorCode, Kind, MasterId, Stat, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// 2026-11-21 14:03:07 UTC.
pub const NOW: Timestamp = Timestamp(1_795_269_787_000);
const GIB: u64 = 1 << 30;

/// Returns a healthy datanode.
pub fn node(id: u16) -> NodeStatus {
    let used = (10 + u64::from(id) * 7 % 61) * GIB;
    let directory = DirectoryLoad {
        path: format!("/data/{id}"),
        capacity: 100 * GIB,
        used,
        free: 100 * GIB - used,
        failed: false,
        reason: None,
        disk: u64::from(id),
        disk_free: 100 * GIB - used,
    };
    let address = std::net::SocketAddr::from(([10, 0, (id / 40) as u8, (id % 40 + 1) as u8], 7100));
    NodeStatus {
        heartbeat_age_ms: 1_200,
        registered_ms: 3 * 86_400_000,
        skew_ms: 3,
        load: NodeLoad {
            directories: vec![directory],
            bytes_read: 5 * GIB * u64::from(id),
            bytes_written: 2 * GIB * u64::from(id),
            reads: 900,
            writes: 300,
            ..NodeLoad::default()
        },
        chunks: 400 + u64::from(id) * 13 % 300,
        version: "0.1.0".into(),
        ..NodeStatus::new(DatanodeId(id), address)
    }
}

/// Returns a cluster of so many healthy datanodes.
pub fn cluster(nodes: u16) -> Snapshot {
    let nodes: Vec<NodeStatus> = (1..=nodes).map(node).collect();
    let chunks = nodes.iter().map(|node| node.chunks).sum::<u64>() / 3;
    let sum = |part: fn(&NodeLoad) -> u64| nodes.iter().map(|node| part(&node.load)).sum::<u64>();
    let id = ClusterId(0x1c33_a995_bed7_857f_9f6f_6aaf_fc97_f20f_u128.to_be_bytes());
    let status = ClusterStatus {
        masters: vec![MasterStatus {
            id: MasterId(1),
            address: "10.0.0.1:7000".into(),
            role: "leader".into(),
            applied: 123_456,
        }],
        leader: Some(MasterId(1)),
        term: 3,
        files: 18_381,
        directories: 2_849,
        bytes: sum(NodeLoad::used) / 3,
        space: sum(NodeLoad::used),
        replication: ReplicationStatus { chunks, ..ReplicationStatus::default() },
        counted_ms: Some(900),
        capacity: sum(NodeLoad::capacity),
        used: sum(NodeLoad::used),
        free: sum(NodeLoad::free),
        nodes_live: nodes.len() as u32,
        version: "0.1.0".into(),
        ..ClusterStatus::empty(id, NOW)
    };
    let log = LogStatus {
        last: 123_456,
        committed: 123_456,
        applied: 123_456,
        snapshot: 120_000,
        changes: 812_345,
        syncs: 100_200,
        sync_us: 100_200 * 131,
        sync_us_max: 2_400,
        elections: 1,
    };
    let copies = if chunks == 0 { Vec::new() } else { vec![ReplicaCount { wanted: 3, live: 3, chunks }] };
    let happened = |number, before_s: u64, severity, node: Option<u16>, text: &str| Event {
        number,
        at: Timestamp(NOW.0 - before_s * 1000),
        severity,
        node: node.map(DatanodeId),
        text: text.to_owned(),
    };
    let mut events = vec![happened(1, 7200, Severity::Info, None, "master-1 leads, term 3")];
    events.extend(nodes.iter().take(3).enumerate().map(|(at, node)| {
        happened(
            2 + at as u64,
            7190,
            Severity::Info,
            Some(node.id.0),
            &format!("registered at {}, version 0.1.0", node.address),
        )
    }));
    let version = ViewVersion { epoch: 7, seq: 1 };
    let (gone, curve) = Default::default();
    let view = ClusterView { version, since: None, status, copies, log, nodes, gone, events, curve };
    Snapshot::from(view)
}

/// Returns a cluster of so many machines with so many datanodes each.
pub fn machines(machines: u16, each: u16) -> Snapshot {
    let mut snapshot = cluster(machines * each);
    for (at, node) in snapshot.nodes.iter_mut().enumerate() {
        let (machine, port) = (at / usize::from(each) + 1, 7100 + at % usize::from(each));
        node.address = std::net::SocketAddr::from(([10, 0, 0, machine as u8], port as u16));
    }
    snapshot
}

/// Returns a directory entry with three replicas that take `space` bytes in total.
pub fn entry(name: &str, kind: Kind, space: u64) -> Entry {
    let stat = Stat {
        kind,
        size: space / 3,
        modified: Timestamp(0),
        created: Timestamp(0),
        owner: "ann".into(),
        group: "ann".into(),
        mode: 0o755,
        replication: 3,
        chunk_size: 1 << 26,
        chunks: 1,
        files: 12,
        directories: 0,
        version: 1,
        space,
        id: EntryId(8),
    };
    Entry { name: name.to_owned(), stat }
}

/// Returns a page of a directory with names that are difficult to display.
pub fn directory() -> ListPage {
    let sizes =
        [("backups", 412), ("data", 1310), ("home", 96), ("scratch", 7), ("漢字 and more", 48), ("x\x1b[31m", 2)];
    let mut entries: Vec<Entry> = sizes.map(|(name, gib)| entry(name, Kind::Directory, gib * GIB)).into();
    entries.push(entry("one big file.iso", Kind::File, 24 * GIB));
    entries.push(entry(&"long".repeat(50), Kind::File, 4096));
    ListPage { entries, more: false }
}

/// Returns the traffic in [`directory`].
pub fn traffic() -> DirectoryTraffic {
    let flow = |read: u64, written: u64| Traffic { read: read * 1_000_000, written: written * 1_000_000 };
    let directories = [("backups", flow(0, 61)), ("home", flow(3, 1)), ("scratch", flow(410, 180))];
    let directories = directories.map(|(name, flow)| (name.to_owned(), flow)).into();
    DirectoryTraffic { whole: flow(425, 242), directories }
}

/// Returns the states of a cluster that the frames in tests show.
pub fn scenes() -> Vec<(&'static str, Model)> {
    vec![
        ("healthy", model(cluster(3))),
        ("dead", model(dead())),
        ("repairing", repairing()),
        ("full", model(full())),
        ("leaderless", leaderless()),
        ("empty", model(cluster(0))),
        ("thousand", model(thousand())),
        ("lost", lost()),
        ("draining", draining()),
    ]
}

/// Returns the dashboard with this snapshot, before any key.
pub fn model(snapshot: Snapshot) -> Model {
    let theme = Theme { name: ThemeName::Dark, depth: Depth::True, ..Theme::default() };
    let mut model = Model::new(Options { theme, ..Options::default() });
    update(&mut model, Message::Resize(80, 24));
    update(&mut model, Message::Tick(Moment { elapsed_ms: 5_000, calendar: NOW }));
    update(&mut model, Message::Picture(Arc::new(snapshot), 0));
    update(&mut model, listed("/", false));
    update(&mut model, Message::ListedLocal { path: "/".into(), result: Ok(here()) });
    model
}

/// Returns the attributes of a file, or of a directory with 12 files and 3 directories below it.
pub fn stat(kind: Kind, size: u64) -> Stat {
    let (files, directories) = if kind == Kind::Directory { (12, 3) } else { (0, 0) };
    Stat {
        kind,
        size,
        modified: Timestamp(NOW.0 - size),
        created: NOW,
        owner: "ann".into(),
        group: "ann".into(),
        mode: 0o755,
        replication: if kind == Kind::Directory { 0 } else { 3 },
        chunk_size: 64 << 20,
        chunks: 1,
        files,
        directories,
        version: 1,
        space: 3 * size,
        id: EntryId(8),
    }
}

/// Returns a page of entries with various names, in byte order.
pub fn listed(path: &str, more: bool) -> Message {
    let names: [(&str, Kind, u64); 8] = [
        ("\u{1b}[31mred\nred", Kind::File, 10),
        ("-rf", Kind::File, 3),
        ("it's a \"name\"", Kind::File, 5 << 20),
        ("logs", Kind::Directory, 0),
        ("notes.txt", Kind::File, 12_345),
        ("photos", Kind::Directory, 266 << 20),
        ("漢字の名前は二倍の幅を取る.txt", Kind::File, 1 << 30),
        ("🦀 crab e\u{301}", Kind::File, 77),
    ];
    let entries = names.map(|(name, kind, size)| Entry { name: name.into(), stat: stat(kind, size) });
    let path = dfs_types::DfsPath::parse(path).expect("a path");
    Message::Listed { path, after: None, result: Ok(ListPage { entries: entries.into(), more }) }
}

/// Returns the entries of a local directory.
pub fn here() -> Vec<LocalEntry> {
    let entry = |name: &str, directory, size| LocalEntry { name: name.into(), directory, size, modified: Some(NOW) };
    vec![entry("my photos", true, 4096), entry("a.csv", false, 1 << 21), entry("b.csv", false, 0)]
}

/// Returns the same dashboard on another page.
pub fn on(mut model: Model, page: PageId) -> Model {
    model.page = page;
    model
}

fn event(snapshot: &mut Snapshot, severity: Severity, node: Option<u16>, text: &str) {
    let number = snapshot.events.back().map_or(1, |event| event.number + 1);
    let node = node.map(DatanodeId);
    snapshot.events.push_back(Event { number, at: NOW, severity, node, text: text.to_owned() });
}

/// Returns a cluster in which one datanode of three is dead; each of its chunks has one replica
/// less.
pub fn dead() -> Snapshot {
    let mut snapshot = cluster(3);
    let chunks = snapshot.status.replication.chunks.min(snapshot.nodes[2].chunks);
    snapshot.nodes[2].state = NodeState::Dead;
    snapshot.nodes[2].heartbeat_age_ms = 42_000;
    snapshot.nodes[0].under_replicated = chunks;
    snapshot.nodes[1].under_replicated = chunks;
    let status = &mut snapshot.status;
    (status.nodes_live, status.nodes_dead) = (2, 1);
    status.replication.under = chunks;
    status.lasting = Lasting { dead: Some(42_000), under: Some(32_000), ..Lasting::default() };
    let all = status.replication.chunks;
    snapshot.copies = vec![
        ReplicaCount { wanted: 3, live: 2, chunks: chunks.min(all) },
        ReplicaCount { wanted: 3, live: 3, chunks: all.saturating_sub(chunks) },
    ];
    event(&mut snapshot, Severity::Warning, Some(3), "connection closed (stale)");
    event(&mut snapshot, Severity::Error, Some(3), "declared dead: no heartbeat for 10s; 439 chunks lost a replica");
    snapshot
}

/// Returns a cluster of six datanodes: two are dead, one has missed its heartbeat, one drains,
/// disks are nearly full and a clock is wrong.
pub fn incident() -> Snapshot {
    let mut snapshot = cluster(6);
    for (at, state, age_ms) in
        [(1, NodeState::Dead, 95_000), (4, NodeState::Dead, 61_000), (5, NodeState::Stale, 7_000)]
    {
        (snapshot.nodes[at].state, snapshot.nodes[at].heartbeat_age_ms) = (state, age_ms);
    }
    (snapshot.nodes[2].admin_state, snapshot.nodes[2].left) = (AdminState::Draining, Some(120));
    snapshot.nodes[3].skew_ms = 31_000;
    let status = &mut snapshot.status;
    (status.nodes_live, status.nodes_stale, status.nodes_dead, status.nodes_draining) = (3, 1, 2, 1);
    (status.replication.missing, status.replication.at_risk, status.replication.under) = (2, 31, 402);
    (status.used, status.free) = (status.capacity * 9 / 10, status.capacity / 20);
    status.lasting = Lasting {
        dead: Some(95_000),
        stale: Some(7_000),
        missing: Some(61_000),
        at_risk: Some(61_000),
        under: Some(95_000),
        ..Lasting::default()
    };
    event(&mut snapshot, Severity::Error, Some(2), "declared dead: no heartbeat for 10s; 426 chunks lost a replica");
    event(&mut snapshot, Severity::Error, Some(5), "declared dead: no heartbeat for 10s; 465 chunks lost a replica");
    event(&mut snapshot, Severity::Warning, Some(6), "connection closed (stale)");
    snapshot
}

/// Returns a dashboard of the local cluster to which no master has ever answered.
pub fn unanswered() -> Model {
    let crashed = LocalDaemon { id: "master-1".to_owned(), process: Process::Crashed };
    let local = Local { daemons: vec![crashed], growth: 0 };
    let mut model = Model::new(Options { local: Some(local), ..Options::default() });
    update(&mut model, Message::Tick(Moment { elapsed_ms: 5_000, calendar: NOW }));
    update(
        &mut model,
        Message::Lost(Error::new(ErrorCode::Unreachable, "127.0.0.1:7000: connect: connection refused")),
    );
    update(&mut model, Message::Tick(Moment { elapsed_ms: 9_000, calendar: NOW }));
    model
}

/// Returns the last 15 minutes of a cluster, from a master that started 12 minutes ago and was
/// suspended for a while.
pub fn curve() -> Vec<Option<Second>> {
    let second = |ago: usize| {
        let wave = (ago % 240) as f64 / 240.0;
        let rates = Rates { read: 4e8 * wave, written: 1e8 * (1.0 - wave), reads: 700.0 * wave, writes: 90.0 };
        let seen = ago < 12 * 60 && !(100..160).contains(&ago);
        let second =
            Second { rates: Some(rates), changes: Some(20.0 * wave), missing_replicas: Some(0), used: 72 * GIB };
        seen.then_some(second)
    };
    (0..CURVE_SECONDS_MAX).rev().map(second).collect()
}

/// Returns a second in which so many datanodes worked, in the cluster of the snapshot.
fn second(snapshot: &Snapshot) -> Second {
    let live = snapshot.nodes.iter().filter(|node| node.state == NodeState::Live).count() as f64;
    let rates = Rates { read: live * 4e7, written: live * 4e7, ..Rates::default() };
    let missing_replicas = snapshot.copies.iter().map(ReplicaCount::missing_replicas).sum();
    Second {
        rates: Some(rates),
        changes: Some(0.0),
        missing_replicas: Some(missing_replicas),
        used: snapshot.status.used,
    }
}

/// Returns a dashboard that has observed a cluster of so many datanodes for some seconds; `change`
/// modifies the snapshot of each second. The master has observed the same seconds.
fn played(nodes: u16, change: impl Fn(u64, &mut Snapshot)) -> Model {
    let mut model = model(cluster(nodes));
    let mut curve = VecDeque::new();
    for seconds in 0..5 {
        let mut snapshot = cluster(nodes);
        let calendar = Timestamp(NOW.0 + seconds * 1000);
        snapshot.version.seq = 2 + seconds;
        snapshot.status.taken_at = calendar;
        for node in &mut snapshot.nodes {
            node.load.bytes_read += seconds * 40_000_000;
            node.load.bytes_written += seconds * 40_000_000;
            node.heartbeat_age_ms = 0;
        }
        change(seconds, &mut snapshot);
        curve.push_back(Some(second(&snapshot)));
        snapshot.curve = curve.clone();
        update(&mut model, Message::Picture(Arc::new(snapshot), 0));
        update(&mut model, Message::Tick(Moment { elapsed_ms: 6_000 + seconds * 1000, calendar }));
    }
    model
}

/// Returns a cluster in which one datanode of five is dead and its chunks are being re-replicated.
fn repairing() -> Model {
    played(5, |second, snapshot| {
        let under_replicated = 400 - 40 * second;
        let all = snapshot.status.replication.chunks;
        for node in &mut snapshot.nodes {
            node.under_replicated = under_replicated / 2;
        }
        let dead = NodeStatus { state: NodeState::Dead, heartbeat_age_ms: 20_000 + second * 1000, ..node(5) };
        snapshot.nodes[4] = dead;
        let status = &mut snapshot.status;
        (status.nodes_live, status.nodes_dead) = (4, 1);
        (status.replication.at_risk, status.replication.under, status.replication.copying) =
            (3, under_replicated - 3, 8);
        status.lasting =
            Lasting { dead: Some(20_000), under: Some(10_000), at_risk: Some(10_000), ..Lasting::default() };
        snapshot.copies = vec![
            ReplicaCount { wanted: 3, live: 1, chunks: 3 },
            ReplicaCount { wanted: 3, live: 2, chunks: under_replicated - 3 },
            ReplicaCount { wanted: 3, live: 3, chunks: all - under_replicated },
        ];
        event(snapshot, Severity::Error, Some(5), "declared dead: no heartbeat for 10s; 465 chunks lost a replica");
    })
}

/// Returns a cluster of five datanodes: one drain is half complete, another one is complete.
fn draining() -> Model {
    played(5, |second, snapshot| {
        let draining = [(1, 230 - 4 * second), (3, 0)];
        for (at, left) in draining {
            (snapshot.nodes[at].admin_state, snapshot.nodes[at].left) = (AdminState::Draining, Some(left));
        }
        snapshot.status.nodes_draining = 2;
        snapshot.status.replication.copying = 6;
        event(snapshot, Severity::Info, Some(2), "drain requested by ann: 426 chunks to re-replicate");
        event(snapshot, Severity::Info, Some(4), "drained: it can be stopped");
    })
}

/// Returns a cluster in which two of three datanodes are full and a directory of the third has
/// failed.
fn full() -> Snapshot {
    let mut snapshot = cluster(3);
    for node in &mut snapshot.nodes {
        for directory in &mut node.load.directories {
            (directory.used, directory.free, directory.disk_free) = (99 * GIB, GIB, GIB);
        }
    }
    snapshot.nodes[2].load.directories[0].failed = true;
    snapshot.nodes[2].load.disk_errors = 17;
    let status = &mut snapshot.status;
    (status.used, status.free) = (297 * GIB, 2 * GIB);
    event(&mut snapshot, Severity::Error, Some(3), "data directory /data/3 failed");
    snapshot
}

/// Returns a cluster without a leader; the master that answers is a follower.
fn leaderless() -> Model {
    let mut snapshot = cluster(3);
    snapshot.status.leader = None;
    for master in &mut snapshot.status.masters {
        master.role = "candidate".into();
    }
    model(snapshot)
}

/// Returns a thousand datanodes, some of them with each kind of problem.
pub fn thousand() -> Snapshot {
    let mut snapshot = cluster(1000);
    for (at, state) in [(99, NodeState::Dead), (320, NodeState::Stale), (321, NodeState::Stale)] {
        snapshot.nodes[at].state = state;
        snapshot.nodes[at].heartbeat_age_ms = 5_000 + 10 * at as u64;
    }
    snapshot.nodes[500].load.directories[0].failed = true;
    snapshot.nodes[501].last_replica = 2;
    snapshot.nodes[501].under_replicated = 12;
    (snapshot.status.nodes_live, snapshot.status.nodes_stale, snapshot.status.nodes_dead) = (997, 2, 1);
    snapshot.status.lasting = Lasting { dead: Some(6_000), stale: Some(8_200), ..Lasting::default() };
    snapshot
}

/// Returns a cluster that has not answered for a while.
fn lost() -> Model {
    let mut model = model(cluster(3));
    let error = Error::new(ErrorCode::Unreachable, "10.0.0.1:7000: connect: connection refused");
    update(&mut model, Message::Lost(error));
    let now = Moment { elapsed_ms: 47_000, calendar: Timestamp(NOW.0 + 42_000) };
    update(&mut model, Message::Tick(now));
    model
}

/// Returns background jobs, one of which has failed.
pub(crate) fn jobs() -> Vec<JobStatus> {
    let job = |name: &str, state, done| JobStatus {
        name: name.to_owned(),
        state,
        done,
        total: None,
        last_run: Some(Timestamp(NOW.0 - 1_000)),
        last_error: None,
    };
    let failed =
        JobStatus { last_error: Some("the master's disk is full".to_owned()), ..job("keys", JobState::Failed, 2) };
    vec![
        job("collect", JobState::Idle, 1_204),
        failed,
        JobStatus { total: Some(1_322), ..job("repair", JobState::Running, 88) },
        job("survey", JobState::Running, 17),
    ]
}
