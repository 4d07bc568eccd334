//! The replication of the chunks of single files.

use super::{States, View};
use crate::locations::Cursor;
use crate::state::State;
use dfs_types::{ChunkId, ReplicaKey};

/// The numbers of chunks with fewer live replicas than wanted. Each chunk is in one of the three
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shortage {
    /// No live replica.
    pub missing: u64,
    /// One live replica where more are wanted.
    pub at_risk: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
}

/// Examines the chunks of one file after the other.
#[derive(Debug)]
pub struct Examiner<'a> {
    state: &'a State,
    states: States,
    cursor: Cursor<'a>,
}

impl<'a> Examiner<'a> {
    pub fn new(view: &View<'a>) -> Self {
        Self { state: view.namespace, states: States::of(view), cursor: view.locations.cursor() }
    }

    /// Returns the number of chunks with missing replicas, each of which should have `wanted`.
    pub fn shortage(&mut self, chunks: &[ChunkId], wanted: u8) -> Shortage {
        let mut shortage = Shortage::default();
        for chunk in chunks {
            let key = self.state.committed(*chunk).unwrap_or(ReplicaKey::lowest(*chunk));
            let replicas = self.cursor.replicas_of(key);
            let wanted = usize::from(wanted);
            match self.states.tally(&replicas).counted(wanted) {
                0 => shortage.missing += 1,
                1 if wanted > 1 => shortage.at_risk += 1,
                live if live < wanted => shortage.under += 1,
                _ => {}
            }
        }
        shortage
    }
}
