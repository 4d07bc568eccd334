//! A table of chunks from a snapshot: first the chunks, sorted by id, then the files that name
//! them.

use super::table::{ChunkMeta, ChunkTable, Page, Slot, place};
use dfs_types::{ChunkId, Layout};
use std::sync::Arc;

/// The chunks of a snapshot, and those of them that files have named so far.
#[derive(Default)]
pub(crate) struct Listing {
    /// Sorted by number.
    pages: Vec<(u64, Arc<Page>)>,
    /// The index of the last page used: the next one often is the same.
    at: usize,
    last: Option<ChunkId>,
    listed: u64,
    named: u64,
    /// Further names of chunks that already had one.
    again: Vec<(ChunkId, Layout)>,
}

impl Listing {
    /// Lists a chunk. Returns false if its id is not higher than the last one.
    pub(crate) fn list(&mut self, id: ChunkId, meta: ChunkMeta) -> bool {
        let (number, slot) = place(id);
        if self.last.is_some_and(|last| last >= id) {
            return false;
        }
        if self.pages.last().is_none_or(|(last, _)| *last < number) {
            self.pages.push((number, Arc::new(Page::empty())));
        }
        let page = self.pages.last_mut().and_then(|(_, page)| Arc::get_mut(page));
        if let Some(page) = page
            && let Some(slot) = page.slots.get_mut(slot)
        {
            *slot = Slot::listed(meta);
            page.used += 1;
        }
        self.last = Some(id);
        self.listed += 1;
        true
    }

    /// Returns a listed chunk. It has references if it was named.
    pub(crate) fn get(&mut self, id: ChunkId) -> Option<ChunkMeta> {
        self.slot(id).map(|slot| slot.content())
    }

    /// Names a listed chunk for a file that wants `layout`. The listed layout is not trusted.
    pub(crate) fn name(&mut self, id: ChunkId, layout: Layout) {
        let Some(slot) = self.slot(id) else { return };
        let meta = slot.content();
        if meta.references == 0 {
            *slot = Slot::of(ChunkMeta { references: 1, layout, ..meta });
            self.named += 1;
        } else {
            self.again.push((id, layout));
        }
    }

    /// Returns true if files have named every chunk.
    pub(crate) fn is_complete(&self) -> bool {
        self.named == self.listed
    }

    /// Returns the table in which each chunk has its first name, and the further names.
    pub(crate) fn finish(self) -> (ChunkTable, Vec<(ChunkId, Layout)>) {
        debug_assert!(self.is_complete(), "{} of {} chunks are named", self.named, self.listed);
        (ChunkTable::of(self.pages, self.named), self.again)
    }

    fn slot(&mut self, id: ChunkId) -> Option<&mut Slot> {
        let (number, slot) = place(id);
        if self.pages.get(self.at).is_none_or(|(at, _)| *at != number) {
            self.at = self.pages.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        }
        let (_, page) = self.pages.get_mut(self.at)?;
        Arc::get_mut(page)?.slots.get_mut(slot).filter(|slot| slot.length > 0)
    }
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} chunks are named", self.named, self.listed)
    }
}
