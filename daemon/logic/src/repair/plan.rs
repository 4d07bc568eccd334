//! What to begin now.

use super::{NodeView, States, Survey, View, current};
use crate::liveness::NodeState;
use crate::locations::Replicas;
use crate::namespace::ChunkMeta;
use crate::placement::{Candidate, Random, choose};
use dfs_types::{ChunkId, ChunkRef, DatanodeId, Generation};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// One replica to be copied: the source sends it down the chain of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub chunk: ChunkRef,
    pub source: DatanodeId,
    pub targets: Vec<DatanodeId>,
}

/// One replica too many. Whoever gives the order takes the replica out of the locations at once: then no second one is
/// chosen while the first is still being deleted, and should the deletion come to nothing, the next report brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    pub node: DatanodeId,
    pub chunk: ChunkId,
    pub generation: Generation,
}

/// What to begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub copies: Vec<self::Copy>,
    pub trims: Vec<Trim>,
}

/// How much may go on at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Copies that one datanode sends.
    pub per_source: usize,
    /// Copies that one datanode takes.
    pub per_target: usize,
    /// The most replicas to trim in one plan. Zero while the orders of an earlier leader may still be on their way: two
    /// leaders could each take away another replica.
    pub trims_max: usize,
}

/// Copies that were ordered and have not ended.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    chunks: BTreeMap<ChunkId, usize>,
    sending: BTreeMap<DatanodeId, usize>,
    taking: BTreeMap<DatanodeId, Taking>,
    targets: BTreeSet<(ChunkId, DatanodeId)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taking {
    copies: usize,
    bytes: u64,
}

impl InFlight {
    /// What is under way when these are.
    pub fn of<'a>(copies: impl IntoIterator<Item = &'a self::Copy>) -> Self {
        let mut all = Self::default();
        copies.into_iter().for_each(|copy| all.begin(copy));
        all
    }

    fn begin(&mut self, copy: &self::Copy) {
        *self.chunks.entry(copy.chunk.id).or_default() += copy.targets.len();
        *self.sending.entry(copy.source).or_default() += 1;
        for target in &copy.targets {
            let taking = self.taking.entry(*target).or_default();
            taking.copies += 1;
            taking.bytes = taking.bytes.saturating_add(u64::from(copy.chunk.length));
            self.targets.insert((copy.chunk.id, *target));
        }
    }

    /// Replicas of a chunk that are being made.
    pub(super) fn copies_of(&self, chunk: ChunkId) -> usize {
        self.chunks.get(&chunk).copied().unwrap_or(0)
    }

    /// Bytes on their way to a datanode.
    pub(super) fn takes_bytes(&self, node: DatanodeId) -> u64 {
        self.takes(node).bytes
    }

    fn sends(&self, node: DatanodeId) -> usize {
        self.sending.get(&node).copied().unwrap_or(0)
    }

    fn takes(&self, node: DatanodeId) -> Taking {
        self.taking.get(&node).copied().unwrap_or_default()
    }
}

/// Picks what to begin, most urgent first, so that with `in_flight` no datanode goes beyond its limits. Looks at no more
/// chunks than the survey remembers, and stops as soon as no source or no target is left. The same `seed` gives the same plan.
pub fn plan(view: &View<'_>, survey: &Survey, in_flight: &InFlight, limits: &Limits, seed: u64) -> Plan {
    let mut planner = Planner {
        view,
        limits,
        states: States::of(view),
        in_flight: in_flight.clone(),
        random: Random(seed),
        plan: Plan::default(),
    };
    for id in survey.endangered.iter().chain(&survey.under).chain(&survey.moves) {
        if !planner.has_room() {
            break;
        }
        planner.consider_copy(*id);
    }
    for id in &survey.over {
        if planner.plan.trims.len() >= limits.trims_max {
            break;
        }
        planner.consider_trim(*id);
    }
    planner.plan
}

struct Planner<'a> {
    view: &'a View<'a>,
    limits: &'a Limits,
    states: States,
    in_flight: InFlight,
    random: Random,
    plan: Plan,
}

impl Planner<'_> {
    fn live_nodes(&self) -> impl Iterator<Item = (DatanodeId, &NodeView)> {
        self.view.nodes.iter().filter(|(_, node)| node.state == NodeState::Live).map(|(id, node)| (*id, node))
    }

    /// Those that may be given something.
    fn staying_nodes(&self) -> impl Iterator<Item = (DatanodeId, &NodeView)> {
        self.live_nodes().filter(|(_, node)| !node.leaving)
    }

    /// Whether any datanode could send and any could take.
    fn has_room(&self) -> bool {
        self.live_nodes().any(|(id, _)| self.in_flight.sends(id) < self.limits.per_source)
            && self.staying_nodes().any(|(id, _)| self.in_flight.takes(id).copies < self.limits.per_target)
    }

    fn consider_copy(&mut self, id: ChunkId) {
        let Some(chunk) = self.view.namespace.chunk(id) else { return };
        let replicas = current(self.view, id, chunk.generation);
        let lacking = self.states.tally(&replicas).lacking(usize::from(chunk.replication));
        let under_way = self.in_flight.chunks.get(&id).copied().unwrap_or(0);
        let wanted = lacking.saturating_sub(under_way);
        if wanted == 0 {
            return;
        }
        let Some(source) = self.source(&replicas) else { return };
        let targets = self.targets(id, &chunk, &replicas, wanted);
        if targets.is_empty() {
            return;
        }
        let chunk = ChunkRef { id, generation: replicas.generation(), length: chunk.length };
        let copy = self::Copy { chunk, source, targets };
        self.in_flight.begin(&copy);
        self.plan.copies.push(copy);
    }

    /// The live holder that sends least; among equals by chance.
    fn source(&mut self, replicas: &Replicas<'_>) -> Option<DatanodeId> {
        let live: Vec<DatanodeId> = replicas.nodes().filter(|node| self.states.is_live(*node)).collect();
        let first = self.random.below(live.len());
        let turned = live.iter().cycle().skip(first).take(live.len());
        let least = turned.min_by_key(|node| self.in_flight.sends(**node))?;
        (self.in_flight.sends(*least) < self.limits.per_source).then_some(*least)
    }

    /// Up to `wanted` live datanodes that do not drain, have no replica of the chunk, are getting none, and have room.
    fn targets(&mut self, id: ChunkId, chunk: &ChunkMeta, replicas: &Replicas<'_>, wanted: usize) -> Vec<DatanodeId> {
        let able = |(node, view): (DatanodeId, &NodeView)| {
            let taking = self.in_flight.takes(node);
            let free = view.free.saturating_sub(taking.bytes);
            let load = view.load.saturating_add(u32::try_from(taking.copies).unwrap_or(u32::MAX));
            let other = replicas.nodes().all(|holder| holder != node) && !self.in_flight.targets.contains(&(id, node));
            let room = taking.copies < self.limits.per_target && free >= u64::from(chunk.length);
            (other && room).then_some(Candidate { id: node, free, load })
        };
        let candidates: Vec<Candidate> = self.staying_nodes().filter_map(able).collect();
        let count = wanted.min(candidates.len());
        choose(&candidates, count, u64::from(chunk.length), &[], self.random.next()).unwrap_or_default()
    }

    /// Takes live replicas that stay away from the fullest datanodes. A chunk that is being copied is left alone.
    fn consider_trim(&mut self, id: ChunkId) {
        let Some(chunk) = self.view.namespace.chunk(id) else { return };
        let replicas = current(self.view, id, chunk.generation);
        let spare = self.states.tally(&replicas).spare(usize::from(chunk.replication));
        if spare == 0 || self.in_flight.chunks.contains_key(&id) {
            return;
        }
        let free = |node: &DatanodeId| self.view.nodes.get(node).map_or(0, |view| view.free);
        let stays = |node: &DatanodeId| self.states.is_live(*node) && !self.states.is_leaving(*node);
        let mut live: Vec<DatanodeId> = replicas.nodes().filter(stays).collect();
        live.sort_by_key(|node| (free(node), Reverse(*node)));
        let room = self.limits.trims_max.saturating_sub(self.plan.trims.len());
        let generation = replicas.generation();
        self.plan.trims.extend(live.into_iter().take(spare.min(room)).map(|node| Trim { node, chunk: id, generation }));
    }
}
