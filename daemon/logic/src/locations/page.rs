//! Slots for a row of chunks.

use dfs_types::{ChunkId, DatanodeId, Generation};
use std::collections::BTreeMap;
use std::fmt;

/// Chunks per page.
pub(super) const PAGE_SLOTS: u64 = 256;
/// Datanodes per slot.
const SLOT_NODES: usize = 4;
/// No datanode has this number.
const FREE: u16 = 0;

/// The places that are taken stand before those that are free.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    nodes: [u16; SLOT_NODES],
    generation: u32,
}

pub(super) struct Page {
    /// Slots with a replica.
    used: u32,
    slots: [Slot; PAGE_SLOTS as usize],
}

/// The replicas of one chunk; all of one generation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replicas<'a> {
    slot: Slot,
    overflow: &'a [DatanodeId],
}

impl Replicas<'_> {
    /// The datanodes, in no order that means anything, but the same one each time.
    pub fn nodes(&self) -> impl Iterator<Item = DatanodeId> {
        let taken = self.slot.nodes.into_iter().take_while(|node| *node != FREE);
        taken.map(DatanodeId).chain(self.overflow.iter().copied())
    }

    /// Their generation; zero when there are none.
    pub fn generation(&self) -> Generation {
        Generation(self.slot.generation)
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

    pub(super) fn generation(&self, id: ChunkId) -> Generation {
        Generation(self.slot(id).generation)
    }

    /// Takes a free place for `node`; says whether there was one.
    pub(super) fn put(&mut self, id: ChunkId, node: DatanodeId, generation: Generation) -> bool {
        let Some(slot) = self.slots.get_mut((id.0 % PAGE_SLOTS) as usize) else { return false };
        let first = slot.nodes.first() == Some(&FREE);
        let Some(place) = slot.nodes.iter_mut().find(|place| **place == FREE) else { return false };
        *place = node.0;
        slot.generation = generation.0;
        self.used += u32::from(first);
        true
    }

    /// Frees the place of `node`; says whether it had one.
    pub(super) fn take(&mut self, id: ChunkId, node: DatanodeId) -> bool {
        let Some(slot) = self.slots.get_mut((id.0 % PAGE_SLOTS) as usize) else { return false };
        let before = slot.nodes;
        let left = before.iter().filter(|place| **place != node.0 && **place != FREE);
        slot.nodes = [FREE; SLOT_NODES];
        slot.nodes.iter_mut().zip(left).for_each(|(place, node)| *place = *node);
        let taken = slot.nodes != before;
        if taken && slot.nodes.first() == Some(&FREE) {
            slot.generation = 0;
            self.used -= 1;
        }
        taken
    }

    pub(super) fn replicas<'a>(&self, id: ChunkId, overflow: &'a BTreeMap<ChunkId, Vec<DatanodeId>>) -> Replicas<'a> {
        self.slot(id).replicas(id, overflow)
    }

    /// The chunks with replicas, when this is page `number`.
    pub(super) fn chunks<'a>(
        &'a self,
        number: u64,
        overflow: &'a BTreeMap<ChunkId, Vec<DatanodeId>>,
    ) -> impl Iterator<Item = (ChunkId, Replicas<'a>)> {
        let numbered = (number * PAGE_SLOTS..).map(ChunkId).zip(&self.slots);
        numbered.map(move |(id, slot)| (id, slot.replicas(id, overflow))).filter(|(_, replicas)| !replicas.is_empty())
    }

    /// The chunks that one datanode has, when this is page `number`. Written for scans: most slots are only compared.
    pub(super) fn chunks_of<'a>(
        &'a self,
        node: DatanodeId,
        number: u64,
        overflow: &'a BTreeMap<ChunkId, Vec<DatanodeId>>,
    ) -> impl Iterator<Item = (ChunkId, Generation)> + 'a {
        let numbered = (number * PAGE_SLOTS..).map(ChunkId).zip(&self.slots);
        let held = numbered.filter(move |(id, slot)| {
            let more = || overflow.get(id).is_some_and(|nodes| nodes.contains(&node));
            slot.nodes.contains(&node.0) || (slot.is_full() && more())
        });
        held.map(|(id, slot)| (id, Generation(slot.generation))).filter(move |_| node.0 != FREE)
    }

    fn slot(&self, id: ChunkId) -> Slot {
        self.slots.get((id.0 % PAGE_SLOTS) as usize).copied().unwrap_or_default()
    }
}

impl Slot {
    /// Only a full slot can have more datanodes elsewhere.
    fn is_full(&self) -> bool {
        self.nodes.last().is_some_and(|node| *node != FREE)
    }

    fn replicas(self, id: ChunkId, overflow: &BTreeMap<ChunkId, Vec<DatanodeId>>) -> Replicas<'_> {
        let overflow = if self.is_full() { overflow.get(&id).map_or(&[][..], Vec::as_slice) } else { &[] };
        Replicas { slot: self, overflow }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} chunks", self.used)
    }
}
