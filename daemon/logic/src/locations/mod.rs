//! Which datanodes have which chunks. Soft state: built from heartbeats and chunk reports, never stored.
//!
//! Chunk ids are dense, so the table is made of pages of slots; a slot has room for four datanodes, and what is beyond
//! stands in a map. There are no lists per datanode: all chunks of one are found by a scan, which at ten million chunks
//! takes less than a tenth of a second and is seldom needed.

mod page;
mod report;
#[cfg(test)]
mod tests;

use dfs_types::{ChunkId, DatanodeId, Generation};
use page::{PAGE_SLOTS, Page};
use report::OpenReport;
use std::cmp::Ordering;
use std::collections::BTreeMap;

pub use page::Replicas;
pub use report::ReportError;

/// Ids that a datanode may be ahead of the log that this master has applied. What lies beyond is not recorded, so that
/// memory stays bounded by the ids that were handed out.
pub const IDS_AHEAD_MAX: u64 = 1 << 20;

/// Chunk to datanodes.
#[derive(Debug, Default)]
pub struct Locations {
    pages: BTreeMap<u64, Box<Page>>,
    /// Datanodes of a chunk beyond the four of its slot.
    overflow: BTreeMap<ChunkId, Vec<DatanodeId>>,
    /// Replicas per datanode.
    counts: BTreeMap<DatanodeId, u64>,
    reports: BTreeMap<DatanodeId, OpenReport>,
    /// Ids from here on are not recorded.
    limit: u64,
}

/// What came of a reported replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    New,
    Known,
    /// Others have a newer generation; it is not recorded.
    Old,
    /// Nobody can have been given such an id; it is not recorded.
    Strange,
}

impl Locations {
    pub fn new() -> Self {
        Self { limit: IDS_AHEAD_MAX, ..Self::default() }
    }

    /// Says which id the log hands out next, as [`Namespace::next_chunk`](crate::namespace::Namespace::next_chunk) has it.
    pub fn handed_out(&mut self, next: ChunkId) {
        self.limit = self.limit.max(next.0.saturating_add(IDS_AHEAD_MAX));
    }

    /// Records a replica. When it is of a newer generation than those of the others, they are forgotten.
    pub fn add(&mut self, node: DatanodeId, id: ChunkId, generation: Generation) -> Added {
        self.touch(node, id);
        self.record(node, id, generation)
    }

    /// Forgets a replica. Says whether it was known.
    pub fn remove(&mut self, node: DatanodeId, id: ChunkId) -> bool {
        self.touch(node, id);
        self.forget(node, id)
    }

    /// The datanodes that have a chunk.
    pub fn replicas(&self, id: ChunkId) -> Replicas<'_> {
        self.cursor().replicas(id)
    }

    /// How many replicas a datanode has.
    pub fn count(&self, node: DatanodeId) -> u64 {
        self.counts.get(&node).copied().unwrap_or(0)
    }

    /// Forgets everything of a datanode, by a scan. Says how many replicas that were.
    pub fn clear_node(&mut self, node: DatanodeId) -> u64 {
        self.reports.remove(&node);
        let chunks: Vec<ChunkId> = self.chunks_of(node, ChunkId(0)).map(|(id, _)| id).collect();
        chunks.iter().for_each(|id| {
            self.forget(node, *id);
        });
        chunks.len() as u64
    }

    /// All chunks with a known replica from `start` on, in the order of their ids.
    pub fn from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, Replicas<'_>)> {
        let pages = self.pages.range(start.0 / PAGE_SLOTS..);
        let all = pages.flat_map(move |(number, page)| page.chunks(*number, &self.overflow));
        all.skip_while(move |(id, _)| *id < start)
    }

    /// The chunks of one datanode from `start` on, in the order of their ids, by a scan.
    pub fn chunks_of(&self, node: DatanodeId, start: ChunkId) -> impl Iterator<Item = (ChunkId, Generation)> + '_ {
        let pages = self.pages.range(start.0 / PAGE_SLOTS..);
        let all = pages.flat_map(move |(number, page)| page.chunks_of(node, *number, &self.overflow));
        all.skip_while(move |(id, _)| *id < start)
    }

    /// For looking up chunks in rising order of ids.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { locations: self, page: None }
    }

    fn record(&mut self, node: DatanodeId, id: ChunkId, generation: Generation) -> Added {
        // The number zero marks a free place and is no datanode's.
        if id.0 >= self.limit || node.0 == 0 {
            return Added::Strange;
        }
        let known = self.replicas(id);
        if !known.is_empty() {
            let holds = known.nodes().any(|holder| holder == node);
            let others = known.nodes().any(|holder| holder != node);
            match generation.cmp(&known.generation()) {
                Ordering::Equal if holds => return Added::Known,
                Ordering::Equal => {}
                // What the datanode itself says now counts more than what was recorded of it.
                Ordering::Less => {
                    self.forget(node, id);
                    if others {
                        return Added::Old;
                    }
                }
                Ordering::Greater => {
                    let outdated: Vec<DatanodeId> = known.nodes().collect();
                    outdated.into_iter().for_each(|holder| {
                        self.forget(holder, id);
                    });
                }
            }
        }
        let page = self.pages.entry(id.0 / PAGE_SLOTS).or_default();
        if !page.put(id, node, generation) {
            self.overflow.entry(id).or_default().push(node);
        }
        *self.counts.entry(node).or_default() += 1;
        Added::New
    }

    fn forget(&mut self, node: DatanodeId, id: ChunkId) -> bool {
        let number = id.0 / PAGE_SLOTS;
        let Some(page) = self.pages.get_mut(&number) else { return false };
        let overflow = self.overflow.get_mut(&id);
        let known = match overflow {
            Some(more) if more.contains(&node) => {
                more.retain(|holder| *holder != node);
                true
            }
            Some(more) => {
                let taken = page.take(id, node);
                // A free place in the slot is filled from the overflow, so that an empty slot means no replicas.
                if taken && let Some(moved) = more.pop() {
                    let generation = page.generation(id);
                    page.put(id, moved, generation);
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
        if known && let Some(count) = self.counts.get_mut(&node) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&node);
            }
        }
        known
    }
}

/// Looks chunks up; at its best when their ids rise, as it then finds the next one where the last one was.
#[derive(Debug)]
pub struct Cursor<'a> {
    locations: &'a Locations,
    page: Option<(u64, Option<&'a Page>)>,
}

impl<'a> Cursor<'a> {
    /// The datanodes that have a chunk.
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
}
