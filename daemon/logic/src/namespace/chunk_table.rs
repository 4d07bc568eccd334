//! Every chunk that a file names, by id.

use dfs_types::{ChunkId, ChunkRef, Generation, ReplicaKey};
use imbl::OrdMap;
use std::fmt;
use std::sync::Arc;

/// Chunks per page. Ids are dense, so a page is nearly full; a change copies at most one page.
const PAGE_SLOTS: u64 = 256;

/// What the masters must know of a chunk to keep it whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// Bytes.
    pub length: u32,
    pub generation: Generation,
    /// As in a [`ChunkRef`].
    pub checksum: u32,
    /// Copies wanted.
    pub replication: u8,
}

impl ChunkMeta {
    /// The reference to this chunk, given its id.
    pub fn reference(&self, id: ChunkId) -> ChunkRef {
        ChunkRef { id, generation: self.generation, length: self.length, checksum: self.checksum }
    }

    /// The key of its good replicas, given its id.
    pub fn key(&self, id: ChunkId) -> ReplicaKey {
        self.reference(id).key()
    }
}

/// A replication of zero marks a free slot.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    length: u32,
    generation: u32,
    checksum: u32,
    replication: u8,
}

#[derive(Clone)]
struct Page {
    used: u32,
    slots: [Slot; PAGE_SLOTS as usize],
}

/// A persistent table in pages; a page without chunks is dropped.
#[derive(Clone, Default)]
pub(super) struct ChunkTable {
    pages: OrdMap<u64, Arc<Page>>,
    count: u64,
}

fn place(id: ChunkId) -> (u64, usize) {
    (id.0 / PAGE_SLOTS, (id.0 % PAGE_SLOTS) as usize)
}

impl Slot {
    fn meta(self) -> Option<ChunkMeta> {
        let Self { length, generation, checksum, replication } = self;
        (replication > 0).then_some(ChunkMeta { length, generation: Generation(generation), checksum, replication })
    }
}

impl ChunkTable {
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    pub(super) fn get(&self, id: ChunkId) -> Option<ChunkMeta> {
        let (page, slot) = place(id);
        self.pages.get(&page)?.slots.get(slot)?.meta()
    }

    /// Puts in a chunk of a file that wants `replication` copies, at least one. A chunk that is there is replaced.
    pub(super) fn insert(&mut self, chunk: &ChunkRef, replication: u8) {
        let (number, slot) = place(chunk.id);
        let page = self.pages.entry(number).or_insert_with(|| Arc::new(Page { used: 0, slots: [Slot::default(); _] }));
        let page = Arc::make_mut(page);
        if let Some(slot) = page.slots.get_mut(slot) {
            let new = u32::from(slot.replication == 0);
            let ChunkRef { length, checksum, .. } = *chunk;
            *slot = Slot { length, generation: chunk.generation.0, checksum, replication: replication.max(1) };
            page.used += new;
            self.count += u64::from(new);
        }
    }

    /// Takes a chunk out; nothing happens when it is not there.
    pub(super) fn remove(&mut self, id: ChunkId) {
        if self.get(id).is_none() {
            return;
        }
        let (number, slot) = place(id);
        let Some(page) = self.pages.get_mut(&number) else { return };
        if page.used <= 1 {
            self.pages.remove(&number);
        } else {
            let page = Arc::make_mut(page);
            page.used -= 1;
            if let Some(slot) = page.slots.get_mut(slot) {
                *slot = Slot::default();
            }
        }
        self.count -= 1;
    }

    /// The chunks from `start` on, in the order of their ids.
    pub(super) fn from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, ChunkMeta)> + '_ {
        let (first, _) = place(start);
        let chunks = self.pages.range(first..).flat_map(|(number, page)| {
            let base = number * PAGE_SLOTS;
            (base..).zip(&page.slots).filter_map(|(id, slot)| slot.meta().map(|meta| (ChunkId(id), meta)))
        });
        chunks.skip_while(move |(id, _)| *id < start)
    }
}

impl fmt::Debug for ChunkTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} chunks in {} pages", self.count, self.pages.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(id: u64) -> ChunkRef {
        ChunkRef { id: ChunkId(id), generation: Generation(1), length: 7, checksum: 0xfeed }
    }

    #[test]
    fn pages_come_and_go() {
        let mut table = ChunkTable::default();
        for id in [1, 255, 256, 100_000] {
            table.insert(&chunk(id), 3);
        }
        let version = table.clone();
        table.remove(ChunkId(256));
        table.remove(ChunkId(256));
        table.remove(ChunkId(5));
        assert_eq!((table.len(), table.pages.len()), (3, 2));
        assert_eq!((version.len(), version.pages.len()), (4, 3));
        let ids: Vec<u64> = table.from(ChunkId(2)).map(|(id, _)| id.0).collect();
        assert_eq!(ids, [255, 100_000]);
        assert_eq!(version.get(ChunkId(256)).map(|meta| meta.replication), Some(3));
    }
}
