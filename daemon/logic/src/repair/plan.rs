//! What to begin now.

use super::{Check, Mend, NodeView, States, Survey, Trim, View, current};
use crate::liveness::NodeState;
use crate::locations::Replicas;
use crate::placement::{Candidate, Random, choose};
use crate::state::ChunkMeta;
use dfs_types::{ChunkId, ChunkRef, DatanodeId, ReplicaKey};
use std::collections::{BTreeMap, BTreeSet};

/// One replica to be copied: the source sends it down the chain of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub chunk: ChunkRef,
    pub source: DatanodeId,
    pub targets: Vec<DatanodeId>,
}

/// What to begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub copies: Vec<self::Copy>,
    pub mends: Vec<Mend>,
    pub trims: Vec<Trim>,
    /// Replicas that are to be verified, so that they can serve as proof.
    pub checks: Vec<Check>,
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
    /// Replicas that one datanode verifies at a time.
    pub checks_per_node: usize,
}

/// Copies that were ordered and have not ended.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    chunks: BTreeMap<ChunkId, usize>,
    sending: BTreeMap<DatanodeId, usize>,
    taking: BTreeMap<DatanodeId, Taking>,
    targets: BTreeSet<(ChunkId, DatanodeId)>,
    checks: BTreeSet<(DatanodeId, ReplicaKey)>,
    /// Chunks that could not be mended lately.
    resting: BTreeSet<ChunkId>,
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

    /// The same with these replicas being verified, and these chunks left alone by mending.
    #[must_use]
    pub fn with(
        mut self,
        checks: impl IntoIterator<Item = (DatanodeId, ReplicaKey)>,
        resting: impl IntoIterator<Item = ChunkId>,
    ) -> Self {
        self.checks.extend(checks);
        self.resting.extend(resting);
        self
    }

    /// Whether copies of a chunk are under way.
    pub(super) fn copies_of(&self, id: ChunkId) -> usize {
        self.chunks.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn rests(&self, id: ChunkId) -> bool {
        self.resting.contains(&id)
    }

    /// Notes a check, unless it is under way or the datanode has enough of them.
    pub(super) fn begin_check(&mut self, node: DatanodeId, key: ReplicaKey, per_node: usize) -> bool {
        let of_node =
            self.checks.range((node, ReplicaKey::lowest(ChunkId(0)))..).take_while(|(other, _)| *other == node);
        of_node.count() < per_node && self.checks.insert((node, key))
    }

    pub(super) fn begin(&mut self, copy: &self::Copy) {
        *self.chunks.entry(copy.chunk.id).or_default() += copy.targets.len();
        *self.sending.entry(copy.source).or_default() += 1;
        for target in &copy.targets {
            let taking = self.taking.entry(*target).or_default();
            taking.copies += 1;
            taking.bytes = taking.bytes.saturating_add(u64::from(copy.chunk.length));
            self.targets.insert((copy.chunk.id, *target));
        }
    }

    /// Bytes on their way to a datanode.
    pub(super) fn takes_bytes(&self, node: DatanodeId) -> u64 {
        self.takes(node).bytes
    }

    pub(super) fn sends(&self, node: DatanodeId) -> usize {
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
    for id in &survey.lost {
        planner.consider_mend(*id);
    }
    for id in &survey.over {
        if !planner.has_trims_left() {
            break;
        }
        planner.consider_trim(*id);
    }
    planner.consider_asides();
    planner.plan
}

pub(super) struct Planner<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) limits: &'a Limits,
    pub(super) states: States,
    pub(super) in_flight: InFlight,
    pub(super) random: Random,
    pub(super) plan: Plan,
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
        let replicas = current(self.view, id, &chunk);
        let lacking = self.states.tally(&replicas).lacking(usize::from(chunk.replicas()));
        let under_way = self.in_flight.copies_of(id);
        let wanted = lacking.saturating_sub(under_way);
        if wanted == 0 {
            return;
        }
        let Some(source) = self.source(&replicas) else { return };
        let targets = self.targets(id, &chunk, &replicas, wanted);
        if targets.is_empty() {
            return;
        }
        let copy = self::Copy { chunk: chunk.reference(id), source, targets };
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

    /// A datanode as a place for one more replica of so many bytes; none when it has no room or takes enough already.
    pub(super) fn candidate(&self, id: DatanodeId, view: &NodeView, length: u32) -> Option<Candidate> {
        let taking = self.in_flight.takes(id);
        let free = view.free.saturating_sub(taking.bytes);
        let load = view.load.saturating_add(u32::try_from(taking.copies).unwrap_or(u32::MAX));
        let room = taking.copies < self.limits.per_target && free >= u64::from(length);
        room.then_some(Candidate { id, free, load })
    }

    /// Up to `wanted` live datanodes that do not drain, have no good replica of the chunk, are getting none, and have
    /// room. Those with a suspect replica, which the copy replaces, come last.
    fn targets(&mut self, id: ChunkId, chunk: &ChunkMeta, replicas: &Replicas<'_>, wanted: usize) -> Vec<DatanodeId> {
        let able = |(node, view): (DatanodeId, &NodeView)| {
            let other = replicas.nodes().all(|holder| holder != node) && !self.in_flight.targets.contains(&(id, node));
            self.candidate(node, view, chunk.length).filter(|_| other)
        };
        let candidates = self.staying_nodes().filter_map(able);
        let suspects: Vec<DatanodeId> = self.view.locations.suspects(chunk.key(id)).collect();
        let (suspect, clean): (Vec<_>, Vec<_>) = candidates.partition(|candidate| suspects.contains(&candidate.id));
        let length = u64::from(chunk.length);
        let count = wanted.min(clean.len());
        let mut chosen = choose(&clean, count, length, &[], self.random.next()).unwrap_or_default();
        let rest = wanted.saturating_sub(chosen.len()).min(suspect.len());
        chosen.extend(choose(&suspect, rest, length, &[], self.random.next()).unwrap_or_default());
        chosen
    }
}
