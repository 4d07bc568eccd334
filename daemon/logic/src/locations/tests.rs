use super::{Added, IDS_AHEAD_MAX, Locations, ReportError};
use dfs_types::{ChunkId, DatanodeId, Generation};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ONE: Generation = Generation(1);

/// What is to be known: the newest generation of each chunk and who has it.
type Model = BTreeMap<ChunkId, (Generation, BTreeSet<DatanodeId>)>;

fn known(locations: &Locations) -> Model {
    let chunks = locations.from(ChunkId(0));
    chunks.map(|(id, replicas)| (id, (replicas.generation(), replicas.nodes().collect()))).collect()
}

fn nodes(locations: &Locations, id: u64) -> Vec<u16> {
    let mut nodes: Vec<u16> = locations.replicas(ChunkId(id)).nodes().map(|node| node.0).collect();
    nodes.sort_unstable();
    nodes
}

#[derive(Debug, Clone)]
enum Step {
    Add(DatanodeId, ChunkId, Generation),
    Remove(DatanodeId, ChunkId),
    Clear(DatanodeId),
}

fn node() -> impl Strategy<Value = DatanodeId> {
    // More than a slot has room for.
    (1u16..8).prop_map(DatanodeId)
}

fn chunk() -> impl Strategy<Value = ChunkId> {
    prop::sample::select(vec![1, 2, 255, 256, 257, 5_000]).prop_map(ChunkId)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (node(), chunk(), (1u32..3).prop_map(Generation)).prop_map(|(node, id, generation)| Step::Add(node, id, generation)),
        5 => (node(), chunk()).prop_map(|(node, id)| Step::Remove(node, id)),
        1 => node().prop_map(Step::Clear),
    ]
}

fn model_step(model: &mut Model, step: &Step) {
    match *step {
        Step::Add(node, id, generation) => {
            let (newest, nodes) = model.entry(id).or_default();
            if generation > *newest {
                (*newest, *nodes) = (generation, BTreeSet::from([node]));
            } else if generation == *newest {
                nodes.insert(node);
            } else {
                nodes.remove(&node);
                if nodes.is_empty() {
                    (*newest, *nodes) = (generation, BTreeSet::from([node]));
                }
            }
        }
        Step::Remove(node, id) => {
            model.entry(id).or_default().1.remove(&node);
        }
        Step::Clear(node) => model.values_mut().for_each(|(_, nodes)| {
            nodes.remove(&node);
        }),
    }
    model.retain(|_, (_, nodes)| !nodes.is_empty());
}

/// What happens at a datanode, as its master hears of it.
#[derive(Debug, Clone)]
enum Event {
    Stored(ChunkId),
    Deleted(ChunkId),
    /// It begins a full report of what it has now; one that was under way is over.
    Begin,
    /// Its next page, of so many chunks.
    Page(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let id = (1u64..40).prop_map(ChunkId);
    prop_oneof![
        4 => id.clone().prop_map(Event::Stored),
        3 => id.prop_map(Event::Deleted),
        1 => Just(Event::Begin),
        3 => (0usize..6).prop_map(Event::Page),
    ]
}

/// A datanode with what is on its disk and the rest of its report.
#[derive(Default)]
struct Disk {
    chunks: BTreeSet<ChunkId>,
    report: Option<Vec<ChunkId>>,
    first: bool,
}

impl Disk {
    fn page(&mut self, node: DatanodeId, locations: &mut Locations, size: usize) {
        let Some(mut rest) = self.report.take() else { return };
        let later = rest.split_off(size.min(rest.len()));
        let chunks: Vec<_> = rest.into_iter().map(|id| (id, ONE)).collect();
        let last = later.is_empty();
        assert_eq!(locations.report_page(node, self.first, last, &chunks), Ok(vec![]));
        self.first = false;
        if !last {
            self.report = Some(later);
        }
    }

    fn event(&mut self, node: DatanodeId, locations: &mut Locations, event: &Event) {
        match event {
            Event::Stored(id) => {
                self.chunks.insert(*id);
                locations.add(node, *id, ONE);
            }
            Event::Deleted(id) => {
                self.chunks.remove(id);
                locations.remove(node, *id);
            }
            Event::Begin => {
                self.report = Some(self.chunks.iter().copied().collect());
                self.first = true;
                locations.expect_report(node);
            }
            Event::Page(size) => self.page(node, locations, *size),
        }
    }
}

proptest! {
    #[test]
    fn locations_are_what_a_map_of_sets_would_be(steps in prop::collection::vec(step(), 1..80)) {
        let mut locations = Locations::new();
        let mut model = Model::new();
        for step in &steps {
            let before = locations.count(DatanodeId(1));
            match *step {
                Step::Add(node, id, generation) => { locations.add(node, id, generation); }
                Step::Remove(node, id) => { locations.remove(node, id); }
                Step::Clear(node) => {
                    let gone = locations.clear_node(node);
                    prop_assert!(node != DatanodeId(1) || gone == before);
                }
            }
            model_step(&mut model, step);
            prop_assert_eq!(known(&locations), model.clone());
        }
        let mut cursor = locations.cursor();
        for id in [1u64, 2, 3, 255, 256, 257, 5_000, 6_000].map(ChunkId) {
            let expected = model.get(&id).map(|(_, nodes)| nodes.clone()).unwrap_or_default();
            prop_assert_eq!(locations.replicas(id).nodes().collect::<BTreeSet<_>>(), expected.clone());
            prop_assert_eq!(cursor.replicas(id).nodes().collect::<BTreeSet<_>>(), expected);
        }
        for node in (1..8).map(DatanodeId) {
            let has = model.iter().filter(|(_, (_, nodes))| nodes.contains(&node)).map(|(id, _)| *id);
            prop_assert_eq!(locations.chunks_of(node, ChunkId(0)).map(|(id, _)| id).collect::<Vec<_>>(), has.clone().collect::<Vec<_>>());
            prop_assert_eq!(locations.count(node), has.count() as u64);
        }
    }

    #[test]
    fn a_report_never_undoes_younger_news(events in prop::collection::vec((1u16..4, event()), 1..100)) {
        let mut locations = Locations::new();
        let mut disks: BTreeMap<DatanodeId, Disk> = BTreeMap::new();
        for (node, event) in events {
            let node = DatanodeId(node);
            let disk = disks.entry(node).or_default();
            disk.event(node, &mut locations, &event);
            prop_assert_eq!(&held(&locations, node), &disk.chunks, "after {:?}", event);
        }
    }

    #[test]
    fn a_report_mends_what_was_missed(
        before in prop::collection::btree_set(1u64..600, 0..20), now in prop::collection::btree_set(1u64..600, 0..20),
        other in prop::collection::btree_set(1u64..600, 0..20), page in 1usize..8,
    ) {
        let mut locations = Locations::new();
        let (one, two) = (DatanodeId(1), DatanodeId(2));
        before.iter().for_each(|id| { locations.add(one, ChunkId(*id), ONE); });
        other.iter().for_each(|id| { locations.add(two, ChunkId(*id), ONE); });
        let mut disk = Disk { chunks: now.into_iter().map(ChunkId).collect(), ..Disk::default() };
        disk.event(one, &mut locations, &Event::Begin);
        while disk.report.is_some() {
            disk.page(one, &mut locations, page);
        }
        prop_assert_eq!(held(&locations, one), disk.chunks.clone());
        prop_assert_eq!(locations.count(one), disk.chunks.len() as u64);
        prop_assert_eq!(held(&locations, two), other.into_iter().map(ChunkId).collect::<BTreeSet<_>>());
    }
}

fn held(locations: &Locations, node: DatanodeId) -> BTreeSet<ChunkId> {
    locations.chunks_of(node, ChunkId(0)).map(|(id, _)| id).collect()
}

#[test]
fn replicas_beyond_the_slot_are_kept_as_well() {
    let mut locations = Locations::new();
    for node in 1..=6 {
        assert_eq!(locations.add(DatanodeId(node), ChunkId(7), ONE), Added::New);
        assert_eq!(locations.add(DatanodeId(node), ChunkId(7), ONE), Added::Known);
    }
    assert_eq!(nodes(&locations, 7), [1, 2, 3, 4, 5, 6]);
    assert!(locations.remove(DatanodeId(2), ChunkId(7)));
    assert!(locations.remove(DatanodeId(6), ChunkId(7)));
    assert!(!locations.remove(DatanodeId(6), ChunkId(7)));
    assert_eq!(nodes(&locations, 7), [1, 3, 4, 5]);
    assert!(locations.overflow.is_empty());
}

#[test]
fn a_newer_generation_replaces_the_others() {
    let mut locations = Locations::new();
    assert_eq!(locations.add(DatanodeId(1), ChunkId(7), ONE), Added::New);
    assert_eq!(locations.add(DatanodeId(2), ChunkId(7), Generation(2)), Added::New);
    assert_eq!(locations.add(DatanodeId(3), ChunkId(7), ONE), Added::Old);
    assert_eq!(nodes(&locations, 7), [2]);
    assert_eq!((locations.count(DatanodeId(1)), locations.count(DatanodeId(2))), (0, 1));
}

#[test]
fn ids_that_nobody_was_given_take_no_memory() {
    let mut locations = Locations::new();
    assert_eq!(locations.add(DatanodeId(1), ChunkId(u64::MAX), ONE), Added::Strange);
    assert_eq!(locations.add(DatanodeId(1), ChunkId(IDS_AHEAD_MAX), ONE), Added::Strange);
    assert_eq!(locations.add(DatanodeId(0), ChunkId(1), ONE), Added::Strange);
    locations.handed_out(ChunkId(10));
    assert_eq!(locations.add(DatanodeId(1), ChunkId(IDS_AHEAD_MAX), ONE), Added::New);
    let page = [(ChunkId(3), ONE), (ChunkId(u64::MAX), ONE)];
    assert_eq!(locations.report_page(DatanodeId(1), true, true, &page), Ok(vec![ChunkId(u64::MAX)]));
    assert_eq!(locations.count(DatanodeId(1)), 1);
}

#[test]
fn pages_out_of_order_are_refused_and_change_nothing() {
    let mut locations = Locations::new();
    let node = DatanodeId(1);
    locations.add(node, ChunkId(5), ONE);
    assert_eq!(locations.report_page(node, false, false, &[]), Err(ReportError::NotBegun));
    assert_eq!(
        locations.report_page(node, true, false, &[(ChunkId(9), ONE), (ChunkId(9), ONE)]),
        Err(ReportError::Order)
    );
    assert_eq!(locations.report_page(node, true, false, &[(ChunkId(2), ONE)]), Ok(vec![]));
    assert_eq!(locations.report_page(node, false, true, &[(ChunkId(2), ONE)]), Err(ReportError::Order));
    assert_eq!(locations.report_page(node, false, true, &[]), Err(ReportError::NotBegun), "the report was given up");
    assert_eq!(nodes(&locations, 5), [1]);
}
