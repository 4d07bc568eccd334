mod blocked;
mod draining;

use super::{Copy, Health, InFlight, Limits, NodeView, Plan, Survey, View, plan};
use crate::collect::{Doomed, garbage, is_garbage};
use crate::command::{Command, KeyRecord, NewFile, Op};
use crate::liveness::NodeState::{self, Dead, Live, Stale};
use crate::locations::Locations;
use crate::namespace::Namespace;
use dfs_types::{ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, Generation, RequestId, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LENGTH: u32 = 100;
const LIMITS: Limits = Limits { per_source: 2, per_target: 2, trims_max: 100 };

/// A cluster on paper.
#[derive(Debug)]
struct Cluster {
    space: Namespace,
    locations: Locations,
    nodes: BTreeMap<DatanodeId, NodeView>,
    requests: u128,
}

impl Cluster {
    fn new(states: &[NodeState]) -> Self {
        let view = |state: &NodeState| NodeView { state: *state, free: 1_000_000, load: 0, leaving: false };
        let nodes = (1..).map(DatanodeId).zip(states.iter().map(view)).collect();
        let mut cluster = Self { space: Namespace::new(), locations: Locations::new(), nodes, requests: 0 };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
        cluster.apply(Op::Init { cluster: ClusterId([1; 16]), superuser: "root".to_owned(), key });
        cluster.apply(Op::ReserveChunks { count: 10_000 });
        cluster
    }

    fn apply(&mut self, op: Op) {
        self.requests += 1;
        let command = Command { request: RequestId(self.requests), caller: String::new(), at: Timestamp(0), op };
        assert!(self.space.apply(&command).is_ok(), "{command:?}");
    }

    /// A file of one chunk that wants so many copies and has these.
    fn file(&mut self, id: u64, replication: u8, holders: &[u16]) {
        let chunk = ChunkRef { id: ChunkId(id), generation: Generation(1), length: LENGTH };
        let path = DfsPath::parse(&format!("/{id}")).expect("valid");
        let file = NewFile {
            abandoned: Vec::new(),
            path,
            overwrite: false,
            replication,
            chunk_size: LENGTH,
            chunks: vec![chunk],
            modified: Timestamp(0),
            mode: 0o644,
        };
        self.apply(Op::CommitWrite(file));
        for holder in holders {
            self.locations.add(DatanodeId(*holder), ChunkId(id), Generation(1));
        }
    }

    fn view(&self) -> View<'_> {
        View { namespace: &self.space, locations: &self.locations, nodes: &self.nodes }
    }

    fn survey(&self) -> Survey {
        let mut survey = Survey::new();
        while !survey.advance(&self.view(), 3) {}
        survey
    }

    fn plan(&self, under_way: &[Copy]) -> Plan {
        plan(&self.view(), &self.survey(), &InFlight::of(under_way), &LIMITS, 1)
    }

    fn drain(&mut self, ids: &[u16]) {
        for id in ids {
            self.nodes.entry(DatanodeId(*id)).and_modify(|node| node.leaving = true);
        }
    }

    /// Replicas on datanodes that are as `wanted` says.
    fn replicas(&self, id: u64, wanted: impl Fn(&NodeView) -> bool) -> usize {
        let replicas = self.locations.replicas(ChunkId(id));
        replicas.nodes().filter(|node| self.nodes.get(node).is_some_and(&wanted)).count()
    }
}

fn sketch(plan: &Plan) -> Vec<(u64, u16, usize)> {
    plan.copies.iter().map(|copy| (copy.chunk.id.0, copy.source.0, copy.targets.len())).collect()
}

#[test]
fn health_counts_each_kind() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Stale, Dead]);
    for (id, replication, holders) in [
        (1, 3, &[][..]),
        (2, 3, &[5]),
        (3, 3, &[4]),
        (4, 3, &[1, 4, 5]),
        (5, 3, &[1, 2]),
        (6, 3, &[1, 2, 3]),
        (7, 2, &[1, 2, 3]),
        (8, 1, &[1]),
    ] {
        cluster.file(id, replication, holders);
    }
    let survey = cluster.survey();
    assert_eq!(survey.health(), Health { chunks: 8, missing: 3, endangered: 1, under: 1, over: 1 });
}

#[test]
fn the_most_urgent_goes_first() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Live]);
    cluster.file(1, 3, &[1, 2]);
    cluster.file(2, 3, &[1]);
    let first = plan(&cluster.view(), &cluster.survey(), &InFlight::default(), &Limits { per_source: 1, ..LIMITS }, 1);
    assert_eq!(sketch(&first), [(2, 1, 2), (1, 2, 1)], "one left first, and its single source is not kept waiting");
}

#[test]
fn stale_replicas_count_but_are_not_relied_upon_alone() {
    for (states, holders, copies) in [
        ([Live, Live, Stale, Live], [1, 2, 3], 0),
        ([Live, Stale, Stale, Live], [1, 2, 3], 1),
        ([Live, Live, Dead, Live], [1, 2, 3], 1),
        ([Stale, Stale, Stale, Live], [1, 2, 3], 0),
        ([Dead, Dead, Dead, Live], [1, 2, 3], 0),
    ] {
        let mut cluster = Cluster::new(&states);
        cluster.file(1, 3, &holders);
        let planned: usize = cluster.plan(&[]).copies.iter().map(|copy| copy.targets.len()).sum();
        assert_eq!(planned, copies, "{states:?}");
    }
}

#[test]
fn what_is_under_way_is_not_begun_again() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Live]);
    cluster.file(1, 3, &[1, 2]);
    let first = cluster.plan(&[]);
    assert_eq!(first.copies.len(), 1);
    assert_eq!(cluster.plan(&first.copies), Plan::default());
}

#[test]
fn a_full_datanode_takes_nothing() {
    let mut cluster = Cluster::new(&[Live, Live, Live]);
    cluster.file(1, 3, &[1, 2]);
    cluster.nodes.entry(DatanodeId(3)).and_modify(|node| node.free = u64::from(LENGTH) - 1);
    assert_eq!(cluster.plan(&[]), Plan::default());
}

#[test]
fn the_fullest_gives_away_what_is_too_much() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Live, Dead]);
    cluster.file(1, 3, &[1, 2, 3, 4]);
    cluster.file(2, 3, &[1, 2, 3, 5]);
    cluster.nodes.entry(DatanodeId(2)).and_modify(|node| node.free = 7);
    let trims = cluster.plan(&[]).trims;
    let sketch: Vec<_> = trims.iter().map(|trim| (trim.chunk.0, trim.node.0)).collect();
    assert_eq!(sketch, [(1, 2)], "a dead replica is not counted, so the second chunk has none too many");
    let copy = Copy {
        chunk: ChunkRef { id: ChunkId(1), generation: Generation(1), length: LENGTH },
        source: DatanodeId(1),
        targets: vec![DatanodeId(9)],
    };
    assert!(cluster.plan(&[copy]).trims.is_empty(), "nothing is taken away while the chunk is being copied");
}

#[test]
fn replicas_of_an_older_generation_do_not_count() {
    let mut cluster = Cluster::new(&[Live, Live]);
    cluster.file(1, 2, &[]);
    cluster.locations.add(DatanodeId(1), ChunkId(1), Generation(0));
    assert_eq!(cluster.survey().health().missing, 1);
    assert_eq!(cluster.plan(&[]), Plan::default());
}

#[test]
fn garbage_is_what_no_file_can_name() {
    let mut cluster = Cluster::new(&[Live, Live]);
    cluster.file(2, 2, &[1, 2]);
    for id in [1, 3, 5, 6] {
        cluster.locations.add(DatanodeId(1), ChunkId(id), Generation(1));
    }
    cluster.file(4, 2, &[]);
    cluster.locations.add(DatanodeId(2), ChunkId(4), Generation(0));
    cluster.apply(Op::RaiseFloor { floor: ChunkId(4) });
    cluster.file(6, 2, &[]);
    cluster.apply(Op::Delete { path: DfsPath::parse("/6").expect("valid"), recursive: false });
    let doomed = |node, chunk, generation| Doomed {
        node: DatanodeId(node),
        chunk: ChunkId(chunk),
        generation: Generation(generation),
    };
    let all = [doomed(1, 1, 1), doomed(1, 3, 1), doomed(2, 4, 0), doomed(1, 6, 1)];
    let found = garbage(&cluster.space, &cluster.locations, ChunkId(0), 1_000, 1_000);
    assert_eq!((found.doomed.as_slice(), found.next), (&all[..], None));
    let mut sliced = Vec::new();
    let mut next = Some(ChunkId(0));
    while let Some(start) = next {
        let slice = garbage(&cluster.space, &cluster.locations, start, 1, 1_000);
        sliced.extend(slice.doomed);
        next = slice.next;
    }
    assert_eq!(sliced, all);
    for (id, generation, expected) in
        [(1, 1, true), (2, 1, false), (2, 0, true), (2, 2, false), (4, 1, false), (5, 1, false), (6, 1, true)]
    {
        assert_eq!(is_garbage(&cluster.space, ChunkId(id), Generation(generation)), expected, "{id} {generation}");
    }
}

fn state() -> impl Strategy<Value = NodeState> {
    prop_oneof![6 => Just(Live), 1 => Just(Stale), 2 => Just(Dead)]
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let free = prop_oneof![4 => Just(100_000u64), 1 => 0u64..500];
    let states = prop::collection::vec((state(), free, prop::bool::weighted(0.2)), 1..8);
    let files = prop::collection::vec((1u8..5, prop::collection::btree_set(1u16..9, 0..6)), 0..25);
    (states, files).prop_map(|(states, files)| {
        let kinds: Vec<NodeState> = states.iter().map(|(state, ..)| *state).collect();
        let mut cluster = Cluster::new(&kinds);
        for (view, (_, free, leaving)) in cluster.nodes.values_mut().zip(&states) {
            (view.free, view.leaving) = (*free, *leaving);
        }
        for ((replication, holders), id) in files.iter().zip(1..) {
            cluster.file(id, *replication, &holders.iter().copied().collect::<Vec<_>>());
        }
        cluster
    })
}

fn stays_live(node: &NodeView) -> bool {
    node.state == Live && !node.leaving
}

/// What must hold of every plan.
fn check(cluster: &Cluster, plan: &Plan, under_way: &[Copy]) -> Result<(), TestCaseError> {
    let (mut sends, mut takes) = (BTreeMap::<DatanodeId, usize>::new(), BTreeMap::<DatanodeId, usize>::new());
    for copy in under_way.iter().chain(&plan.copies) {
        *sends.entry(copy.source).or_default() += 1;
        copy.targets.iter().for_each(|target| *takes.entry(*target).or_default() += 1);
    }
    prop_assert!(sends.values().all(|count| *count <= LIMITS.per_source));
    prop_assert!(takes.values().all(|count| *count <= LIMITS.per_target));
    for copy in &plan.copies {
        let holders: BTreeSet<_> = cluster.locations.replicas(copy.chunk.id).nodes().collect();
        let others = under_way.iter().filter(|other| other.chunk.id == copy.chunk.id).flat_map(|other| &other.targets);
        let taken: BTreeSet<_> = holders.iter().chain(others).collect();
        prop_assert!(holders.contains(&copy.source) && cluster.nodes[&copy.source].state == Live);
        let able = |target| cluster.nodes[target].state == Live && !cluster.nodes[target].leaving;
        prop_assert!(copy.targets.iter().all(|target| !taken.contains(target) && able(target)));
        prop_assert!(
            !copy.targets.is_empty() && copy.targets.iter().collect::<BTreeSet<_>>().len() == copy.targets.len()
        );
    }
    let mut trimmed: BTreeMap<ChunkId, BTreeSet<DatanodeId>> = BTreeMap::new();
    for trim in &plan.trims {
        prop_assert!(trimmed.entry(trim.chunk).or_default().insert(trim.node));
    }
    for (id, nodes) in trimmed {
        let wanted = cluster.space.chunk(id).map_or(0, |chunk| usize::from(chunk.replication));
        prop_assert!(cluster.replicas(id.0, stays_live) >= wanted.max(1) + nodes.len());
        prop_assert!(nodes.iter().all(|node| !cluster.nodes[node].leaving));
        prop_assert!(plan.copies.iter().chain(under_way).all(|copy| copy.chunk.id != id));
    }
    Ok(())
}

/// Ends a copy: its targets have the chunk and less room.
fn end(cluster: &mut Cluster, copy: &Copy) {
    for target in &copy.targets {
        cluster.locations.add(*target, copy.chunk.id, copy.chunk.generation);
        cluster.nodes.entry(*target).and_modify(|node| node.free -= u64::from(copy.chunk.length));
    }
}

proptest! {
    #[test]
    fn repair_keeps_its_promises_and_comes_to_an_end(mut cluster in cluster(), seed: u64) {
        let mut under_way: Vec<Copy> = Vec::new();
        for round in 0u64.. {
            prop_assert!(round < 500, "no end in sight");
            let plan = plan(&cluster.view(), &cluster.survey(), &InFlight::of(&under_way), &LIMITS, seed ^ round);
            check(&cluster, &plan, &under_way)?;
            for trim in &plan.trims {
                prop_assert!(cluster.locations.remove(trim.node, trim.chunk));
            }
            let quiet = plan == Plan::default();
            under_way.extend(plan.copies);
            // The oldest one ends, then the next round is planned with the others still under way.
            if under_way.is_empty() && quiet {
                break;
            } else if !under_way.is_empty() {
                let ended = under_way.remove(0);
                end(&mut cluster, &ended);
            }
        }
        let chunks: Vec<_> = cluster.space.chunks_from(ChunkId(0)).collect();
        for (id, chunk) in chunks {
            let live = cluster.replicas(id.0, stays_live);
            let wanted = usize::from(chunk.replication);
            prop_assert!(live <= wanted.max(1), "{id} has {live} of {wanted}");
            let holders: BTreeSet<_> = cluster.locations.replicas(id).nodes().collect();
            let lost = cluster.replicas(id.0, |view| view.state == Live) == 0;
            // On those that stay: what is on one that drains does not count.
            let counted = cluster.replicas(id.0, |view| view.state != Dead && !view.leaving);
            let able = |(node, view): (&DatanodeId, &NodeView)| {
                stays_live(view) && view.free >= u64::from(LENGTH) && !holders.contains(node)
            };
            let nowhere = !cluster.nodes.iter().any(able);
            prop_assert!(lost || counted >= wanted || nowhere, "{id} has {counted} of {wanted} and could have more");
        }
    }
}

#[test]
fn chunks_are_counted_by_copies_and_short_ones_by_datanode() {
    let mut cluster = Cluster::new(&[Live, Live, Stale, Dead]);
    cluster.file(1, 2, &[1, 2]);
    cluster.file(2, 3, &[1, 2, 3]);
    cluster.file(3, 3, &[1, 4]);
    cluster.file(4, 2, &[3, 4]);
    cluster.file(5, 1, &[2]);
    cluster.file(6, 1, &[1, 2]);
    let survey = cluster.survey();
    let counts = survey.counts();
    let copies: Vec<_> = counts.copies().collect();
    assert_eq!(copies, [(1, 1, 1), (1, 2, 1), (2, 0, 1), (2, 2, 1), (3, 1, 1), (3, 2, 1)]);
    let node = |id| (counts.node(DatanodeId(id)).short, counts.node(DatanodeId(id)).sole);
    assert_eq!([node(1), node(2), node(3), node(4), node(5)], [(2, 1), (1, 0), (2, 0), (2, 0), (0, 0)]);
}
