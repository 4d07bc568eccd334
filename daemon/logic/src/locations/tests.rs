use super::{ASIDE_PER_CHUNK_MAX, Added, IDS_AHEAD_MAX, Locations, ReportError, Reported};
use dfs_types::ReplicaState::{self, Stored, Suspect, Verified};
use dfs_types::{ChunkId, DatanodeId, Generation, ReplicaKey, StoredReplica};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The expected content: the state of each replica of each datanode.
type Model = BTreeMap<(DatanodeId, ReplicaKey), ReplicaState>;

fn key(id: u64, generation: u32, checksum: u32) -> ReplicaKey {
    ReplicaKey { chunk: ChunkId(id), generation: Generation(generation), checksum }
}

fn one(id: u64) -> ReplicaKey {
    key(id, 1, 7)
}

fn stored(key: ReplicaKey) -> StoredReplica {
    StoredReplica { key, state: Stored }
}

/// Half of the chunks have a committed key.
fn committed(id: ChunkId) -> Option<ReplicaKey> {
    id.0.is_multiple_of(2).then(|| one(id.0))
}

fn nothing_committed(_: ChunkId) -> Option<ReplicaKey> {
    None
}

fn nodes(locations: &Locations, id: u64) -> Vec<u16> {
    let mut nodes: Vec<u16> = locations.replicas(ChunkId(id)).nodes().map(|node| node.0).collect();
    nodes.sort_unstable();
    nodes
}

#[derive(Debug, Clone)]
enum Step {
    Add(DatanodeId, StoredReplica),
    Remove(DatanodeId, ReplicaKey),
    Clear(DatanodeId),
}

fn node() -> impl Strategy<Value = DatanodeId> {
    // More than a slot has room for.
    (1u16..8).prop_map(DatanodeId)
}

fn any_key() -> impl Strategy<Value = ReplicaKey> {
    let id = prop::sample::select(vec![1, 2, 255, 256, 257, 5_000]);
    (id, 1u32..3, 7u32..9).prop_map(|(id, generation, checksum)| key(id, generation, checksum))
}

fn state() -> impl Strategy<Value = ReplicaState> {
    prop_oneof![2 => Just(Stored), 2 => Just(Verified), 1 => Just(Suspect)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (node(), any_key(), state()).prop_map(|(node, key, state)| Step::Add(node, StoredReplica { key, state })),
        5 => (node(), any_key()).prop_map(|(node, key)| Step::Remove(node, key)),
        1 => node().prop_map(Step::Clear),
    ]
}

fn check(locations: &Locations, model: &Model) -> Result<(), TestCaseError> {
    for (node, count) in (1..8).map(|node| {
        let node = DatanodeId(node);
        (node, model.keys().filter(|(other, _)| *other == node).count() as u64)
    }) {
        prop_assert_eq!(locations.count(node), count);
    }
    for ((node, key), state) in model {
        prop_assert!(locations.has(*node, *key), "{} {}", node, key);
        prop_assert_eq!(locations.holds(*node, *key), *state != Suspect, "{} {}", node, key);
        prop_assert_eq!(locations.suspects(*key).any(|other| other == *node), *state == Suspect);
    }
    let mut found = 0;
    for (id, replicas) in locations.from(ChunkId(0)) {
        let slot = replicas.key(id);
        let verified: BTreeSet<_> = replicas.verified().collect();
        for node in replicas.nodes() {
            let state = if verified.contains(&node) { Verified } else { Stored };
            prop_assert_eq!(model.get(&(node, slot)), Some(&state));
            found += 1;
        }
        prop_assert!(committed(id).is_none_or(|committed| committed == slot), "the committed key owns the slot");
    }
    for aside in locations.asides(ChunkId(0)) {
        prop_assert_eq!(model.get(&(aside.node, aside.stored.key)), Some(&aside.stored.state));
        found += 1;
        let counts = aside.stored.state != Suspect && committed(aside.stored.key.chunk) == Some(aside.stored.key);
        prop_assert!(!counts, "{:?} has the committed key and is recorded aside", aside);
    }
    prop_assert_eq!(found, model.len());
    Ok(())
}

/// An event at a datanode, as its master receives it.
#[derive(Debug, Clone)]
enum Event {
    Stored(ReplicaKey),
    Deleted(ReplicaKey),
    /// It begins a full report of its present replicas; a report in progress is abandoned.
    Begin,
    /// Its next page, of this many replicas.
    Page(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let key = (1u64..20, 7u32..9).prop_map(|(id, checksum)| key(id, 1, checksum));
    prop_oneof![
        4 => key.clone().prop_map(Event::Stored),
        3 => key.prop_map(Event::Deleted),
        1 => Just(Event::Begin),
        3 => (0usize..6).prop_map(Event::Page),
    ]
}

/// A datanode with its replicas and the rest of its report.
#[derive(Default)]
struct Disk {
    replicas: BTreeSet<ReplicaKey>,
    report: Option<Vec<ReplicaKey>>,
    first: bool,
}

impl Disk {
    fn page(&mut self, node: DatanodeId, locations: &mut Locations, size: usize) {
        let Some(mut rest) = self.report.take() else { return };
        let later = rest.split_off(size.min(rest.len()));
        let replicas: Vec<_> = rest.into_iter().map(stored).collect();
        let last = later.is_empty();
        assert_eq!(locations.report_page(node, self.first, last, &replicas, &committed), Ok(Reported::default()));
        self.first = false;
        if !last {
            self.report = Some(later);
        }
    }

    fn event(&mut self, node: DatanodeId, locations: &mut Locations, event: &Event) {
        match event {
            Event::Stored(key) => {
                self.replicas.insert(*key);
                locations.add(node, stored(*key), committed(key.chunk));
            }
            Event::Deleted(key) => {
                self.replicas.remove(key);
                locations.remove(node, *key);
            }
            Event::Begin => {
                self.report = Some(self.replicas.iter().copied().collect());
                self.first = true;
                locations.expect_report(node);
            }
            Event::Page(size) => self.page(node, locations, *size),
        }
    }
}

proptest! {
    #[test]
    fn locations_are_what_a_map_would_be(steps in prop::collection::vec(step(), 1..80)) {
        let mut locations = Locations::new();
        let mut model = Model::new();
        for step in &steps {
            match *step {
                Step::Add(node, stored) => {
                    locations.add(node, stored, committed(stored.key.chunk));
                    model.insert((node, stored.key), stored.state);
                }
                Step::Remove(node, key) => {
                    locations.remove(node, key);
                    model.remove(&(node, key));
                }
                Step::Clear(node) => {
                    let before = locations.count(node);
                    prop_assert_eq!(locations.clear_node(node), before);
                    model.retain(|(other, _), _| *other != node);
                }
            }
            check(&locations, &model)?;
        }
        let mut cursor = locations.cursor();
        for id in [1u64, 2, 3, 255, 256, 257, 5_000, 6_000].map(ChunkId) {
            prop_assert_eq!(cursor.replicas(id).nodes().collect::<Vec<_>>(), locations.replicas(id).nodes().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_report_never_undoes_newer_changes(events in prop::collection::vec((1u16..4, event()), 1..100)) {
        let mut locations = Locations::new();
        let mut disks: BTreeMap<DatanodeId, Disk> = BTreeMap::new();
        for (node, event) in events {
            let node = DatanodeId(node);
            let disk = disks.entry(node).or_default();
            disk.event(node, &mut locations, &event);
            prop_assert_eq!(&held(&locations, node), &disk.replicas, "after {:?}", event);
        }
    }

    #[test]
    fn a_report_corrects_missed_changes(
        before in prop::collection::btree_set(1u64..600, 0..20), now in prop::collection::btree_set(1u64..600, 0..20),
        other in prop::collection::btree_set(1u64..600, 0..20), page in 1usize..8,
    ) {
        let mut locations = Locations::new();
        let (first, second) = (DatanodeId(1), DatanodeId(2));
        before.iter().for_each(|id| { locations.add(first, stored(one(*id)), committed(ChunkId(*id))); });
        other.iter().for_each(|id| { locations.add(second, stored(one(*id)), committed(ChunkId(*id))); });
        let mut disk = Disk { replicas: now.into_iter().map(one).collect(), ..Disk::default() };
        disk.event(first, &mut locations, &Event::Begin);
        while disk.report.is_some() {
            disk.page(first, &mut locations, page);
        }
        prop_assert_eq!(held(&locations, first), disk.replicas.clone());
        prop_assert_eq!(locations.count(first), disk.replicas.len() as u64);
        prop_assert_eq!(held(&locations, second), other.into_iter().map(one).collect::<BTreeSet<_>>());
    }
}

fn held(locations: &Locations, node: DatanodeId) -> BTreeSet<ReplicaKey> {
    locations.keys_of(node).into_iter().collect()
}

#[test]
fn replicas_beyond_the_slot_are_kept_as_well() {
    let mut locations = Locations::new();
    for node in 1..=6 {
        assert_eq!(locations.add(DatanodeId(node), stored(one(7)), None), Added::New);
        assert_eq!(locations.add(DatanodeId(node), stored(one(7)), None), Added::Known);
    }
    assert_eq!(nodes(&locations, 7), [1, 2, 3, 4, 5, 6]);
    assert!(locations.remove(DatanodeId(2), one(7)));
    assert!(locations.remove(DatanodeId(6), one(7)));
    assert!(!locations.remove(DatanodeId(6), one(7)));
    assert_eq!(nodes(&locations, 7), [1, 3, 4, 5]);
    assert!(locations.overflow.is_empty());
}

/// One file under a wrong name must not hide the good replicas of a chunk.
#[test]
fn another_key_never_makes_the_committed_one_forgotten() {
    let mut locations = Locations::new();
    let committed = Some(one(7));
    assert_eq!(locations.add(DatanodeId(1), stored(one(7)), committed), Added::New);
    for other in [key(7, 9, 7), key(7, 1, 8), key(7, 0, 7)] {
        assert_eq!(locations.add(DatanodeId(2), stored(other), committed), Added::Aside);
        assert_eq!(nodes(&locations, 7), [1]);
    }
    assert_eq!(locations.count(DatanodeId(2)), 3);
}

#[test]
fn the_commit_decides_which_replicas_count() {
    let mut locations = Locations::new();
    locations.add(DatanodeId(1), stored(key(7, 1, 8)), None);
    locations.add(DatanodeId(2), StoredReplica { key: one(7), state: Verified }, None);
    assert_eq!(nodes(&locations, 7), [1], "the first one has the slot as long as nothing is committed");
    assert_eq!(locations.add(DatanodeId(3), stored(one(7)), Some(one(7))), Added::New);
    assert_eq!(nodes(&locations, 7), [2, 3]);
    assert_eq!(locations.replicas(ChunkId(7)).verified().collect::<Vec<_>>(), [DatanodeId(2)]);
    assert_eq!(locations.asides(ChunkId(0)).map(|aside| aside.node).collect::<Vec<_>>(), [DatanodeId(1)]);
}

#[test]
fn a_suspect_replica_stops_counting_until_it_is_good_again() {
    let mut locations = Locations::new();
    let suspect = StoredReplica { key: one(7), state: Suspect };
    locations.add(DatanodeId(1), stored(one(7)), None);
    assert_eq!(locations.add(DatanodeId(1), suspect, None), Added::Suspect);
    assert_eq!(locations.add(DatanodeId(1), suspect, None), Added::Aside, "reported once");
    assert!(nodes(&locations, 7).is_empty() && locations.suspects(one(7)).eq([DatanodeId(1)]));
    assert_eq!(locations.add(DatanodeId(1), StoredReplica { key: one(7), state: Verified }, None), Added::New);
    assert_eq!((nodes(&locations, 7), locations.count(DatanodeId(1))), (vec![1], 1));
}

#[test]
fn ids_that_were_not_handed_out_take_no_memory() {
    let mut locations = Locations::new();
    assert_eq!(locations.add(DatanodeId(1), stored(one(u64::MAX)), None), Added::Strange);
    assert_eq!(locations.add(DatanodeId(1), stored(one(IDS_AHEAD_MAX)), None), Added::Strange);
    assert_eq!(locations.add(DatanodeId(0), stored(one(1)), None), Added::Strange);
    locations.handed_out(ChunkId(10));
    assert_eq!(locations.add(DatanodeId(1), stored(one(IDS_AHEAD_MAX)), None), Added::New);
    let page = [stored(one(3)), stored(one(u64::MAX))];
    let reported = Reported { strange: vec![one(u64::MAX)], suspect: Vec::new() };
    assert_eq!(locations.report_page(DatanodeId(1), true, true, &page, &nothing_committed), Ok(reported));
    assert_eq!(locations.count(DatanodeId(1)), 1);
}

#[test]
fn claims_of_other_replicas_of_one_chunk_are_bounded_for_each_datanode() {
    let mut locations = Locations::new();
    let (good, liar) = (DatanodeId(1), DatanodeId(2));
    locations.add(good, stored(one(7)), Some(one(7)));
    for checksum in 100..1_000 {
        locations.add(liar, stored(key(7, 1, checksum)), Some(one(7)));
        locations.add(liar, StoredReplica { key: key(7, 2, checksum), state: Suspect }, Some(one(7)));
    }
    assert_eq!(locations.asides(ChunkId(0)).count(), ASIDE_PER_CHUNK_MAX);
    assert_eq!(
        locations.add(good, stored(key(7, 1, 8)), Some(one(7))),
        Added::Aside,
        "the others have room of their own"
    );
    assert_eq!(locations.add(liar, stored(one(7)), Some(one(7))), Added::New, "the committed one counts");
    let suspect = StoredReplica { key: one(7), state: Suspect };
    assert_eq!(locations.add(liar, suspect, Some(one(7))), Added::Suspect, "so does its corruption");
    locations.remove(liar, key(7, 1, 100));
    locations.remove(liar, one(7));
    assert_eq!(locations.add(liar, stored(key(7, 1, 5)), Some(one(7))), Added::Aside, "one was removed");
}

#[test]
fn pages_out_of_order_are_refused_and_change_nothing() {
    let mut locations = Locations::new();
    let node = DatanodeId(1);
    locations.add(node, stored(one(5)), None);
    let mut page = |first, last, ids: &[u64]| {
        let replicas: Vec<_> = ids.iter().map(|id| stored(one(*id))).collect();
        locations.report_page(node, first, last, &replicas, &nothing_committed).map(|_| ())
    };
    assert_eq!(page(false, false, &[]), Err(ReportError::NotBegun));
    assert_eq!(page(true, false, &[9, 9]), Err(ReportError::Order));
    assert_eq!(page(true, false, &[]), Ok(()), "an empty page covers nothing");
    assert_eq!(page(false, false, &[2]), Ok(()));
    assert_eq!(page(false, true, &[2]), Err(ReportError::Order));
    assert_eq!(page(false, true, &[]), Err(ReportError::NotBegun), "the report was abandoned");
    assert_eq!(nodes(&locations, 5), [1]);
}
