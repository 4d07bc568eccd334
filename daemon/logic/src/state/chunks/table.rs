//! The table of every chunk that a file names, by id.

use dfs_types::{ChunkId, ChunkRef, Generation, Layout, ReplicaKey};
use imbl::OrdMap;
use std::fmt;
use std::sync::Arc;

/// The number of chunks per page. Ids are dense, so a page is nearly full; a change copies at most
/// one page. This many fill 4 KiB.
const PAGE_SLOTS: u64 = 254;
/// The maximum number of names of a chunk: the count has 24 bits.
pub(crate) const REFERENCES_MAX: u32 = (1 << 24) - 1;

/// The state of a chunk that a file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// The length in bytes.
    pub length: u32,
    pub generation: Generation,
    /// The checksum, as in a [`ChunkRef`].
    pub checksum: u32,
    /// The layout that the most demanding of its files wants.
    pub layout: Layout,
    /// The number of files that name it.
    pub references: u32,
}

impl ChunkMeta {
    /// Returns the reference to this chunk, given its id.
    pub fn reference(&self, id: ChunkId) -> ChunkRef {
        ChunkRef { id, generation: self.generation, length: self.length, checksum: self.checksum }
    }

    /// Returns the key of its good replicas, given its id.
    pub fn key(&self, id: ChunkId) -> ReplicaKey {
        self.reference(id).key()
    }

    /// Returns the number of replicas wanted.
    pub fn replicas(&self) -> u8 {
        self.layout.replicas()
    }
}

/// A chunk in 16 bytes. Without references the slot is free, or, with a length, the chunk is listed
/// and not named yet ([`Listing`](super::Listing)).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    pub(super) length: u32,
    generation: u32,
    checksum: u32,
    /// References in the upper 24 bits, replicas in the lower 8.
    references_and_replicas: u32,
}

#[derive(Clone)]
pub(super) struct Page {
    pub(super) used: u32,
    pub(super) slots: [Slot; PAGE_SLOTS as usize],
}

/// A persistent table in pages; a page without chunks is dropped.
#[derive(Clone, Default)]
pub(crate) struct ChunkTable {
    pages: OrdMap<u64, Arc<Page>>,
    count: u64,
}

pub(super) fn place(id: ChunkId) -> (u64, usize) {
    (id.0 / PAGE_SLOTS, (id.0 % PAGE_SLOTS) as usize)
}

impl Slot {
    pub(super) fn of(meta: ChunkMeta) -> Self {
        let ChunkMeta { length, generation, checksum, layout, references } = meta;
        debug_assert!((1..=REFERENCES_MAX).contains(&references), "{references} references");
        let Layout::Replicated { replicas } = layout;
        let references_and_replicas = references << 8 | u32::from(replicas);
        Self { length, generation: generation.0, checksum, references_and_replicas }
    }

    /// Returns the slot of a chunk that no file names yet.
    pub(super) fn listed(meta: ChunkMeta) -> Self {
        Self { references_and_replicas: u32::from(meta.replicas()), ..Self::of(meta) }
    }

    fn meta(self) -> Option<ChunkMeta> {
        Some(self.content()).filter(|meta| meta.references > 0)
    }

    pub(super) fn content(self) -> ChunkMeta {
        let Self { length, generation, checksum, references_and_replicas } = self;
        let (references, replicas) = (references_and_replicas >> 8, references_and_replicas as u8);
        let (generation, layout) = (Generation(generation), Layout::Replicated { replicas });
        ChunkMeta { length, generation, checksum, layout, references }
    }
}

impl Page {
    pub(super) fn empty() -> Self {
        Self { used: 0, slots: [Slot::default(); _] }
    }
}

impl ChunkTable {
    /// Makes a table of pages with `count` chunks.
    pub(super) fn of(pages: impl IntoIterator<Item = (u64, Arc<Page>)>, count: u64) -> Self {
        Self { pages: pages.into_iter().collect(), count }
    }

    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    pub(crate) fn get(&self, id: ChunkId) -> Option<ChunkMeta> {
        let (page, slot) = place(id);
        self.pages.get(&page)?.slots.get(slot)?.meta()
    }

    /// Inserts a chunk with at least one reference, or replaces it.
    pub(crate) fn set(&mut self, id: ChunkId, meta: ChunkMeta) {
        let (number, slot) = place(id);
        let page = self.pages.entry(number).or_insert_with(|| Arc::new(Page::empty()));
        let page = Arc::make_mut(page);
        if let Some(slot) = page.slots.get_mut(slot) {
            let new = u32::from(slot.meta().is_none());
            *slot = Slot::of(meta);
            page.used += new;
            self.count += u64::from(new);
        }
    }

    /// Removes a chunk; does nothing if it is not there.
    pub(crate) fn remove(&mut self, id: ChunkId) {
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

    /// Returns the chunks sorted by id, from `start` on.
    pub(crate) fn from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, ChunkMeta)> + '_ {
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

    fn meta(replicas: u8, references: u32) -> ChunkMeta {
        let layout = Layout::Replicated { replicas };
        ChunkMeta { length: 7, generation: Generation(1), checksum: 0xfeed, layout, references }
    }

    #[test]
    fn pages_come_and_go() {
        let mut table = ChunkTable::default();
        for id in [1, 253, 254, 100_000] {
            table.set(ChunkId(id), meta(3, 1));
        }
        let version = table.clone();
        table.remove(ChunkId(254));
        table.remove(ChunkId(254));
        table.remove(ChunkId(5));
        assert_eq!((table.len(), table.pages.len()), (3, 2));
        assert_eq!((version.len(), version.pages.len()), (4, 3));
        let ids: Vec<u64> = table.from(ChunkId(2)).map(|(id, _)| id.0).collect();
        assert_eq!(ids, [253, 100_000]);
        assert_eq!(version.get(ChunkId(254)), Some(meta(3, 1)));
    }

    #[test]
    fn slots_hold_all_that_chunks_have_and_stay_small() {
        for (replicas, references) in [(0, 1), (255, 1), (3, REFERENCES_MAX)] {
            assert_eq!(Slot::of(meta(replicas, references)).meta(), Some(meta(replicas, references)));
        }
        assert_eq!(Slot::default().meta(), None);
        assert!(size_of::<Slot>() == 16 && size_of::<Page>() + 16 <= 4096);
    }
}
