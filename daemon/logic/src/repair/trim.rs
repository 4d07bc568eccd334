//! Selects the replicas to delete, each after its proof: see [`proof`](crate::durability::proof).

use super::current;
use super::plan::Planner;
use crate::durability::proof::{Claim, Ruling, classify, rule};
use crate::locations::Replicas;
use dfs_types::{ChunkId, DatanodeId, ReplicaKey};
use std::cmp::Reverse;

/// The maximum number of replicas aside that one plan examines, from a random chunk on: so each has
/// its turn, however many of them have to stay.
const ASIDES_PER_PLAN_MAX: usize = 16_384;

/// A replica to delete. The caller that gives the order removes the replica from the locations
/// immediately: then no second one is selected while the first is still being deleted, and if the
/// deletion fails, the next report adds it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    pub node: DatanodeId,
    pub key: ReplicaKey,
}

/// A replica that its datanode should compare with its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub node: DatanodeId,
    pub key: ReplicaKey,
}

impl Planner<'_> {
    pub(super) fn has_trims_left(&self) -> bool {
        self.plan.trims.len() < self.limits.trims_max
    }

    fn stays(&self, node: DatanodeId) -> bool {
        self.states.is_live(node) && !self.states.is_leaving(node)
    }

    /// Returns the replicas that can serve as proof: verified, and reported by a datanode that is
    /// live and not leaving.
    fn proofs<'r>(&'r self, replicas: &'r Replicas<'_>) -> impl Iterator<Item = DatanodeId> + 'r {
        let reported = |node: &DatanodeId| self.view.nodes.get(node).is_some_and(|view| view.reported);
        replicas.verified().filter(move |node| self.stays(*node) && reported(node))
    }

    /// Removes surplus live replicas, those on the fullest datanodes first, as long as enough
    /// verified ones are left. A chunk that is being copied is skipped.
    pub(super) fn consider_trim(&mut self, id: ChunkId) {
        let Some(chunk) = self.view.namespace.chunk(id) else { return };
        let replicas = current(self.view, id, &chunk);
        let wanted = usize::from(chunk.replicas());
        let spare = self.states.tally(&replicas).spare(wanted);
        if spare == 0 || self.in_flight.copies_of(id) > 0 {
            return;
        }
        let free = |node: &DatanodeId| self.view.nodes.get(node).map_or(0, |view| view.free);
        let mut live: Vec<DatanodeId> = replicas.nodes().filter(|node| self.stays(*node)).collect();
        live.sort_by_key(|node| (free(node), Reverse(*node)));
        let proofs: Vec<DatanodeId> = self.proofs(&replicas).collect();
        let (key, mut verified, mut taken) = (chunk.key(id), proofs.len(), 0);
        for node in live {
            if taken == spare || !self.has_trims_left() {
                return;
            }
            let others = verified - usize::from(proofs.contains(&node));
            if rule(Claim::Surplus, others, wanted) == Ruling::Go {
                self.plan.trims.push(Trim { node, key });
                (verified, taken) = (others, taken + 1);
            }
        }
        if taken < spare {
            self.ask_for_proofs(&replicas, key);
        }
    }

    /// Requests the verification of the good replicas that are not verified.
    fn ask_for_proofs(&mut self, replicas: &Replicas<'_>, key: ReplicaKey) {
        let verified: Vec<DatanodeId> = replicas.verified().collect();
        for node in replicas.nodes().filter(|node| !verified.contains(node)) {
            if self.stays(node) && self.in_flight.begin_check(node, key, self.limits.checks_per_node) {
                self.plan.checks.push(Check { node, key });
            }
        }
    }

    /// Examines the replicas that do not count.
    pub(super) fn consider_asides(&mut self) {
        let (namespace, locations) = (self.view.namespace, self.view.locations);
        let start = ChunkId(self.random.next() % namespace.next_chunk().0.max(1));
        let before = locations.asides(ChunkId(0)).take_while(|aside| aside.stored.key.chunk < start);
        for aside in locations.asides(start).chain(before).take(ASIDES_PER_PLAN_MAX) {
            if !self.has_trims_left() {
                return;
            }
            if !self.states.is_live(aside.node) {
                continue;
            }
            let key = aside.stored.key;
            let named = namespace.chunk(key.chunk);
            let committed = named.map(|chunk| chunk.key(key.chunk));
            let claim = classify(aside.stored, committed, namespace.is_garbage(key.chunk), namespace.next_chunk());
            let replicas = committed.map(|key| self.view.locations.replicas_of(key)).unwrap_or_default();
            let others = self.proofs(&replicas).filter(|node| *node != aside.node).count();
            let wanted = named.map_or(0, |chunk| usize::from(chunk.replicas()));
            match (rule(claim, others, wanted), committed) {
                (Ruling::Go, _) => self.plan.trims.push(Trim { node: aside.node, key }),
                (Ruling::Prove, Some(committed)) => self.ask_for_proofs(&replicas, committed),
                (Ruling::Prove, None) | (Ruling::Stay, _) => {}
            }
        }
    }
}
