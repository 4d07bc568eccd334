//! Slots for a range of chunks.

use dfs_types::{ChunkId, DatanodeId, Generation, ReplicaKey, ReplicaState};
use std::collections::BTreeMap;
use std::fmt;

/// The number of chunks per page.
pub(super) const PAGE_SLOTS: u64 = 256;
/// The number of datanodes per slot.
const SLOT_NODES: usize = 4;
/// Marks a free place; no datanode has this number.
const FREE: u16 = 0;

/// A replica in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) node: DatanodeId,
    pub(super) verified: bool,
}

impl Place {
    pub(super) fn state(self) -> ReplicaState {
        if self.verified { ReplicaState::Verified } else { ReplicaState::Stored }
    }
}

/// The occupied places come before the free ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Slot {
    nodes: [u16; SLOT_NODES],
    generation: u32,
    checksum: u32,
    /// A bit for each place whose replica is verified.
    verified: u8,
}

pub(super) struct Page {
    /// The number of slots with a replica.
    used: u32,
    slots: [Slot; PAGE_SLOTS as usize],
}

/// The good replicas of one chunk; all have the same key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replicas<'a> {
    slot: Slot,
    overflow: &'a [Place],
}

impl Replicas<'_> {
    /// Returns the datanodes, in an arbitrary but stable order.
    pub fn nodes(&self) -> impl Iterator<Item = DatanodeId> {
        self.places().map(|place| place.node)
    }

    /// Returns the datanodes whose replica was verified since it appeared there.
    pub fn verified(&self) -> impl Iterator<Item = DatanodeId> {
        self.places().filter(|place| place.verified).map(|place| place.node)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.slot.places().chain(self.overflow.iter().copied())
    }

    /// Returns their key, given the id of their chunk; generation and checksum are zero if there
    /// are no replicas.
    pub fn key(&self, chunk: ChunkId) -> ReplicaKey {
        self.slot.key(chunk)
    }

    pub fn is_empty(&self) -> bool {
        self.slot.nodes.first().is_none_or(|node| *node == FREE)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { used: 0, slots: [Slot::default(); PAGE_SLOTS as usize] }
    }
}

impl Page {
    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn key(&self, id: ChunkId) -> ReplicaKey {
        self.slot(id).key(id)
    }

    /// Takes a free place for a replica; returns true if there was one.
    pub(super) fn put(&mut self, key: ReplicaKey, new: Place) -> bool {
        let Some(slot) = self.slots.get_mut((key.chunk.0 % PAGE_SLOTS) as usize) else { return false };
        let first = slot.nodes.first() == Some(&FREE);
        let Some(place) = slot.nodes.iter().position(|place| *place == FREE) else { return false };
        slot.set(place, new);
        (slot.generation, slot.checksum) = (key.generation.0, key.checksum);
        self.used += u32::from(first);
        true
    }

    /// Frees the place of `node`; returns true if it had one.
    pub(super) fn take(&mut self, id: ChunkId, node: DatanodeId) -> bool {
        let Some(slot) = self.slots.get_mut((id.0 % PAGE_SLOTS) as usize) else { return false };
        let before = *slot;
        if before.places().all(|place| place.node != node) {
            return false;
        }
        *slot = Slot { generation: before.generation, checksum: before.checksum, ..Slot::default() };
        let left = before.places().filter(|place| place.node != node);
        left.enumerate().for_each(|(place, left)| slot.set(place, left));
        if slot.nodes.first() == Some(&FREE) {
            *slot = Slot::default();
            self.used -= 1;
        }
        true
    }

    pub(super) fn replicas<'a>(&self, id: ChunkId, overflow: &'a BTreeMap<ChunkId, Vec<Place>>) -> Replicas<'a> {
        self.slot(id).replicas(id, overflow)
    }

    /// Returns the chunks with replicas; `number` is the number of this page.
    pub(super) fn chunks<'a>(
        &'a self,
        number: u64,
        overflow: &'a BTreeMap<ChunkId, Vec<Place>>,
    ) -> impl Iterator<Item = (ChunkId, Replicas<'a>)> {
        let numbered = (number * PAGE_SLOTS..).map(ChunkId).zip(&self.slots);
        numbered.map(move |(id, slot)| (id, slot.replicas(id, overflow))).filter(|(_, replicas)| !replicas.is_empty())
    }

    /// Returns the replicas of one datanode; `number` is the number of this page. Optimised for
    /// scans: most slots are only compared.
    pub(super) fn chunks_of<'a>(
        &'a self,
        node: DatanodeId,
        number: u64,
        overflow: &'a BTreeMap<ChunkId, Vec<Place>>,
    ) -> impl Iterator<Item = ReplicaKey> + 'a {
        let numbered = (number * PAGE_SLOTS..).map(ChunkId).zip(&self.slots);
        let held = numbered.filter(move |(id, slot)| {
            let more = || overflow.get(id).is_some_and(|places| places.iter().any(|place| place.node == node));
            slot.nodes.contains(&node.0) || (slot.is_full() && more())
        });
        held.map(|(id, slot)| slot.key(id)).filter(move |_| node.0 != FREE)
    }

    fn slot(&self, id: ChunkId) -> Slot {
        self.slots.get((id.0 % PAGE_SLOTS) as usize).copied().unwrap_or_default()
    }
}

impl Slot {
    fn key(&self, chunk: ChunkId) -> ReplicaKey {
        ReplicaKey { chunk, generation: Generation(self.generation), checksum: self.checksum }
    }

    fn places(self) -> impl Iterator<Item = Place> {
        let taken = self.nodes.into_iter().take_while(|node| *node != FREE).enumerate();
        taken.map(move |(place, node)| Place { node: DatanodeId(node), verified: self.verified & 1 << place != 0 })
    }

    fn set(&mut self, place: usize, new: Place) {
        if let Some(node) = self.nodes.get_mut(place) {
            *node = new.node.0;
            self.verified = self.verified & !(1 << place) | u8::from(new.verified) << place;
        }
    }

    /// Returns true if all places are taken: only then can there be more datanodes in the overflow.
    fn is_full(&self) -> bool {
        self.nodes.last().is_some_and(|node| *node != FREE)
    }

    fn replicas(self, id: ChunkId, overflow: &BTreeMap<ChunkId, Vec<Place>>) -> Replicas<'_> {
        let overflow = if self.is_full() { overflow.get(&id).map_or(&[][..], Vec::as_slice) } else { &[] };
        Replicas { slot: self, overflow }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} chunks", self.used)
    }
}
