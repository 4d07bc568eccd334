//! Measures the most frequent work of the masters: applying commands, answering queries, surveying
//! chunks.
//!
//! `cargo bench -p dfs-logic`. A name ending in `published` keeps a version of the tree after each
//! command, as a master with a single client does; the others share nothing, as in the middle of a
//! large batch.

// A bench may panic, and reads the clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dfs_logic::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, NewFile, Op};
use dfs_logic::liveness::NodeState;
use dfs_logic::locations::Locations;
use dfs_logic::repair::{NodeView, Survey, View};
use dfs_logic::search::Criteria;
use dfs_logic::state::{CHANGED_MAX, Decoder, State};
use dfs_types::{
    AttributeChange, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, Generation, Glob, Layout, ReplicaKey,
    ReplicaState, RequestId, StoredReplica, Timestamp,
};

fn stored(id: u64) -> StoredReplica {
    let key = ReplicaKey { chunk: ChunkId(id), generation: Generation(1), checksum: 7 };
    StoredReplica { key, state: ReplicaState::Stored }
}
use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::ControlFlow;

/// The number of files in the measured tree, a thousand in each directory.
const FILES: u64 = 200_000;
const FILES_PER_DIRECTORY: u64 = 1_000;
const CHUNK: u32 = 64 << 20;
const SUPERUSER: &str = "root";

struct Master {
    space: State,
    /// Request ids must differ and be spread like random ones.
    requests: u64,
    fresh: u64,
}

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid")
}

fn file_path(number: u64) -> DfsPath {
    path(&format!("/data/{:04}/file-{number:09}", number / FILES_PER_DIRECTORY))
}

impl Master {
    fn new() -> Self {
        let mut master = Self { space: State::new(), requests: 0, fresh: 0 };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
        master.run(AdminOp::Init { cluster: ClusterId([1; 16]), superuser: SUPERUSER.to_owned(), key });
        master.run(ChunkOp::Reserve { count: u32::MAX });
        master
    }

    fn with_files() -> Self {
        let mut master = Self::new();
        for directory in 0..FILES / FILES_PER_DIRECTORY {
            master.run(FsOp::Mkdir { path: path(&format!("/data/{directory:04}")), parents: true });
        }
        for number in 0..FILES {
            master.run_file(file_path(number));
        }
        master
    }

    fn command(&mut self, op: impl Into<Op>) -> Command {
        self.requests += 1;
        let request = RequestId(u128::from(self.requests.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64);
        Command { request, caller: Caller::user(SUPERUSER), at: Timestamp(self.requests), op: op.into() }
    }

    fn run(&mut self, op: impl Into<Op>) {
        let command = self.command(op);
        self.space.apply(&command).expect("accepted");
    }

    fn file(&mut self, path: DfsPath) -> FsOp {
        self.fresh += 1;
        let chunk = ChunkRef { id: ChunkId(self.fresh), generation: Generation(1), length: 4096, checksum: 7 };
        FsOp::Commit(NewFile {
            abandoned: Vec::new(),
            path,
            overwrite: false,
            layout: Layout::Replicated { replicas: 3 },
            chunk_size: CHUNK,
            chunks: vec![chunk],
            modified: Timestamp(1),
            mode: 0o644,
        })
    }

    fn run_file(&mut self, path: DfsPath) {
        let op = self.file(path);
        self.run(op);
    }
}

fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("apply");
    group.throughput(Throughput::Elements(1));
    for published in [false, true] {
        let name = |op: &str| if published { format!("{op} published") } else { op.to_owned() };
        let mut master = Master::with_files();
        let mut number = 0u64;
        let mut version = master.space.clone();
        group.bench_function(name("mkdir"), |b| {
            b.iter_custom(|rounds| {
                let prepared: Vec<Command> = (0..rounds)
                    .map(|_| {
                        number += 1;
                        let path = path(&format!("/data/{:04}/directory-{number:09}", number % 200));
                        master.command(FsOp::Mkdir { path, parents: false })
                    })
                    .collect();
                time(&mut master.space, &mut version, &prepared, published)
            });
        });
        group.bench_function(name("commit_write"), |b| {
            b.iter_custom(|rounds| {
                let prepared: Vec<Command> = (0..rounds)
                    .map(|_| {
                        number += 1;
                        let op = master.file(path(&format!("/data/{:04}/new-{number:09}", number % 200)));
                        master.command(op)
                    })
                    .collect();
                time(&mut master.space, &mut version, &prepared, published)
            });
        });
    }
    group.finish();
}

fn time(space: &mut State, version: &mut State, commands: &[Command], published: bool) -> std::time::Duration {
    let start = std::time::Instant::now();
    for command in commands {
        black_box(space.apply(command).is_ok());
        if published {
            *version = space.clone();
        }
    }
    start.elapsed()
}

fn ask(c: &mut Criterion) {
    let master = Master::with_files();
    let space = &master.space;
    let mut number = 0;
    let mut next = || {
        number = (number + 7_919) % FILES;
        number
    };
    let paths: Vec<DfsPath> = (0..FILES).map(file_path).collect();
    let mut group = c.benchmark_group("ask");
    group.throughput(Throughput::Elements(1));
    group.bench_function("stat", |b| b.iter(|| space.stat(&paths[next() as usize], SUPERUSER)));
    group.bench_function("chunks", |b| b.iter(|| space.chunks(&paths[next() as usize], 0, u64::MAX, 64, SUPERUSER)));
    let directory = path("/data/0100");
    let after = format!("file-{:09}", 100 * FILES_PER_DIRECTORY + 300);
    group.bench_function("list a page of 100", |b| b.iter(|| space.list(&directory, Some(&after), "", 100, SUPERUSER)));
    group.bench_function("keep a version", |b| b.iter(|| space.clone()));
    group.finish();
}

fn snapshot(c: &mut Criterion) {
    let master = Master::with_files();
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let keep = |piece: &[u8], pieces: &mut Vec<Vec<u8>>| -> Result<(), ()> {
        pieces.push(piece.to_vec());
        Ok(())
    };
    master.space.encode(&mut |piece| keep(piece, &mut pieces)).expect("kept");
    let mut group = c.benchmark_group("snapshot");
    group.sample_size(10).throughput(Throughput::Elements(FILES));
    group.bench_function("encode", |b| {
        b.iter(|| {
            let mut bytes = 0;
            let ended: Result<(), ()> = master.space.encode(&mut |piece| {
                bytes += piece.len();
                Ok(())
            });
            ended.map(|()| bytes)
        });
    });
    group.bench_function("decode", |b| {
        b.iter_batched(
            Decoder::new,
            |mut decoder| {
                pieces.iter().for_each(|piece| decoder.piece(piece).expect("good"));
                decoder.finish()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn chunks(c: &mut Criterion) {
    let master = Master::with_files();
    let mut locations = Locations::new();
    let nodes: Vec<DatanodeId> = (1..=12).map(DatanodeId).collect();
    for id in 1..=FILES {
        for copy in 0..3 {
            locations.add(nodes[((id + copy * 5) % 12) as usize], stored(id), None);
        }
    }
    let view = NodeView { state: NodeState::Live, free: 1 << 40, load: 0, leaving: false, reported: true };
    let nodes: BTreeMap<DatanodeId, NodeView> = nodes.into_iter().map(|node| (node, view)).collect();
    let mut group = c.benchmark_group("chunks");
    group.throughput(Throughput::Elements(FILES));
    group.bench_function("survey", |b| {
        b.iter(|| {
            let mut survey = Survey::new();
            let view = View { namespace: &master.space, locations: &locations, nodes: &nodes };
            survey.advance(&view, usize::MAX);
            survey.health()
        });
    });
    group.bench_function("find those of a datanode", |b| {
        b.iter(|| locations.chunks_of(DatanodeId(5), ChunkId(0)).count());
    });
    group.bench_function("report three replicas of each", |b| {
        b.iter(|| {
            let mut fresh = Locations::new();
            for id in 1..=FILES {
                for copy in 0..3u16 {
                    fresh.add(DatanodeId(1 + copy * 5), stored(id), None);
                }
            }
            fresh.count(DatanodeId(1))
        });
    });
    group.finish();
}

/// Measures the longest calls: a page of a search, and the largest change of attributes.
fn long_calls(c: &mut Criterion) {
    const LOOKED_AT: usize = 16_384;
    let mut master = Master::with_files();
    master.run(FsOp::Mkdir { path: path("/wide"), parents: false });
    for number in 1..CHANGED_MAX {
        master.run_file(path(&format!("/wide/{number:09}")));
    }
    let mut group = c.benchmark_group("long calls");
    group.sample_size(20);
    let criteria = [
        ("name", Criteria { name: Some(Glob::new("*9*9*9*x")), ..Criteria::default() }),
        ("text", Criteria { text: Some("99x".to_owned()), ..Criteria::default() }),
    ];
    for (what, criteria) in criteria {
        group.bench_function(format!("search {LOOKED_AT} entries by {what}"), |b| {
            b.iter(|| {
                let (mut looked_at, mut found) = (0, 0);
                let next = master.space.walk(&DfsPath::root(), None, SUPERUSER, |met| {
                    looked_at += 1;
                    found += usize::from(criteria.matches(met));
                    if looked_at < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                (next, found)
            });
        });
    }
    let change = AttributeChange { mode: Some(0o600), recursive: true, ..AttributeChange::default() };
    group.bench_function(format!("change the attributes of {CHANGED_MAX} files"), |b| {
        b.iter_custom(|rounds| {
            let op = FsOp::SetAttributes { path: path("/wide"), change: change.clone() };
            let prepared: Vec<Command> = (0..rounds).map(|_| master.command(op.clone())).collect();
            let mut version = master.space.clone();
            time(&mut master.space, &mut version, &prepared, true)
        });
    });
    group.finish();
}

criterion_group!(benches, apply, ask, snapshot, chunks, long_calls);
criterion_main!(benches);
