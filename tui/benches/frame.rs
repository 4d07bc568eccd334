//! Measures the cost of a frame of the dashboard with 5,000 datanodes, and the cost of a new
//! snapshot.
//!
//! `cargo bench -p dfs-tui`. A frame is drawn into a window of 200 × 60 and compared with the
//! previous one, as happens before anything is written to a terminal.

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent};
use dfs_client::recording::{Recorder, Recording, When};
use dfs_client::{ClusterStatus, ListPage, MasterStatus, NodeState, NodeStatus, ReplicationStatus, Snapshot};
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::curve::{Rates, Second};
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, Severity, ViewVersion};
use dfs_rpc::wire::{DirectoryLoad, NodeLoad};
use dfs_tui::top::draw::draw;
use dfs_tui::top::message::{CommandNews, CommandState, LocalEntry};
use dfs_tui::top::observation::Moment;
use dfs_tui::top::replay::Replay;
use dfs_tui::top::shared::COMMANDS_KEPT_MAX;
use dfs_tui::top::update::update;
use dfs_tui::top::{Depth, Message, Model, Options, PageId, Theme, ThemeName};
use dfs_types::{ClusterId, DatanodeId, DfsPath, Entry, Kind, MasterId, Stat, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

const NODES: u16 = 5_000;
const NODES_PER_MACHINE: u16 = 40;
const DIRECTORIES: u64 = 4;
const EVENTS: u64 = 1_000;
/// The maximum number of entries that are kept of a directory.
const ENTRIES: usize = 20_000;
/// About the maximum number of lines that are kept of the output of a command.
const OUTPUT_LINES: usize = 4_000;
const GIB: u64 = 1 << 30;

/// Returns the state of a datanode `second` seconds after the first snapshot.
fn node(id: u16, second: u64) -> NodeStatus {
    let number = u64::from(id);
    let directory = |disk: u64| DirectoryLoad {
        path: format!("/data/{disk}"),
        capacity: 4_000 * GIB,
        used: (number * 7 + disk * 13) % 97 * 41 * GIB,
        free: 20 * GIB,
        failed: id % 1_500 == 7,
        reason: None,
        disk: number * DIRECTORIES + disk,
        disk_free: 20 * GIB,
    };
    let rate = number * 37 % 100 * 1_000_000;
    let address = ([10, 0, 0, (id / NODES_PER_MACHINE) as u8], 7_100 + id % NODES_PER_MACHINE);
    NodeStatus {
        state: match id % 500 {
            1 => NodeState::Dead,
            2 => NodeState::Stale,
            _ => NodeState::Live,
        },
        heartbeat_age_ms: number * 3 % 3_000,
        registered_ms: 86_400_000,
        skew_ms: 3,
        load: NodeLoad {
            directories: (0..DIRECTORIES).map(directory).collect(),
            bytes_read: second * rate,
            bytes_written: second * rate / 3,
            reads: second * 100,
            writes: second * 30,
            ..NodeLoad::default()
        },
        chunks: 40_000 + number * 13 % 9_000,
        under_replicated: number % 50,
        last_replica: u64::from(id % 1_000 == 3),
        version: "0.1.0".into(),
        ..NodeStatus::new(DatanodeId(id), address.into())
    }
}

/// Returns what the master measured in one second.
fn passed(second: u64) -> Second {
    let wave = (second % 100) as f64;
    let rates = Rates { read: wave * 1e9, written: 1e11 / (1.0 + wave), reads: wave * 1e4, writes: 1e5 };
    Second {
        rates: Some(rates),
        changes: Some(wave * 9.0),
        missing_replicas: Some(125_000 - second),
        used: second << 40,
    }
}

fn picture(second: u64) -> Arc<Snapshot> {
    let nodes: Vec<NodeStatus> = (1..=NODES).map(|id| node(id, second)).collect();
    let sum = |part: fn(&NodeLoad) -> u64| nodes.iter().map(|node| part(&node.load)).sum::<u64>();
    let status = ClusterStatus {
        masters: vec![MasterStatus {
            id: MasterId(1),
            address: "10.0.0.1:7000".into(),
            role: "leader".into(),
            applied: 123_456,
        }],
        leader: Some(MasterId(1)),
        term: 3,
        files: 18_381_000,
        directories: 284_900,
        bytes: sum(NodeLoad::used) / 3,
        space: sum(NodeLoad::used),
        replication: ReplicationStatus { chunks: 70_000_000, under: 125_000, ..ReplicationStatus::default() },
        counted_ms: Some(900),
        capacity: sum(NodeLoad::capacity),
        used: sum(NodeLoad::used),
        free: sum(NodeLoad::free),
        nodes_live: 4_980,
        nodes_stale: 10,
        nodes_dead: 10,
        version: "0.1.0".into(),
        ..ClusterStatus::empty(ClusterId([7; 16]), Timestamp(1_795_269_787_000 + second * 3_000))
    };
    let event = |number| Event {
        number,
        at: Timestamp(1_795_269_000_000 + number * 100),
        severity: Severity::Warning,
        node: Some(DatanodeId(number as u16)),
        text: "is stale: its connection closed".into(),
    };
    let copies = vec![
        ReplicaCount { wanted: 3, live: 2, chunks: 125_000 },
        ReplicaCount { wanted: 3, live: 3, chunks: 69_875_000 },
    ];
    let version = ViewVersion { epoch: 7, seq: second };
    let events = (1..=EVENTS).map(event).collect();
    let log = LogStatus::default();
    let (gone, curve) = (Vec::new(), (0..CURVE_SECONDS_MAX as u64).map(|at| Some(passed(second + at))).collect());
    Arc::new(Snapshot::from(ClusterView { version, since: None, status, copies, log, nodes, gone, events, curve }))
}

/// Returns the dashboard after 15 minutes with three snapshots, so that all rates are known and all
/// curves are full.
fn model(page: PageId, width: u16, height: u16) -> Model {
    let theme = Theme { name: ThemeName::Dark, depth: Depth::True, ..Theme::default() };
    let mut model = Model::new(Options { theme, page: Some(page), ..Options::default() });
    update(&mut model, Message::Resize(width, height));
    update(&mut model, Message::Picture(picture(0), 0));
    update(&mut model, Message::Picture(picture(1), 0));
    let now = Moment { elapsed_ms: 900_000, calendar: Timestamp(1_795_269_800_000) };
    update(&mut model, Message::Tick(now));
    update(&mut model, Message::Picture(picture(2), 0));
    model
}

fn frame(c: &mut Criterion, name: &str, model: &Model) {
    let size = model.shared.area;
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).expect("a window in memory");
    c.bench_function(&format!("frame/{name}"), |b| {
        b.iter(|| terminal.draw(|frame| draw(model, frame)).expect("drawn").area);
    });
}

/// Loads directories with the maximum number of entries on both sides.
fn directories(model: &mut Model) {
    let name = |number: usize| format!("measurements of 2026-11-{:02}, part {number:05}.csv", number % 30 + 1);
    let stat = Stat {
        kind: Kind::File,
        size: 266 << 20,
        modified: Timestamp(1_795_269_000_000),
        created: Timestamp(1_795_269_000_000),
        owner: "ann".into(),
        group: "ann".into(),
        mode: 0o644,
        replication: 3,
        chunk_size: 64 << 20,
        chunks: 5,
        files: 0,
        directories: 0,
        version: 1,
        space: 798 << 20,
        id: dfs_types::EntryId(8),
    };
    let entries = (0..ENTRIES).map(|number| Entry { name: name(number), stat: stat.clone() }).collect();
    let result = Ok(ListPage { entries, more: true });
    update(model, Message::Listed { path: DfsPath::root(), after: None, result });
    let local = |number| LocalEntry { name: name(number), directory: false, size: 266 << 20, modified: None };
    let result = Ok((0..ENTRIES).map(local).collect());
    update(model, Message::ListedLocal { path: PathBuf::new(), result });
}

/// Adds the maximum number of commands, each with the maximum output.
fn commands(model: &mut Model) {
    let output = "setrep: /data/2026/measurements: 3 copies of 5 chunks are being made\n".repeat(OUTPUT_LINES);
    for _ in 0..COMMANDS_KEPT_MAX {
        ":setrep 3 /data/2026".chars().for_each(|letter| key(model, KeyCode::Char(letter)));
        key(model, KeyCode::Enter);
        let state = CommandState::Ended { code: 0, output: output.clone() };
        update(model, Message::Command(CommandNews { number: model.last_command, state }));
    }
}

fn key(model: &mut Model, code: KeyCode) {
    update(model, Message::Key(KeyEvent::from(code)));
}

fn frames(c: &mut Criterion) {
    for page in PageId::ALL {
        let mut model = model(page, 200, 60);
        match page {
            PageId::Files => directories(&mut model),
            PageId::Commands => commands(&mut model),
            _ => {}
        }
        frame(c, page.word(), &model);
    }
    frame(c, "heatmap, the worst of many (80 × 24)", &model(PageId::Heatmap, 80, 24));
    let mut opened = model(PageId::Nodes, 200, 60);
    update(&mut opened, Message::Key(KeyEvent::from(KeyCode::Enter)));
    frame(c, "one datanode", &opened);
}

/// Measures the work of one snapshot, which arrives once a second: rates, findings, the order of
/// tables.
fn pictures(c: &mut Criterion) {
    let mut shown = model(PageId::Nodes, 200, 60);
    let pictures = [picture(3), picture(4)];
    let mut taken = pictures.iter().cycle();
    c.bench_function("picture/taken in", |b| {
        b.iter(|| taken.next().map(|picture| update(&mut shown, Message::Picture(picture.clone(), 0))));
    });
    "/data".chars().for_each(|letter| key(&mut shown, KeyCode::Char(letter)));
    c.bench_function("picture/taken in, filtered", |b| {
        b.iter(|| taken.next().map(|picture| update(&mut shown, Message::Picture(picture.clone(), 0))));
    });
    let mut letters = [KeyCode::Char('n'), KeyCode::Backspace].into_iter().cycle();
    c.bench_function("filter/a letter typed", |b| {
        b.iter(|| letters.next().map(|letter| key(&mut shown, letter)));
    });
}

/// Returns the recording of so many seconds: one snapshot each, a full one once a minute, otherwise
/// a delta with the third of the datanodes that has sent a heartbeat.
fn recording(seconds: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, Timestamp(1_795_269_787_000)).expect("begun");
    for second in 0..seconds {
        let Snapshot { version, status, nodes, copies, log, curve, events } = Snapshot::clone(&picture(second));
        let whole = second % 60 == 0;
        let since = (!whole).then(|| ViewVersion { seq: second - 1, ..version });
        let nodes = nodes.into_iter().filter(|node| whole || u64::from(node.id.0) % 3 == second % 3).collect();
        let events = if whole { events.into() } else { Vec::new() };
        let curve = if whole { curve.into() } else { curve.back().copied().into_iter().collect() };
        let view = ClusterView { version, since, status, copies, log, nodes, gone: Vec::new(), events, curve };
        let when = When { asked_ms: second * 1_000, came_ms: second * 1_000 };
        recorder.view(when, whole, &view.encode().expect("encoded")).expect("recorded");
    }
    bytes
}

/// Measures seeking backwards or far forwards. It replays the span of the curves: 15 minutes, and
/// one more minute for the rates.
fn seeks(c: &mut Criterion) {
    let bytes = recording(1_200);
    println!("a recording of 20 minutes has {} bytes", bytes.len());
    let mut replay = Replay::new(Recording::open(Cursor::new(bytes)).expect("a recording"));
    c.bench_function("recording/gone to a moment", |b| b.iter(|| replay.seek(1_199_000)));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = frames, pictures
}
criterion_group! {
    name = recordings;
    config = Criterion::default().sample_size(10);
    targets = seeks
}
criterion_main!(benches, recordings);
