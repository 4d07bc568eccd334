mod blocked;
mod draining;

use super::{Check, Copy, Health, InFlight, Limits, NodeView, Plan, Survey, Trim, View, plan};
use crate::collect::{GarbageReplica, garbage};
use crate::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, NewFile, Op};
use crate::liveness::NodeState::{self, Dead, Live, Stale};
use crate::locations::Locations;
use crate::state::State;
use dfs_types::ReplicaState::{self, Stored, Suspect, Verified};
use dfs_types::{
    ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, Generation, Layout, ReplicaKey, RequestId, StoredReplica,
    Timestamp,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LENGTH: u32 = 100;
const LIMITS: Limits = Limits { per_source: 2, per_target: 2, trims_max: 100, checks_per_node: 2 };
/// The checksum of every chunk.
const CHECKSUM: u32 = 0xfeed;

fn reference(id: u64) -> ChunkRef {
    ChunkRef { id: ChunkId(id), generation: Generation(1), length: LENGTH, checksum: CHECKSUM }
}

fn other(id: u64, generation: u32, checksum: u32) -> ReplicaKey {
    ReplicaKey { chunk: ChunkId(id), generation: Generation(generation), checksum }
}

/// A simulated cluster.
#[derive(Debug)]
struct Cluster {
    space: State,
    locations: Locations,
    nodes: BTreeMap<DatanodeId, NodeView>,
    requests: u128,
}

impl Cluster {
    fn new(states: &[NodeState]) -> Self {
        let view =
            |state: &NodeState| NodeView { state: *state, free: 1_000_000, load: 0, leaving: false, reported: true };
        let nodes = (1..).map(DatanodeId).zip(states.iter().map(view)).collect();
        let mut cluster = Self { space: State::new(), locations: Locations::new(), nodes, requests: 0 };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
        cluster.apply(AdminOp::Init { cluster: ClusterId([1; 16]), superuser: "root".to_owned(), key });
        cluster.apply(ChunkOp::Reserve { count: 10_000 });
        cluster
    }

    fn apply(&mut self, op: impl Into<Op>) {
        self.requests += 1;
        let command =
            Command { request: RequestId(self.requests), caller: Caller::master(), at: Timestamp(0), op: op.into() };
        assert!(self.space.apply(&command).is_ok(), "{command:?}");
    }

    /// Makes a file of one chunk that wants `replication` replicas and has those on `holders`.
    fn file(&mut self, id: u64, replication: u8, holders: &[u16]) {
        let path = DfsPath::parse(&format!("/{id}")).expect("valid");
        let file = NewFile {
            abandoned: Vec::new(),
            path,
            overwrite: false,
            layout: Layout::Replicated { replicas: replication },
            chunk_size: LENGTH,
            chunks: vec![reference(id)],
            modified: Timestamp(0),
            mode: 0o644,
        };
        self.apply(FsOp::Commit(file));
        for holder in holders {
            self.add(*holder, reference(id).key(), Verified);
        }
    }

    fn add(&mut self, node: u16, key: ReplicaKey, state: ReplicaState) {
        self.locations.add(DatanodeId(node), StoredReplica { key, state }, self.space.committed(key.chunk));
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

    /// Counts the replicas on datanodes that match `wanted`.
    fn replicas(&self, id: u64, wanted: impl Fn(&NodeView) -> bool) -> usize {
        let replicas = self.locations.replicas_of(reference(id).key());
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
    assert_eq!(survey.health(), Health { chunks: 8, missing: 3, at_risk: 1, under: 1, over: 1 });
}

#[test]
fn the_most_urgent_goes_first() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Live]);
    cluster.file(1, 3, &[1, 2]);
    cluster.file(2, 3, &[1]);
    let first = plan(&cluster.view(), &cluster.survey(), &InFlight::default(), &Limits { per_source: 1, ..LIMITS }, 1);
    assert_eq!(sketch(&first), [(2, 1, 2), (1, 2, 1)], "the chunk at risk first, and its only source need not wait");
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
    let sketch: Vec<_> = trims.iter().map(|trim| (trim.key.chunk.0, trim.node.0)).collect();
    assert_eq!(sketch, [(1, 2)], "a dead replica is not counted, so the second chunk has no surplus");
    let copy = Copy { chunk: reference(1), source: DatanodeId(1), targets: vec![DatanodeId(9)] };
    assert!(cluster.plan(&[copy]).trims.is_empty(), "nothing is removed while the chunk is being copied");
}

#[test]
fn replicas_of_an_older_generation_do_not_count() {
    let mut cluster = Cluster::new(&[Live, Live]);
    cluster.file(1, 2, &[]);
    cluster.add(1, other(1, 0, CHECKSUM), Verified);
    cluster.add(2, other(1, 1, CHECKSUM + 1), Verified);
    assert_eq!(cluster.survey().health().missing, 1);
    assert_eq!(cluster.plan(&[]), Plan::default());
}

#[test]
fn garbage_is_what_no_file_can_name() {
    let mut cluster = Cluster::new(&[Live, Live]);
    cluster.file(2, 2, &[1, 2]);
    for id in [1, 3, 5, 6] {
        cluster.add(1, reference(id).key(), Stored);
    }
    cluster.file(4, 2, &[]);
    cluster.add(2, other(4, 0, CHECKSUM), Stored);
    cluster.apply(ChunkOp::RaiseFloor { floor: ChunkId(4) });
    cluster.file(6, 2, &[]);
    cluster.apply(FsOp::Delete { path: DfsPath::parse("/6").expect("valid"), recursive: false });
    let garbage_of = |node, chunk| GarbageReplica { node: DatanodeId(node), key: reference(chunk).key() };
    let all = [garbage_of(1, 1), garbage_of(1, 3), garbage_of(1, 6)];
    let found = garbage(&cluster.space, &cluster.locations, ChunkId(0), 1_000, 1_000);
    assert_eq!((found.replicas.as_slice(), found.next), (&all[..], None));
    let mut sliced = Vec::new();
    let mut next = Some(ChunkId(0));
    while let Some(start) = next {
        let slice = garbage(&cluster.space, &cluster.locations, start, 1, 1_000);
        sliced.extend(slice.replicas);
        next = slice.next;
    }
    assert_eq!(sliced, all);
}

fn state() -> impl Strategy<Value = NodeState> {
    prop_oneof![6 => Just(Live), 1 => Just(Stale), 2 => Just(Dead)]
}

fn replica_state() -> impl Strategy<Value = ReplicaState> {
    prop_oneof![4 => Just(Verified), 2 => Just(Stored), 1 => Just(Suspect)]
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let free = prop_oneof![4 => Just(100_000u64), 1 => 0u64..500];
    let states = prop::collection::vec((state(), free, prop::bool::weighted(0.2)), 1..8);
    let replicas = prop::collection::btree_map(1u16..9, replica_state(), 0..6);
    let files = prop::collection::vec((1u8..5, replicas), 0..25);
    (states, files).prop_map(|(states, files)| {
        let kinds: Vec<NodeState> = states.iter().map(|(state, ..)| *state).collect();
        let mut cluster = Cluster::new(&kinds);
        for (view, (_, free, leaving)) in cluster.nodes.values_mut().zip(&states) {
            (view.free, view.leaving) = (*free, *leaving);
        }
        for ((replication, holders), id) in files.iter().zip(1..) {
            cluster.file(id, *replication, &[]);
            holders.iter().for_each(|(node, state)| cluster.add(*node, reference(id).key(), *state));
        }
        cluster
    })
}

fn stays_live(node: &NodeView) -> bool {
    node.state == Live && !node.leaving
}

/// Checks the properties of every plan.
fn check(cluster: &Cluster, plan: &Plan, under_way: &[Copy]) -> Result<(), TestCaseError> {
    let (mut sends, mut takes) = (BTreeMap::<DatanodeId, usize>::new(), BTreeMap::<DatanodeId, usize>::new());
    for copy in under_way.iter().chain(&plan.copies) {
        *sends.entry(copy.source).or_default() += 1;
        copy.targets.iter().for_each(|target| *takes.entry(*target).or_default() += 1);
    }
    prop_assert!(sends.values().all(|count| *count <= LIMITS.per_source));
    prop_assert!(takes.values().all(|count| *count <= LIMITS.per_target));
    for copy in &plan.copies {
        let holders: BTreeSet<_> = cluster.locations.replicas_of(copy.chunk.key()).nodes().collect();
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
        prop_assert!(trimmed.entry(trim.key.chunk).or_default().insert(trim.node));
    }
    for (id, nodes) in trimmed {
        let chunk = cluster.space.chunk(id).expect("nothing was deleted");
        let replicas = cluster.locations.replicas_of(chunk.key(id));
        let stays = |node: &DatanodeId| cluster.nodes.get(node).is_some_and(stays_live);
        let proofs = replicas.verified().filter(|node| stays(node) && !nodes.contains(node));
        prop_assert!(proofs.count() >= usize::from(chunk.replicas()).max(1), "{:?}", plan.trims);
        let suspects: BTreeSet<_> = cluster.locations.suspects(chunk.key(id)).collect();
        prop_assert!(nodes.iter().all(|node| suspects.contains(node) || !cluster.nodes[node].leaving));
        let good = nodes.iter().any(|node| !suspects.contains(node));
        prop_assert!(!good || plan.copies.iter().chain(under_way).all(|copy| copy.chunk.id != id));
    }
    for reconstruction in &plan.reconstructions {
        let suspects: BTreeSet<_> = cluster.locations.suspects(reconstruction.chunk.key()).collect();
        let is_live = |node: &DatanodeId| cluster.nodes.get(node).is_some_and(|view| view.state == Live);
        let asked: BTreeSet<_> = reconstruction.sources.iter().copied().collect();
        prop_assert!(suspects.contains(&reconstruction.node) && !asked.contains(&reconstruction.node));
        prop_assert!(asked.len() == reconstruction.sources.len() && asked.iter().all(is_live));
        prop_assert!(
            suspects
                .iter()
                .filter(|node| is_live(node))
                .all(|node| *node == reconstruction.node || asked.contains(node))
        );
        prop_assert!(cluster.replicas(reconstruction.chunk.id.0, |view| view.state == Live) == 0);
    }
    Ok(())
}

/// Ends a copy: its targets have the chunk and less room.
fn end(cluster: &mut Cluster, copy: &Copy) {
    for target in &copy.targets {
        cluster.add(target.0, copy.chunk.key(), Verified);
        cluster.nodes.entry(*target).and_modify(|node| node.free -= u64::from(copy.chunk.length));
    }
}

proptest! {
    #[test]
    fn repair_keeps_its_invariants_and_terminates(mut cluster in cluster(), seed: u64) {
        let mut under_way: Vec<Copy> = Vec::new();
        for round in 0u64.. {
            prop_assert!(round < 500, "no end in sight");
            let plan = plan(&cluster.view(), &cluster.survey(), &InFlight::of(&under_way), &LIMITS, seed ^ round);
            check(&cluster, &plan, &under_way)?;
            for trim in &plan.trims {
                prop_assert!(cluster.locations.has(trim.node, trim.key));
                cluster.locations.remove(trim.node, trim.key);
            }
            for Check { node, key } in &plan.checks {
                cluster.add(node.0, *key, Verified);
            }
            let quiet = plan == Plan::default();
            let reconstructions = plan.reconstructions.into_iter();
            under_way.extend(plan.copies);
            under_way.extend(reconstructions.map(|reconstruction| Copy { chunk: reconstruction.chunk, source: reconstruction.node, targets: vec![reconstruction.node] }));
            // The oldest copy ends, then the next round is planned with the others still in
            // progress.
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
            let wanted = usize::from(chunk.replicas());
            prop_assert!(live <= wanted.max(1), "{id} has {live} of {wanted}");
            let holders: BTreeSet<_> = cluster.locations.replicas_of(chunk.key(id)).nodes().collect();
            let lost = cluster.replicas(id.0, |view| view.state == Live) == 0;
            // Only on datanodes that stay: replicas on draining ones do not count.
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
fn chunks_are_counted_by_replicas_and_under_replicated_ones_by_datanode() {
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
    let node = |id| (counts.node(DatanodeId(id)).under_replicated, counts.node(DatanodeId(id)).last_replica);
    assert_eq!([node(1), node(2), node(3), node(4), node(5)], [(2, 1), (1, 0), (2, 0), (2, 0), (0, 0)]);
}

#[test]
fn nothing_is_trimmed_for_unverified_replicas() {
    let mut cluster = Cluster::new(&[Live; 4]);
    cluster.file(1, 3, &[1, 2]);
    cluster.add(3, reference(1).key(), Stored);
    cluster.add(4, reference(1).key(), Stored);
    let first = cluster.plan(&[]);
    assert_eq!(first.trims, []);
    let checks: Vec<_> = first.checks.iter().map(|check| check.node.0).collect();
    assert_eq!(checks, [3, 4], "a replica that reappeared is verified first");
    cluster.add(3, reference(1).key(), Suspect);
    cluster.add(4, reference(1).key(), Verified);
    let trim = Trim { node: DatanodeId(3), key: reference(1).key() };
    assert_eq!(cluster.plan(&[]).trims, [trim], "the corrupt one is removed, none of the good ones");
}

#[test]
fn a_suspect_replica_is_deleted_only_after_enough_others_are_verified() {
    let mut cluster = Cluster::new(&[Live; 4]);
    cluster.file(1, 3, &[1, 2]);
    cluster.add(3, reference(1).key(), Suspect);
    let plan = cluster.plan(&[]);
    assert_eq!((sketch(&plan).len(), plan.trims), (1, vec![]));
    assert_eq!(plan.copies[0].targets, [DatanodeId(4)], "one without a suspect replica is preferred");
    cluster.add(4, reference(1).key(), Verified);
    assert_eq!(cluster.plan(&[]).trims, [Trim { node: DatanodeId(3), key: reference(1).key() }]);
}

#[test]
fn with_no_other_datanode_the_copy_replaces_the_suspect_replica() {
    let mut cluster = Cluster::new(&[Live; 3]);
    cluster.file(1, 3, &[1, 2]);
    cluster.add(3, reference(1).key(), Suspect);
    assert_eq!(cluster.plan(&[]).copies[0].targets, [DatanodeId(3)]);
}

#[test]
fn suspect_replicas_alone_are_reconstructed_from_each_other() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Stale, Live]);
    cluster.file(1, 3, &[]);
    (1..=3).for_each(|node| cluster.add(node, reference(1).key(), Suspect));
    let plan = cluster.plan(&[]);
    assert_eq!((plan.copies.len(), plan.trims.len()), (0, 0));
    let [reconstruction] = &plan.reconstructions[..] else { panic!("{plan:?}") };
    // The last one may have a replica in quarantine.
    assert_eq!(
        (reconstruction.node, &reconstruction.sources[..]),
        (DatanodeId(1), &[DatanodeId(2), DatanodeId(3), DatanodeId(5)][..])
    );
    let resting = InFlight::default().with([], [ChunkId(1)]);
    assert!(super::plan(&cluster.view(), &cluster.survey(), &resting, &LIMITS, 1).reconstructions.is_empty());
}

#[test]
fn replicas_of_other_keys_go_only_on_proof_and_pending_ones_never() {
    for (key, verified, trimmed) in [
        (other(1, 0, 7), 2, false),
        (other(1, 0, 7), 3, true),
        (other(1, 1, 7), 2, false),
        (other(1, 1, 7), 3, true),
        (other(1, 2, 7), 3, false),
        (other(9_000, 1, 7), 3, false),
        (other(20_000, 1, 7), 3, false),
    ] {
        let mut cluster = Cluster::new(&[Live; 4]);
        cluster.file(1, 3, &(1..=verified).collect::<Vec<_>>());
        cluster.add(4, key, Verified);
        let trims = cluster.plan(&[]).trims;
        assert_eq!(trims.iter().any(|trim| trim.key == key), trimmed, "{key}: {trims:?}");
    }
}

/// Replicas that have to stay, however many, do not prevent others from being examined.
#[test]
fn replicas_that_do_not_count_are_looked_at_in_turn() {
    let mut cluster = Cluster::new(&[Live; 4]);
    cluster.apply(ChunkOp::Reserve { count: 30_000 });
    (100..20_100).for_each(|id| cluster.add(1, other(id, 1, 7), Suspect));
    cluster.file(30_000, 3, &[1, 2, 3]);
    cluster.add(4, reference(30_000).key(), Suspect);
    let survey = cluster.survey();
    let plans = (0..16).map(|seed| plan(&cluster.view(), &survey, &InFlight::default(), &LIMITS, seed));
    let found = plans.filter(|plan| plan.trims == [Trim { node: DatanodeId(4), key: reference(30_000).key() }]).count();
    assert!(found >= 8, "found in {found} of 16 plans");
}
