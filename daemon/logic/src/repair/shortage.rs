//! How the chunks of single files are.

use super::{States, View};
use crate::locations::Cursor;
use dfs_types::ChunkRef;

/// Chunks that have fewer live copies than wanted. Each stands in one of the three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shortage {
    /// No live copy.
    pub missing: u64,
    /// One live copy where more are wanted.
    pub endangered: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
}

/// Looks at the chunks of one file after the other.
#[derive(Debug)]
pub struct Examiner<'a> {
    states: States,
    cursor: Cursor<'a>,
}

impl<'a> Examiner<'a> {
    pub fn new(view: &View<'a>) -> Self {
        Self { states: States::of(view), cursor: view.locations.cursor() }
    }

    /// What the chunks of a file lack that should have `wanted` copies.
    pub fn shortage(&mut self, chunks: impl Iterator<Item = ChunkRef>, wanted: u8) -> Shortage {
        let mut shortage = Shortage::default();
        for chunk in chunks {
            let replicas = self.cursor.replicas_of(chunk.key());
            let wanted = usize::from(wanted);
            match self.states.tally(&replicas).counted(wanted) {
                0 => shortage.missing += 1,
                1 if wanted > 1 => shortage.endangered += 1,
                live if live < wanted => shortage.under += 1,
                _ => {}
            }
        }
        shortage
    }
}
