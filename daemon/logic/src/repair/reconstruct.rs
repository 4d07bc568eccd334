//! Chunks without a good replica: the suspect ones together may still hold all blocks.

use super::current;
use super::plan::{Copy, Planner};
use dfs_types::{ChunkId, ChunkRef, DatanodeId};

/// The maximum number of live datanodes that are asked in addition to those with suspect replicas.
const OTHERS_MAX: usize = 16;

/// A chunk that `node`, which has a suspect replica of it, reconstructs from its own blocks and
/// those of `sources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconstruction {
    pub chunk: ChunkRef,
    pub node: DatanodeId,
    /// Live datanodes with suspect replicas of it, and then some others: they may have one in
    /// quarantine, which the masters do not know.
    pub sources: Vec<DatanodeId>,
}

impl Planner<'_> {
    pub(super) fn consider_reconstruction(&mut self, id: ChunkId) {
        let Some(chunk) = self.view.namespace.chunk(id) else { return };
        let good = current(self.view, id, &chunk).nodes().any(|node| self.states.is_live(node));
        if good || self.in_flight.copies_of(id) > 0 || self.in_flight.rests(id) {
            return;
        }
        let live = self.view.locations.suspects(chunk.key(id)).filter(|node| self.states.is_live(*node));
        let live: Vec<DatanodeId> = live.collect();
        let able = |node: &&DatanodeId| {
            let view = self.view.nodes.get(node);
            let room = view.is_some_and(|view| self.candidate(**node, view, chunk.length).is_some());
            room && self.in_flight.sends(**node) < self.limits.per_source
        };
        // A draining datanode is good enough: the first goal is one complete replica anywhere.
        let Some(node) = live.iter().filter(able).min_by_key(|node| self.in_flight.sends(**node)).copied() else {
            return;
        };
        let chunk = chunk.reference(id);
        self.in_flight.begin(&Copy { chunk, source: node, targets: vec![node] });
        let others = self.some_others(&live);
        let sources = live.into_iter().filter(|other| *other != node).chain(others).collect();
        self.plan.reconstructions.push(Reconstruction { chunk, node, sources });
    }

    /// Returns up to [`OTHERS_MAX`] live datanodes that are not among `known`, different ones at
    /// each attempt.
    fn some_others(&mut self, known: &[DatanodeId]) -> Vec<DatanodeId> {
        let is_other = |node: &DatanodeId| self.states.is_live(*node) && !known.contains(node);
        let mut others: Vec<DatanodeId> = self.view.nodes.keys().copied().filter(is_other).collect();
        let first = self.random.below(others.len());
        others.rotate_left(first);
        others.truncate(OTHERS_MAX);
        others
    }
}
