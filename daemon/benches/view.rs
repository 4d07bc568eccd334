//! Measures the cost of the cluster view for the master, with 5,000 datanodes: the snapshot of the
//! cluster state, during which the state is locked, and making and encoding the answers for
//! dashboards; and the sample of one second of the curve, which is taken whether or not a dashboard
//! is open.

// A bench may panic, and reads the clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use criterion::{Criterion, criterion_group, criterion_main};
use dfs_daemon::master::convert;
use dfs_daemon::master::view::{ClusterViews, Curve, ViewInput};
use dfs_logic::cluster::{ClusterSettings, ClusterState, Effect, Event};
use dfs_logic::liveness::LivenessSettings;
use dfs_logic::state::State;
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::view::{LogStatus, ViewVersion};
use dfs_rpc::wire::{ClusterStatus, DirectoryLoad, Heartbeat, NodeLoad, Register};
use dfs_types::{ClusterId, DatanodeId, Timestamp};
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

// The same allocator as in the programs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const DATANODES: u16 = 5_000;
/// One of this many datanodes has sent a heartbeat since the last view.
const TURNS: u16 = 3;
const DIRECTORIES: u64 = 4;
const HEARTBEAT: Duration = Duration::from_secs(3);

struct Cluster {
    state: ClusterState,
    curve: Curve,
    views: ClusterViews,
    now: Timestamp,
    seq: u64,
}

fn load(id: u16, clock: Timestamp) -> NodeLoad {
    let directory = |number: u64| DirectoryLoad {
        path: format!("/data/{number}"),
        capacity: 16 << 40,
        used: (9 << 40) + clock.0 * 4096,
        free: (7 << 40) - clock.0 * 4096,
        failed: false,
        reason: None,
        disk: (u64::from(id) * DIRECTORIES + number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        disk_free: (7 << 40) - clock.0 * 4096,
    };
    NodeLoad {
        directories: (0..DIRECTORIES).map(directory).collect(),
        reads_in_flight: 17,
        writes_in_flight: 4,
        bytes_read: clock.0 << 30,
        bytes_written: clock.0 << 28,
        reads: clock.0 << 10,
        writes: clock.0 << 8,
        clock,
        ..NodeLoad::default()
    }
}

impl Cluster {
    fn new() -> Self {
        let liveness = LivenessSettings { heartbeat: HEARTBEAT, dead_after: Duration::from_secs(10) };
        let (now, namespace) = (Timestamp(1_000_000), State::new());
        let mut state = ClusterState::new(ClusterSettings::new(liveness), now);
        for id in 1..=DATANODES {
            let address = SocketAddr::from(([10, 1, (id >> 8) as u8, id as u8], 7_000));
            let register = Register { boot: 1, address, load: load(id, now), version: "0.1.0".into() };
            let (node, connection) = (DatanodeId(id), u64::from(id));
            let registration = convert::registration(register, now);
            state.observe(Event::Registered { node, connection, registration }, &namespace, now);
        }
        let mut curve = Curve::default();
        for ago in (1..=CURVE_SECONDS_MAX as u64).rev() {
            curve.note(&state.rates(now), ago, Timestamp(now.0 - ago * 1_000));
        }
        Self { state, curve, views: ClusterViews::new(1), now, seq: 0 }
    }

    /// Advances the time by a second, in which a third of the datanodes send heartbeats.
    fn second(&mut self) {
        self.now = self.now.plus(HEARTBEAT / u32::from(TURNS));
        let turn = (self.now.0 / 1_000) as u16 % TURNS;
        let namespace = State::new();
        for id in (1..=DATANODES).filter(|id| id % TURNS == turn) {
            let heartbeat = Heartbeat::new(1, load(id, self.now));
            let (node, connection, leads) = (DatanodeId(id), u64::from(id), false);
            let heartbeat = convert::heartbeat(heartbeat, self.now);
            let event = Event::Heartbeat { node, connection, heartbeat, leads };
            let effects = self.state.observe(event, &namespace, self.now);
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Refuse(_))));
        }
    }

    /// The work of a master in every second, for most of which the cluster state is locked.
    fn sample(&mut self) {
        let rates = self.state.rates(self.now);
        self.curve.note(&rates, self.now.0, self.now);
    }

    /// The work of a master when a client asks and the last view is old.
    fn make(&mut self) {
        let snapshot = self.state.snapshot(&State::new(), self.now);
        let status = ClusterStatus {
            term: 1,
            files: 1_000_000,
            directories: 10_000,
            bytes: 1 << 50,
            space: 3 << 50,
            ..convert::cluster_status(&snapshot, ClusterId([1; 16]), self.now)
        };
        let curve = self.curve.after(self.views.newest_second(), self.now);
        self.views.take(ViewInput { status, log: LogStatus::default(), snapshot, events: Vec::new(), curve });
        self.seq += 1;
    }

    /// Returns the size of the answer for a client whose view is `older` views older than the
    /// newest.
    fn answer(&mut self, older: Option<u64>) -> usize {
        let since = older.map(|older| ViewVersion { epoch: 1, seq: self.seq - older });
        self.views.answer(since).expect("a view").len()
    }
}

/// Measures `work` alone; a second passes before each run.
fn each_second(criterion: &mut Criterion, name: &str, mut work: impl FnMut(&mut Cluster)) {
    let mut cluster = Cluster::new();
    (0..TURNS).for_each(|_| {
        cluster.second();
        cluster.sample();
        cluster.make();
    });
    criterion.bench_function(name, |bench| {
        bench.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                cluster.second();
                let began = Instant::now();
                work(&mut cluster);
                took += began.elapsed();
            }
            took
        });
    });
}

fn views(criterion: &mut Criterion) {
    each_second(criterion, "5,000 datanodes: the cluster state is locked", |cluster| {
        black_box(cluster.state.snapshot(&State::new(), cluster.now));
    });
    each_second(criterion, "5,000 datanodes: a second of the curve is sampled", Cluster::sample);
    each_second(criterion, "5,000 datanodes: a view is made", Cluster::make);
    let mut bytes = (0, 0);
    each_second(criterion, "5,000 datanodes: made, all of it encoded", |cluster| {
        cluster.make();
        bytes.0 = cluster.answer(None);
    });
    each_second(criterion, "5,000 datanodes: made, a third encoded", |cluster| {
        cluster.make();
        bytes.1 = cluster.answer(Some(1));
    });
    each_second(criterion, "5,000 datanodes: made, a third encoded, and two thirds, and 48 answers more", |cluster| {
        cluster.make();
        (0..50).for_each(|watcher| {
            black_box(cluster.answer(Some(1 + watcher % 2)));
        });
    });
    println!("bytes of a full view: {}, of a third: {}", bytes.0, bytes.1);
}

criterion_group!(benches, views);
criterion_main!(benches);
