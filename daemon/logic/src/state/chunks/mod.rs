//! The chunks: which ones files name, how often, and which ids can never be named again.
//!
//! **Invariant:** the table holds exactly the chunks that files name, with the number of their
//! names. **Invariant:** a chunk that was named once, or was abandoned, is in the table, dropped,
//! or below the floor; never in the first two at once. **Invariant:** dropped chunks have ids from
//! the floor on that were handed out. **Invariant:** a chunk should have exactly the replicas that
//! the most demanding of its files wants.

mod listing;
mod table;
mod wanted_layouts;

use crate::command::{ChunkOp, Outcome, Refusal};
use crate::state::tree::COPIED_MAX;
use dfs_types::{ChunkId, ChunkRef, Layout};
use imbl::{OrdMap, OrdSet};
pub(crate) use listing::Listing;
pub use table::ChunkMeta;
pub(crate) use table::{ChunkTable, REFERENCES_MAX};
pub(crate) use wanted_layouts::WantedLayouts;

/// The first chunk id that is handed out. Zero is not a chunk.
pub(crate) const FIRST_CHUNK: u64 = 1;

/// A chunk with more names than this gets no further ones: one command can give it a name for each
/// file that it copies.
const REFERENCES_LIMIT: u32 = REFERENCES_MAX - COPIED_MAX as u32;

/// The numbers of changes that affect the replicas of existing chunks. Counters of this master, not
/// part of snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChunkChanges {
    /// Changes of the number of replicas wanted of a chunk.
    pub layouts: u64,
    /// Chunks that lost their last name.
    pub dropped: u64,
}

/// All chunks, and the ids that were handed out.
#[derive(Debug, Clone)]
pub(crate) struct Chunks {
    pub(crate) table: ChunkTable,
    /// The layouts that the files of a chunk want, for chunks whose files differ.
    differing: OrdMap<ChunkId, WantedLayouts>,
    /// The next id to be handed out.
    pub(crate) next: u64,
    /// Chunks below it that no file names can never be named again.
    pub(crate) floor: u64,
    /// Chunks at or above the floor that no file names, and none can name again: a file named them
    /// once, or their write was abandoned. At most as many as ids were handed out since the floor's
    /// own.
    pub(crate) dropped: OrdSet<u64>,
    pub(crate) changes: ChunkChanges,
}

impl Default for Chunks {
    fn default() -> Self {
        let (table, differing, dropped) = (ChunkTable::default(), OrdMap::new(), OrdSet::new());
        let changes = ChunkChanges::default();
        Self { table, differing, next: FIRST_CHUNK, floor: FIRST_CHUNK, dropped, changes }
    }
}

impl Chunks {
    pub(crate) fn apply(&mut self, op: &ChunkOp) -> Result<Outcome, Refusal> {
        match op {
            ChunkOp::Reserve { count } => self.reserve(*count),
            ChunkOp::Abandon { chunks } => {
                self.give_up(chunks);
                Ok(Outcome::Done)
            }
            ChunkOp::RaiseFloor { floor } => {
                self.raise_floor(*floor);
                Ok(Outcome::Done)
            }
        }
    }

    /// Reserves the next `count` ids. They are never handed out again.
    fn reserve(&mut self, count: u32) -> Result<Outcome, Refusal> {
        let first = self.next;
        self.next = first.checked_add(u64::from(count)).ok_or(Refusal::Malformed)?;
        Ok(Outcome::Reserved { first: ChunkId(first), count })
    }

    /// Raises the floor. It never sinks, and never rises above the ids that were handed out.
    fn raise_floor(&mut self, floor: ChunkId) {
        self.floor = self.floor.max(floor.0.min(self.next));
        // The floor now covers these chunks of the set.
        while let Some(id) = self.dropped.get_min().copied().filter(|id| *id < self.floor) {
            self.dropped.remove(&id);
        }
        debug_assert!(self.floor <= self.next, "the floor {} is above the next id {}", self.floor, self.next);
    }

    /// Returns true if no file names this chunk, and none ever can again.
    pub(crate) fn is_garbage(&self, id: ChunkId) -> bool {
        self.is_given_up(id) && self.table.get(id).is_none()
    }

    /// Returns true if a chunk that no file names can never be named: it is below the floor, a file
    /// had named it, or its write was abandoned.
    fn is_given_up(&self, id: ChunkId) -> bool {
        id.0 < self.floor || self.dropped.contains(&id.0)
    }

    /// Gives up these chunks: no file can name them any more. A chunk that a file names stays, and
    /// so does one that was not handed out.
    pub(crate) fn give_up(&mut self, chunks: &[ChunkId]) {
        for id in chunks {
            if (self.floor..self.next).contains(&id.0) && self.table.get(*id).is_none() {
                self.dropped.insert(id.0);
            }
        }
    }

    /// Checks that these chunks can be named for the first time: handed out, not given up, not
    /// named, each once.
    pub(crate) fn check_free(&self, chunks: &[ChunkRef]) -> Result<(), Refusal> {
        for chunk in chunks {
            match chunk.id {
                id if id.0 >= self.next => return Err(Refusal::Malformed),
                id if self.table.get(id).is_some() => return Err(Refusal::ChunkInUse),
                id if self.is_given_up(id) => return Err(Refusal::TooLate),
                _ => {}
            }
        }
        if chunks.is_sorted_by(|a, b| a.id < b.id) {
            return Ok(());
        }
        let mut ids: Vec<_> = chunks.iter().map(|chunk| chunk.id).collect();
        ids.sort_unstable();
        let once = ids.is_sorted_by(|a, b| a < b);
        if once { Ok(()) } else { Err(Refusal::ChunkInUse) }
    }

    /// Names chunks for the first time. The caller has checked that they are free.
    pub(crate) fn name_first(&mut self, chunks: &[ChunkRef], layout: Layout) {
        for ChunkRef { id, generation, length, checksum } in chunks.iter().copied() {
            debug_assert!(self.table.get(id).is_none() && !self.is_given_up(id), "{id} is not free");
            debug_assert!((FIRST_CHUNK..self.next).contains(&id.0), "{id} was not handed out");
            self.table.set(id, ChunkMeta { length, generation, checksum, layout, references: 1 });
        }
    }

    /// Checks that each of these chunks can have as many further names as one command gives.
    pub(crate) fn check_again(&self, chunks: &[ChunkId]) -> Result<(), Refusal> {
        let room = |id: &ChunkId| self.table.get(*id).is_some_and(|meta| meta.references <= REFERENCES_LIMIT);
        if chunks.iter().all(room) { Ok(()) } else { Err(Refusal::TooManyCopies) }
    }

    /// Names chunks once more, for a file that wants `layout`.
    pub(crate) fn name_again(&mut self, chunks: &[ChunkId], layout: Layout) {
        for id in chunks {
            if let Some(meta) = self.table.get(*id) {
                let mut layouts = self.wanted_layouts(*id, meta);
                layouts.add(layout);
                self.want(*id, meta, layouts);
            }
        }
    }

    /// Takes over the chunks of a snapshot. Returns false if one has too many names.
    pub(crate) fn take_over(&mut self, listing: Listing) -> bool {
        let (table, again) = listing.finish();
        self.table = table;
        again.into_iter().all(|(id, layout)| {
            let room = self.table.get(id).is_some_and(|meta| meta.references < REFERENCES_MAX);
            if room {
                self.name_again(&[id], layout);
            }
            room
        })
    }

    /// Changes the layout that a file wants for these chunks from `before` to `layout`.
    pub(crate) fn set_layout(&mut self, chunks: &[ChunkId], before: Layout, layout: Layout) {
        for id in chunks {
            if let Some(meta) = self.table.get(*id) {
                let mut layouts = self.wanted_layouts(*id, meta);
                layouts.add(layout);
                layouts.remove(before);
                self.want(*id, meta, layouts);
            }
        }
    }

    /// Removes the names that a deleted file with `layout` gave these chunks. A chunk without names
    /// is garbage from now on; below the floor this needs no record.
    pub(crate) fn drop_names(&mut self, chunks: &[ChunkId], layout: Layout) {
        for id in chunks {
            match self.table.get(*id) {
                Some(meta) if meta.references > 1 => {
                    let mut layouts = self.wanted_layouts(*id, meta);
                    layouts.remove(layout);
                    self.want(*id, meta, layouts);
                }
                Some(_) => {
                    self.table.remove(*id);
                    self.changes.dropped += 1;
                    if id.0 >= self.floor {
                        self.dropped.insert(id.0);
                    }
                }
                None => debug_assert!(false, "a file named {id}, which is not in the table"),
            }
        }
    }

    /// Returns the layouts that the files of a chunk want.
    pub(crate) fn wanted_layouts(&self, id: ChunkId, meta: ChunkMeta) -> WantedLayouts {
        self.differing.get(&id).cloned().unwrap_or_else(|| WantedLayouts::same(meta.layout, meta.references))
    }

    /// Records the layouts that the files of a chunk want now.
    fn want(&mut self, id: ChunkId, meta: ChunkMeta, layouts: WantedLayouts) {
        let (references, layout) = (layouts.files(), layouts.most());
        self.changes.layouts += u64::from(layout != meta.layout);
        self.table.set(id, ChunkMeta { references, layout, ..meta });
        if layouts.differ() {
            self.differing.insert(id, layouts);
        } else {
            self.differing.remove(&id);
        }
    }

    /// Checks the invariants of this module, except those about the layouts of files, which only
    /// the whole state can check.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(FIRST_CHUNK..=self.next).contains(&self.floor) {
            return Err(format!("the floor {} is outside of the {} ids handed out", self.floor, self.next));
        }
        for id in &self.dropped {
            if !(self.floor..self.next).contains(id) || self.table.get(ChunkId(*id)).is_some() {
                return Err(format!("chunk {id} is dropped, but it is named, below the floor, or was not handed out"));
            }
        }
        for (id, meta) in self.table.from(ChunkId(0)) {
            if !(FIRST_CHUNK..self.next).contains(&id.0) || meta.replicas() == 0 || meta.length == 0 {
                return Err(format!("chunk {id} is named and has invalid values: {meta:?}"));
            }
        }
        for (id, layouts) in &self.differing {
            if !layouts.differ() || self.table.get(*id).is_none() {
                return Err(format!("chunk {id} is recorded as having different layouts: {layouts:?}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::Generation;

    #[test]
    fn a_chunk_gets_no_name_more_while_one_command_could_give_it_too_many() {
        let mut chunks = Chunks { next: 10, ..Chunks::default() };
        let (id, layout) = (ChunkId(1), Layout::Replicated { replicas: 3 });
        let meta = |references| ChunkMeta { length: 1, generation: Generation(1), checksum: 1, layout, references };
        chunks.table.set(id, meta(REFERENCES_LIMIT));
        assert_eq!(chunks.check_again(&[id]), Ok(()));
        (0..COPIED_MAX).for_each(|_| chunks.name_again(&[id], layout));
        assert_eq!(chunks.table.get(id), Some(meta(REFERENCES_MAX)));
        assert_eq!(chunks.check_again(&[id]), Err(Refusal::TooManyCopies));
        chunks.table.set(id, meta(REFERENCES_LIMIT + 1));
        assert_eq!(chunks.check_again(&[id]), Err(Refusal::TooManyCopies));
    }
}
