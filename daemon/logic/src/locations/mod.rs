//! The locations of replicas: which datanodes hold which replicas. Soft state: built from
//! heartbeats and chunk reports, never stored.
//!
//! Chunk ids are dense, so the table consists of pages of slots; a slot has room for four
//! datanodes, and further ones are in a map. There are no lists per datanode: the chunks of a
//! datanode are found by a scan, which takes less than a tenth of a second for ten million chunks
//! and is rarely needed.
//!
//! A slot holds the good replicas of one key. Replicas that are suspect, or have another key than
//! the slot, are kept *aside*, in a map that is small because both are rare. The committed key of a
//! chunk, once it is known, always owns the slot.
//!
//! **Invariant:** a replica is recorded once, in the slot of its chunk or aside, never in both.
//! **Invariant:** no replica in a slot is suspect, and all replicas of a slot have one key.

mod page;
mod report;
#[cfg(test)]
mod tests;

use crate::durability::aside::Asides;
use crate::state::State;
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, ReplicaState, StoredReplica};
use page::{PAGE_SLOTS, Page, Place};
use report::OpenReport;
use std::collections::{BTreeMap, BTreeSet};

pub use crate::durability::Aside;
pub use page::Replicas;
pub use report::{ReportError, Reported};

/// The number of ids by which a datanode may be ahead of the log that this master has applied.
/// Replicas with higher ids are not recorded, so that memory is bounded by the ids that were handed
/// out.
pub const IDS_AHEAD_MAX: u64 = 1 << 20;

/// The maximum number of replicas of one chunk, other than the committed one, that are recorded
/// aside for one datanode. An honest datanode has one or two; without a bound, a datanode that
/// claims a million of them would make each later access to the chunk slow.
pub const ASIDE_PER_CHUNK_MAX: usize = 16;

/// The table from chunks to datanodes.
#[derive(Debug, Default)]
pub struct Locations {
    pages: BTreeMap<u64, Box<Page>>,
    /// Replicas of a chunk beyond the four of its slot.
    overflow: BTreeMap<ChunkId, Vec<Place>>,
    asides: Asides,
    /// The number of replicas per datanode, including those aside.
    counts: BTreeMap<DatanodeId, u64>,
    reports: BTreeMap<DatanodeId, OpenReport>,
    /// Ids from here on are not recorded.
    limit: u64,
}

/// The outcome of recording a reported replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It counts, and did not count before.
    New,
    /// It counted before.
    Known,
    /// It is suspect, and was not known to be.
    Suspect,
    /// It is recorded, but does not count: it has another key than the chunk, or was known to be
    /// suspect.
    Aside,
    /// No datanode can have been given such an id, or this one has claimed [`ASIDE_PER_CHUNK_MAX`]
    /// other replicas of the chunk; it is not recorded.
    Strange,
}

impl Locations {
    pub fn new() -> Self {
        Self { limit: IDS_AHEAD_MAX, ..Self::default() }
    }

    /// Sets the id that the log hands out next, see
    /// [`State::next_chunk`](crate::state::State::next_chunk).
    pub fn handed_out(&mut self, next: ChunkId) {
        self.limit = self.limit.max(next.0.saturating_add(IDS_AHEAD_MAX));
    }

    /// Records a replica, or its new state. `committed` is the key that a file names for its chunk,
    /// if one does.
    pub fn add(&mut self, node: DatanodeId, stored: StoredReplica, committed: Option<ReplicaKey>) -> Added {
        self.touch(node, stored.key);
        self.record(node, stored, committed)
    }

    /// Removes a replica. Returns true if it counted.
    pub fn remove(&mut self, node: DatanodeId, key: ReplicaKey) -> bool {
        self.touch(node, key);
        self.forget_aside(node, key);
        self.forget(node, key)
    }

    /// Returns the good replicas of a chunk, whatever their key.
    pub fn replicas(&self, id: ChunkId) -> Replicas<'_> {
        self.cursor().replicas(id)
    }

    /// Returns the good replicas with this key.
    pub fn replicas_of(&self, key: ReplicaKey) -> Replicas<'_> {
        self.cursor().replicas_of(key)
    }

    /// Returns the datanodes with a suspect replica of this key, sorted by id.
    pub fn suspects(&self, key: ReplicaKey) -> impl Iterator<Item = DatanodeId> + '_ {
        let aside = self.asides.of(key.chunk);
        aside
            .filter(move |aside| aside.stored.key == key && aside.stored.state == ReplicaState::Suspect)
            .map(|a| a.node)
    }

    /// Returns the replicas that do not count, sorted by chunk, from `start` on.
    pub fn asides(&self, start: ChunkId) -> impl Iterator<Item = Aside> + '_ {
        self.asides.from(start)
    }

    /// Returns true if a good replica with this key is recorded for a datanode.
    pub fn holds(&self, node: DatanodeId, key: ReplicaKey) -> bool {
        let good =
            |aside: Aside| aside.node == node && aside.stored.key == key && aside.stored.state != ReplicaState::Suspect;
        self.replicas_of(key).nodes().any(|holder| holder == node) || self.asides.of(key.chunk).any(good)
    }

    /// Returns the recorded state of a replica; none if it is not recorded.
    pub fn state(&self, node: DatanodeId, key: ReplicaKey) -> Option<ReplicaState> {
        let place = self.replicas_of(key).places().find(|place| place.node == node);
        let aside = || self.asides.of(key.chunk).find(|aside| aside.node == node && aside.stored.key == key);
        place.map(Place::state).or_else(|| Some(aside()?.stored.state))
    }

    /// Returns true if any replica with this key is recorded for a datanode, including a suspect
    /// one.
    pub fn has(&self, node: DatanodeId, key: ReplicaKey) -> bool {
        self.state(node, key).is_some()
    }

    /// Returns the number of replicas of a datanode.
    pub fn count(&self, node: DatanodeId) -> u64 {
        self.counts.get(&node).copied().unwrap_or(0)
    }

    /// Removes all replicas of a datanode, by a scan. Returns their number.
    pub fn clear_node(&mut self, node: DatanodeId) -> u64 {
        self.reports.remove(&node);
        let keys: Vec<ReplicaKey> = self.keys_of(node);
        for key in &keys {
            self.forget(node, *key);
            self.forget_aside(node, *key);
        }
        keys.len() as u64
    }

    /// Returns all chunks with a good replica from `start` on, sorted by id.
    pub fn from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, Replicas<'_>)> {
        let pages = self.pages.range(start.0 / PAGE_SLOTS..);
        let all = pages.flat_map(move |(number, page)| page.chunks(*number, &self.overflow));
        all.skip_while(move |(id, _)| *id < start)
    }

    /// Returns the good replicas of one datanode from chunk `start` on, sorted by id, by a scan.
    pub fn chunks_of(&self, node: DatanodeId, start: ChunkId) -> impl Iterator<Item = ReplicaKey> + '_ {
        let pages = self.pages.range(start.0 / PAGE_SLOTS..);
        let all = pages.flat_map(move |(number, page)| page.chunks_of(node, *number, &self.overflow));
        all.skip_while(move |key| key.chunk < start)
    }

    /// Returns a cursor for looking up chunks in ascending order of ids.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { locations: self, page: None }
    }

    /// Gives each slot to the committed key of its chunk, if replicas with that key are aside.
    /// Needed after a commit was applied that this master did not plan.
    pub fn settle(&mut self, namespace: &State) {
        let chunks = self.asides.from(ChunkId(0)).map(|aside| aside.stored.key.chunk);
        let mut chunks: Vec<ChunkId> = chunks.collect();
        chunks.dedup();
        for id in chunks {
            if let Some(meta) = namespace.chunk(id) {
                self.give_slot(meta.key(id));
            }
        }
    }

    /// Checks that the counts match the recorded replicas, that each replica is recorded once, and
    /// that the slot of a chunk holds one key.
    ///
    /// # Errors
    /// Returns an error if one of these does not hold.
    pub fn check(&self) -> Result<(), String> {
        let mut counts: BTreeMap<DatanodeId, u64> = BTreeMap::new();
        for (id, replicas) in self.from(ChunkId(0)) {
            let nodes: BTreeSet<DatanodeId> = replicas.nodes().collect();
            if nodes.len() != replicas.nodes().count() {
                return Err(format!("a replica of chunk {id} is recorded twice"));
            }
            let key = replicas.key(id);
            if let Some(aside) = self.asides.of(id).find(|aside| aside.stored.key == key && nodes.contains(&aside.node))
            {
                return Err(format!("{key} on {} is recorded in its slot and aside", aside.node));
            }
            nodes.into_iter().for_each(|node| *counts.entry(node).or_default() += 1);
        }
        self.asides.from(ChunkId(0)).for_each(|aside| *counts.entry(aside.node).or_default() += 1);
        if counts == self.counts { Ok(()) } else { Err(format!("counted {counts:?}, recorded {:?}", self.counts)) }
    }

    /// Returns every replica of a datanode.
    fn keys_of(&self, node: DatanodeId) -> Vec<ReplicaKey> {
        let aside = self.asides.from(ChunkId(0)).filter(|aside| aside.node == node).map(|aside| aside.stored.key);
        self.chunks_of(node, ChunkId(0)).chain(aside).collect()
    }

    fn record(&mut self, node: DatanodeId, stored: StoredReplica, committed: Option<ReplicaKey>) -> Added {
        // The number zero marks a free place and is not used for a datanode.
        if stored.key.chunk.0 >= self.limit || node.0 == 0 {
            return Added::Strange;
        }
        if let Some(committed) = committed {
            self.give_slot(committed);
        }
        if stored.state == ReplicaState::Suspect {
            let counted = self.forget(node, stored.key);
            let before = self.forget_aside(node, stored.key);
            if !self.may_put_aside(node, stored.key, committed) {
                return Added::Strange;
            }
            self.put_aside(node, stored);
            return if counted || before != Some(ReplicaState::Suspect) { Added::Suspect } else { Added::Aside };
        }
        self.forget_aside(node, stored.key);
        let slot = self.replicas(stored.key.chunk);
        let owner = committed.or((!slot.is_empty()).then(|| slot.key(stored.key.chunk)));
        if owner.is_some_and(|owner| owner != stored.key) {
            if !self.may_put_aside(node, stored.key, committed) {
                return Added::Strange;
            }
            self.put_aside(node, stored);
            return Added::Aside;
        }
        let known = self.forget(node, stored.key);
        self.put(node, stored);
        if known { Added::Known } else { Added::New }
    }

    /// Moves the good replicas of `key` into the slot of their chunk, and those of another key out
    /// of it.
    fn give_slot(&mut self, key: ReplicaKey) {
        let slot = self.replicas(key.chunk);
        if !slot.is_empty() && slot.key(key.chunk) != key {
            let other = slot.key(key.chunk);
            let places: Vec<Place> = slot.places().collect();
            for place in places {
                self.forget(place.node, other);
                self.put_aside(place.node, StoredReplica { key: other, state: place.state() });
            }
        }
        let good = |aside: &Aside| aside.stored.key == key && aside.stored.state != ReplicaState::Suspect;
        let moved: Vec<Aside> = self.asides.of(key.chunk).filter(good).collect();
        for aside in moved {
            self.forget_aside(aside.node, key);
            self.put(aside.node, aside.stored);
        }
    }

    fn put(&mut self, node: DatanodeId, stored: StoredReplica) {
        debug_assert!(stored.state != ReplicaState::Suspect, "a suspect replica does not count: {stored:?}");
        let place = Place { node, verified: stored.state == ReplicaState::Verified };
        let page = self.pages.entry(stored.key.chunk.0 / PAGE_SLOTS).or_default();
        if !page.put(stored.key, place) {
            self.overflow.entry(stored.key.chunk).or_default().push(place);
        }
        *self.counts.entry(node).or_default() += 1;
    }

    /// Returns true if there is room aside for a replica of a datanode; for a committed one there
    /// always is.
    fn may_put_aside(&self, node: DatanodeId, key: ReplicaKey, committed: Option<ReplicaKey>) -> bool {
        let of_node = self.asides.of(key.chunk).filter(|aside| aside.node == node);
        committed == Some(key) || of_node.count() < ASIDE_PER_CHUNK_MAX
    }

    fn put_aside(&mut self, node: DatanodeId, stored: StoredReplica) {
        self.asides.insert(Aside { node, stored });
        *self.counts.entry(node).or_default() += 1;
    }

    fn forget_aside(&mut self, node: DatanodeId, key: ReplicaKey) -> Option<ReplicaState> {
        let state = self.asides.remove(node, key)?;
        self.uncount(node);
        Some(state)
    }

    fn uncount(&mut self, node: DatanodeId) {
        debug_assert!(self.count(node) > 0, "a replica of {node} is removed that was not counted");
        if let Some(count) = self.counts.get_mut(&node) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&node);
            }
        }
    }

    /// Removes a replica from its slot; returns true if it was there.
    fn forget(&mut self, node: DatanodeId, key: ReplicaKey) -> bool {
        let (id, number) = (key.chunk, key.chunk.0 / PAGE_SLOTS);
        let Some(page) = self.pages.get_mut(&number).filter(|page| page.key(id) == key) else { return false };
        let known = match self.overflow.get_mut(&id) {
            Some(more) if more.iter().any(|place| place.node == node) => {
                more.retain(|place| place.node != node);
                true
            }
            Some(more) => {
                let taken = page.take(id, node);
                // A free place in the slot is filled from the overflow, so that an empty slot means
                // no replicas.
                if taken && let Some(moved) = more.pop() {
                    page.put(key, moved);
                }
                taken
            }
            None => page.take(id, node),
        };
        if self.overflow.get(&id).is_some_and(Vec::is_empty) {
            self.overflow.remove(&id);
        }
        if page.is_empty() {
            self.pages.remove(&number);
        }
        if known {
            self.uncount(node);
        }
        known
    }
}

/// Looks chunks up; fastest in ascending order of ids, because it then finds the next chunk beside
/// the last one.
#[derive(Debug)]
pub struct Cursor<'a> {
    locations: &'a Locations,
    page: Option<(u64, Option<&'a Page>)>,
}

impl<'a> Cursor<'a> {
    /// Returns the good replicas of a chunk, whatever their key.
    pub fn replicas(&mut self, id: ChunkId) -> Replicas<'a> {
        let number = id.0 / PAGE_SLOTS;
        let page = match self.page {
            Some((at, page)) if at == number => page,
            _ => {
                let page = self.locations.pages.get(&number).map(|page| &**page);
                self.page = Some((number, page));
                page
            }
        };
        page.map_or(Replicas::default(), |page| page.replicas(id, &self.locations.overflow))
    }

    /// Returns the good replicas with this key.
    pub fn replicas_of(&mut self, key: ReplicaKey) -> Replicas<'a> {
        let found = self.replicas(key.chunk);
        if found.key(key.chunk) == key { found } else { Replicas::default() }
    }
}
