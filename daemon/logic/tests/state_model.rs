//! Random commands on few names, so that they interact: the state against a plain model. In
//! between, snapshots are taken and restored and commands are sent again. A failure prints the seed
//! and the shortest sequence of steps that shows it.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod model;

use dfs_logic::command::{
    AdminOp, Caller, ChunkOp, Command, Copy, FsOp, KeyRecord, NewFile, NodeOp, Op, Outcome, Refusal,
};
use dfs_logic::state::{Decoder, Met, State};
use dfs_types::{
    AdminState, AttributeChange, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, Entry, Generation, Kind, Layout,
    RequestId, Stat, Timestamp,
};
use model::{Model, SUPERUSER};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use strum::VariantArray;

const CHUNK_SIZE: u32 = 10;

#[derive(Debug, Clone)]
enum Step {
    Mkdir {
        caller: &'static str,
        path: Place,
        parents: bool,
    },
    Rename {
        caller: &'static str,
        from: Place,
        to: Place,
        overwrite: bool,
    },
    Delete {
        caller: &'static str,
        path: Place,
        recursive: bool,
    },
    /// A write with the next `chunks` ids that were never named; `slip` sometimes breaks a rule.
    Write {
        caller: &'static str,
        path: Place,
        overwrite: bool,
        chunks: u64,
        last: u32,
        slip: u64,
    },
    SetAttributes {
        caller: &'static str,
        path: Place,
        change: AttributeChange,
    },
    SetReplication {
        caller: &'static str,
        path: Place,
        replication: u8,
    },
    Copy {
        caller: &'static str,
        from: Place,
        to: Place,
        overwrite: bool,
        recursive: bool,
    },
    SetUserAttributes {
        caller: &'static str,
        path: Place,
        changes: Vec<(String, Option<Vec<u8>>)>,
    },
    Master {
        caller: &'static str,
        op: Op,
    },
    /// Moves one tower of directories onto another, which may make paths that are too long.
    Stack {
        lower: usize,
        upper: usize,
    },
    Restore,
    /// Sends an earlier command again.
    Retry(Index),
}

/// A path, chosen when the step is run, so that most steps find an entry.
#[derive(Debug, Clone)]
enum Place {
    Any(DfsPath),
    /// An existing one.
    There(Index),
    /// A new or old name below an existing one.
    Below(Index, &'static str),
}

fn path() -> impl Strategy<Value = DfsPath> {
    let name = prop_oneof![5 => Just("a"), 5 => Just("b"), 1 => Just("é")];
    let names = prop::collection::vec(name, 0..4).prop_map(|names| names.join("/"));
    names.prop_map(|text| DfsPath::parse(&format!("/{text}")).expect("short enough"))
}

/// Makes nested directories with the longest names. Sixteen are as many as a path can hold.
fn tower(letter: &str, levels: usize) -> DfsPath {
    DfsPath::parse(&format!("/{}", letter.repeat(255)).repeat(levels)).expect("short enough")
}

fn caller() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => Just(SUPERUSER), 4 => Just("ann"), 2 => Just("bob"), 1 => Just("")]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        1 => path().prop_map(Place::Any),
        2 => any::<Index>().prop_map(Place::There),
        2 => (any::<Index>(), prop::sample::select(vec!["a", "b", "c", "é"])).prop_map(|(index, name)| Place::Below(index, name)),
    ]
}

fn master_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0u32..20).prop_map(|count| Op::from(ChunkOp::Reserve { count })),
        (0u64..30).prop_map(|floor| Op::from(ChunkOp::RaiseFloor { floor: ChunkId(floor) })),
        prop::collection::vec((0u64..60).prop_map(ChunkId), 0..6)
            .prop_map(|chunks| Op::from(ChunkOp::Abandon { chunks })),
        (1u32..9).prop_map(|id| Op::from(AdminOp::AddKey {
            key: KeyRecord { id, secret: [id as u8; 32], made_at: Timestamp(1) }
        })),
        (1u16..5, prop::sample::select(AdminState::VARIANTS.to_vec()))
            .prop_map(|(node, admin_state)| Op::from(NodeOp::SetAdminState { node: DatanodeId(node), admin_state })),
        (1u16..5).prop_map(|node| Op::from(NodeOp::Add { node: DatanodeId(node) })),
    ]
}

/// Often grants rights, so that users can make changes.
fn change() -> impl Strategy<Value = AttributeChange> {
    let name = prop::option::of(prop::sample::select(vec!["ann", "bob", "ann", "bob", "no name"]));
    let mode = prop::option::of(prop_oneof![2 => Just(0o777), 1 => Just(0o750), 2 => 0u16..0o2000]);
    let time = prop::option::of((0..9u64).prop_map(Timestamp));
    let owned = |name: Option<&str>| name.map(str::to_owned);
    (name.clone(), prop::option::weighted(0.2, name), mode, time, any::<bool>()).prop_map(
        move |(owner, group, mode, modified, recursive)| AttributeChange {
            mode,
            owner: owned(owner),
            group: owned(group.flatten()),
            modified,
            recursive,
        },
    )
}

fn user_attributes() -> impl Strategy<Value = Vec<(String, Option<Vec<u8>>)>> {
    let name = prop_oneof![8 => Just("user.a"), 8 => Just("user.b"), 1 => Just("user."), 1 => Just("a")];
    let value = prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), 0..3));
    prop::collection::vec((name.prop_map(str::to_owned), value), 0..3)
}

fn step() -> impl Strategy<Value = Step> {
    let yes_or_no = any::<bool>;
    prop_oneof![
        5 => (caller(), place(), prop::bool::weighted(0.7)).prop_map(|(caller, path, parents)| Step::Mkdir { caller, path, parents }),
        5 => (caller(), place(), place(), yes_or_no())
            .prop_map(|(caller, from, to, overwrite)| Step::Rename { caller, from, to, overwrite }),
        1 => (caller(), place(), yes_or_no()).prop_map(|(caller, path, recursive)| Step::Delete { caller, path, recursive }),
        6 => (caller(), place(), yes_or_no(), 0u64..4, 1u32..=CHUNK_SIZE, 0u64..30).prop_map(
            |(caller, path, overwrite, chunks, last, slip)| Step::Write { caller, path, overwrite, chunks, last, slip }),
        4 => (caller(), place(), change()).prop_map(|(caller, path, change)| Step::SetAttributes { caller, path, change }),
        2 => (caller(), place(), 0u8..6).prop_map(|(caller, path, replication)| Step::SetReplication { caller, path, replication }),
        4 => (caller(), place(), place(), yes_or_no(), prop::bool::weighted(0.8))
            .prop_map(|(caller, from, to, overwrite, recursive)| Step::Copy { caller, from, to, overwrite, recursive }),
        2 => (caller(), place(), user_attributes())
            .prop_map(|(caller, path, changes)| Step::SetUserAttributes { caller, path, changes }),
        2 => (caller(), master_op()).prop_map(|(caller, op)| Step::Master { caller, op }),
        1 => (1usize..12, 1usize..12).prop_map(|(lower, upper)| Step::Stack { lower, upper }),
        1 => Just(Step::Restore),
        2 => any::<Index>().prop_map(Step::Retry),
    ]
}

/// The namespace with its model, and the log of its commands.
struct Run {
    space: State,
    model: Model,
    log: Vec<Command>,
    results: Vec<Result<Outcome, Refusal>>,
    fresh: u64,
}

fn encode(space: &State) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let ended: Result<(), ()> = space.encode(&mut |piece| {
        pieces.push(piece.to_vec());
        Ok(())
    });
    ended.expect("this sink takes all");
    pieces
}

fn decode(pieces: &[Vec<u8>]) -> State {
    let mut decoder = Decoder::new();
    pieces.iter().for_each(|piece| decoder.piece(piece).expect("good pieces"));
    decoder.finish().expect("all pieces")
}

impl Run {
    fn new() -> Self {
        let mut run = Self { space: State::new(), model: Model::new(), log: vec![], results: vec![], fresh: 0 };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(1) };
        run.command("", AdminOp::Init { cluster: ClusterId([1; 16]), superuser: SUPERUSER.to_owned(), key });
        run.command("", ChunkOp::Reserve { count: 40 });
        run
    }

    fn path(&self, place: &Place) -> DfsPath {
        let there = |index: &Index| {
            let names: Vec<&str> = self.model.entries.keys().map(String::as_str).chain(["/"]).collect();
            DfsPath::parse(names[index.index(names.len())]).expect("valid")
        };
        match place {
            Place::Any(path) => path.clone(),
            Place::There(index) => there(index),
            Place::Below(index, name) => there(index).join(name).unwrap_or_else(|_| DfsPath::root()),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Mkdir { caller, path, parents } => {
                self.command(caller, FsOp::Mkdir { path: self.path(path), parents: *parents })
            }
            Step::Rename { caller, from, to, overwrite } => {
                let (from, to) = (self.path(from), self.path(to));
                self.command(caller, FsOp::Rename { from, to, overwrite: *overwrite });
            }
            Step::Delete { caller, path, recursive } => {
                self.command(caller, FsOp::Delete { path: self.path(path), recursive: *recursive });
            }
            Step::Write { caller, path, overwrite, chunks, last, slip } => {
                let file = self.file(&self.path(path), *overwrite, *chunks, *last, *slip);
                self.command(caller, FsOp::Commit(file));
            }
            Step::SetAttributes { caller, path, change } => {
                self.command(caller, FsOp::SetAttributes { path: self.path(path), change: change.clone() });
            }
            Step::SetReplication { caller, path, replication } => {
                self.command(
                    caller,
                    FsOp::SetLayout { path: self.path(path), layout: Layout::Replicated { replicas: *replication } },
                );
            }
            Step::Copy { caller, from, to, overwrite, recursive } => {
                let (from, to, overwrite, recursive) = (self.path(from), self.path(to), *overwrite, *recursive);
                self.command(caller, FsOp::Copy(Copy { from, to, recursive, overwrite, after: None }));
            }
            Step::SetUserAttributes { caller, path, changes } => {
                self.command(caller, FsOp::SetUserAttributes { path: self.path(path), changes: changes.clone() });
            }
            Step::Master { caller, op } => self.command(caller, op.clone()),
            Step::Stack { lower, upper } => {
                for path in [tower("m", *lower), tower("n", *upper)] {
                    self.command(SUPERUSER, FsOp::Mkdir { path, parents: true });
                }
                let to = tower("m", *lower).join("n").expect("short enough");
                self.command(SUPERUSER, FsOp::Rename { from: tower("n", 1), to, overwrite: false });
            }
            Step::Restore => {
                let pieces = encode(&self.space);
                self.space = decode(&pieces);
                assert_eq!(encode(&self.space), pieces);
            }
            Step::Retry(index) => {
                let index = index.index(self.log.len());
                let before = encode(&self.space);
                let result = self.space.apply(&self.log[index].clone());
                assert_eq!(result, self.results[index], "a retry of {:?}", self.log[index]);
                assert_eq!(encode(&self.space), before);
            }
        }
    }

    fn file(&mut self, path: &DfsPath, overwrite: bool, count: u64, last: u32, slip: u64) -> NewFile {
        let mut ids: Vec<u64> = (0..count).map(|index| self.fresh + 1 + index).collect();
        match slip {
            // Ids of other writes, of no write yet, of long ago, and the same id twice.
            0 => ids.iter_mut().for_each(|id| *id /= 2),
            1 => ids.iter_mut().for_each(|id| *id += 1_000),
            2 => ids = vec![self.fresh + 1; count as usize],
            3 => ids.reverse(),
            _ => self.fresh += count,
        }
        let chunk =
            |id| ChunkRef { id: ChunkId(id), generation: Generation(1), length: CHUNK_SIZE, checksum: id as u32 };
        let mut chunks: Vec<ChunkRef> = ids.into_iter().map(chunk).collect();
        if let Some(chunk) = chunks.last_mut() {
            chunk.length = last;
        }
        if let (4, Some(chunk)) = (slip, chunks.first_mut()) {
            chunk.length = 3;
        }
        let replication = if slip == 5 { 0 } else { 3 };
        let mode = if overwrite { 0o600 } else { 0o644 };
        // Chunks of refused retries, and sometimes some that files name.
        let abandoned = match slip {
            6..10 => {
                self.fresh += 2;
                vec![ChunkId(self.fresh - 1), ChunkId(self.fresh)]
            }
            10 => (0..self.fresh + 3).map(ChunkId).collect(),
            _ => Vec::new(),
        };
        NewFile {
            abandoned,
            path: path.clone(),
            overwrite,
            layout: Layout::Replicated { replicas: replication },
            chunk_size: CHUNK_SIZE,
            chunks,
            modified: Timestamp(1),
            mode,
        }
    }

    fn command(&mut self, caller: &str, op: impl Into<Op>) {
        let number = self.log.len() as u64;
        let command = Command {
            request: RequestId(u128::from(number)),
            caller: Caller::user(caller),
            at: Timestamp(number),
            op: op.into(),
        };
        let before = (self.space.clone(), dump(&self.space));
        let result = self.space.apply(&command);
        let expected = self.model.apply(&command);
        assert_eq!(result.as_ref().map(|_| ()), expected.as_ref().map(|_| ()), "{command:?}");
        let after = dump(&self.space);
        if result.is_err() {
            assert_eq!(after, before.1, "a refused command changed something: {command:?}");
            assert_eq!(self.space.version(), before.0.version());
        }
        assert_eq!(dump(&before.0), before.1, "an old version changed: {command:?}");
        self.compare(&after);
        self.log.push(command);
        self.results.push(result);
    }

    /// Compares the whole state with the model; sums are counted again.
    fn compare(&self, dump: &BTreeMap<String, Stat>) {
        let model = &self.model;
        let names: BTreeSet<&String> = dump.keys().filter(|name| *name != "/").collect();
        assert_eq!(names, model.entries.keys().collect());
        assert!(dump.keys().eq(model.attributes.keys()));
        for (name, stat) in dump {
            let model::Attributes { owner, group, mode, modified } = &model.attributes[name];
            assert_eq!(
                (&stat.owner, &stat.group, stat.mode, stat.modified),
                (owner, group, *mode, *modified),
                "{name}"
            );
            match model.entries.get(name) {
                Some(entry @ model::Entry::File { replication, chunk_size, .. }) => {
                    let expected = (Kind::File, entry.size(), entry.space(), *replication, *chunk_size, 0, 0);
                    let found = (
                        stat.kind,
                        stat.size,
                        stat.space,
                        stat.replication,
                        stat.chunk_size,
                        stat.files,
                        stat.directories,
                    );
                    assert_eq!(found, expected, "{name}");
                    let path = DfsPath::parse(name).expect("valid");
                    let (_, chunks) = self.space.chunks(&path, 0, u64::MAX, usize::MAX, SUPERUSER).expect("a file");
                    assert_eq!(chunks.iter().map(|(_, chunk)| *chunk).collect::<Vec<_>>(), entry.chunks());
                }
                _ => {
                    let below: Vec<_> = model.below(name).map(|(_, entry)| entry).collect();
                    let files = below.iter().filter(|entry| ***entry != model::Entry::Directory).count() as u64;
                    let bytes = below.iter().map(|entry| entry.size()).sum();
                    let space = below.iter().map(|entry| entry.space()).sum();
                    let expected = (Kind::Directory, files, below.len() as u64 - files, bytes, space);
                    assert_eq!((stat.kind, stat.files, stat.directories, stat.size, stat.space), expected, "{name}");
                }
            }
        }
        let wanted = self.space.chunks_from(ChunkId(0)).map(|(id, chunk)| (id, chunk.replicas()));
        assert_eq!(wanted.collect::<BTreeMap<_, _>>(), model.wanted());
        for path in dump.keys() {
            let own = self.space.user_attributes(&DfsPath::parse(path).expect("valid"), SUPERUSER).expect("there");
            let expected = model.user_attributes.get(path).cloned().unwrap_or_default();
            assert!(own.into_iter().eq(expected), "{path}");
        }
        assert_eq!(self.space.check(), Ok(()));
        let chunks = model.chunks();
        assert_eq!(self.space.chunk_count(), chunks.len() as u64);
        assert_eq!((self.space.next_chunk().0, self.space.floor().0), (model.next_chunk, model.floor));
        let garbage: Vec<ChunkId> =
            (0..model.next_chunk + 2).map(ChunkId).filter(|id| self.space.is_garbage(*id)).collect();
        assert_eq!(garbage, model.garbage());
        assert!(
            self.space.admin_states().eq(model.admin_states.iter().map(|(node, admin_state)| (*node, *admin_state)))
        );
        self.compare_walk(dump);
    }
}

impl Run {
    /// Checks that a walk in short stretches visits what a listing finds.
    fn compare_walk(&self, dump: &BTreeMap<String, Stat>) {
        let mut met = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        let mut after = None;
        loop {
            let mut left = 3;
            let visit = |found: &Met<'_>| {
                assert!(!found.closed, "the superuser reads everything");
                assert!(met.insert(found.path.to_owned(), found.stat()).is_none(), "{} was met twice", found.path);
                order.push(found.path.to_owned());
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            after = self.space.walk(&DfsPath::root(), after.as_ref(), SUPERUSER, visit).expect("walked");
            if after.is_none() {
                break;
            }
        }
        assert_eq!(&met, dump);
        let parts = |path: &String| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert!(order.iter().skip(1).map(parts).is_sorted(), "{order:?}");
    }
}

/// Returns every path with its `stat`, found by listing in small pages.
fn dump(space: &State) -> BTreeMap<String, Stat> {
    let mut found = BTreeMap::new();
    let Ok(root) = space.stat(&DfsPath::root(), SUPERUSER) else { return found };
    found.insert("/".to_owned(), root);
    let mut waiting = vec![DfsPath::root()];
    while let Some(directory) = waiting.pop() {
        let mut after: Option<String> = None;
        loop {
            let (entries, more) = space.list(&directory, after.as_deref(), "", 2, SUPERUSER).expect("a directory");
            for Entry { name, stat } in entries {
                let path = directory.join(&name).expect("valid");
                assert_eq!(space.stat(&path, SUPERUSER), Ok(stat.clone()));
                if stat.kind == Kind::Directory {
                    waiting.push(path.clone());
                }
                found.insert(path.to_string(), stat);
                after = Some(name);
            }
            if !more {
                break;
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_state_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut run = Run::new();
        steps.iter().for_each(|step| run.step(step));
        // The replayed log gives the live state, to the last byte.
        let mut replayed = State::new();
        let results: Vec<_> = run.log.iter().map(|command| replayed.apply(command)).collect();
        prop_assert_eq!(results, run.results);
        prop_assert_eq!(encode(&replayed), encode(&run.space));
    }

    #[test]
    fn pieces_of_garbage_are_refused_and_nothing_more(
        kind in 0u8..8, garbage in prop::collection::vec(any::<u8>(), 0..300), at in any::<Index>(),
    ) {
        let mut run = Run::new();
        run.command(SUPERUSER, FsOp::Mkdir { path: DfsPath::parse("/a/b").expect("valid"), parents: true });
        let good = encode(&run.space);
        let place = at.index(good.len());
        let mut decoder = Decoder::new();
        good.iter().take(place).for_each(|piece| decoder.piece(piece).expect("good"));
        let bad = [&[kind], &garbage[..]].concat();
        prop_assume!(bad != good[place]);
        let taken = decoder.piece(&bad).is_ok() && good.iter().skip(place + 1).all(|piece| decoder.piece(piece).is_ok());
        prop_assert!(!taken || decoder.finish().is_err());
    }
}
