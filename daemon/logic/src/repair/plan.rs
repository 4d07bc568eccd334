//! Plans the repairs to begin now.

use super::{Check, NodeView, Reconstruction, States, Survey, Trim, View, current};
use crate::liveness::NodeState;
use crate::locations::Replicas;
use crate::placement::{Candidate, Random, choose};
use crate::state::ChunkMeta;
use dfs_types::{ChunkId, ChunkRef, DatanodeId, ReplicaKey};
use std::collections::{BTreeMap, BTreeSet};

/// One replica to be copied: the source sends it down the pipeline of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub chunk: ChunkRef,
    pub source: DatanodeId,
    pub targets: Vec<DatanodeId>,
}

/// The repairs to begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub copies: Vec<self::Copy>,
    pub reconstructions: Vec<Reconstruction>,
    pub trims: Vec<Trim>,
    /// Replicas to be verified, so that they can serve as proof.
    pub checks: Vec<Check>,
}

/// The limits on concurrent work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of copies that one datanode sends.
    pub per_source: usize,
    /// The maximum number of copies that one datanode receives.
    pub per_target: usize,
    /// The maximum number of replicas to trim in one plan. Zero while the orders of an earlier
    /// leader may still be on their way: two leaders could each remove a different replica.
    pub trims_max: usize,
    /// The maximum number of replicas that one datanode verifies concurrently.
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
    /// Chunks that could not be reconstructed recently.
    resting: BTreeSet<ChunkId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taking {
    copies: usize,
    bytes: u64,
}

impl InFlight {
    /// Returns the work in progress that consists of these copies.
    pub fn of<'a>(copies: impl IntoIterator<Item = &'a self::Copy>) -> Self {
        let mut all = Self::default();
        copies.into_iter().for_each(|copy| all.begin(copy));
        all
    }

    /// Adds replicas that are being verified, and chunks that are not to be reconstructed for now.
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

    /// Returns the number of copies of a chunk in progress.
    pub(super) fn copies_of(&self, id: ChunkId) -> usize {
        self.chunks.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn rests(&self, id: ChunkId) -> bool {
        self.resting.contains(&id)
    }

    /// Records a verification, unless it is in progress or the datanode has enough of them.
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

    /// Returns the bytes on their way to a datanode.
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

/// Selects the repairs to begin, most urgent first, so that together with `in_flight` no datanode
/// exceeds its limits. Considers only the chunks that the survey recorded, and stops as soon as no
/// source or no target is left. The same `seed` gives the same plan.
pub fn plan(view: &View<'_>, survey: &Survey, in_flight: &InFlight, limits: &Limits, seed: u64) -> Plan {
    let mut planner = Planner {
        view,
        limits,
        states: States::of(view),
        in_flight: in_flight.clone(),
        random: Random(seed),
        plan: Plan::default(),
    };
    for id in survey.at_risk.iter().chain(&survey.under).chain(&survey.moves) {
        if !planner.has_room() {
            break;
        }
        planner.consider_copy(*id);
    }
    for id in &survey.lost {
        planner.consider_reconstruction(*id);
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

    /// Returns the datanodes that may receive replicas.
    fn staying_nodes(&self) -> impl Iterator<Item = (DatanodeId, &NodeView)> {
        self.live_nodes().filter(|(_, node)| !node.leaving)
    }

    /// Returns true if any datanode could send and any could receive a copy.
    fn has_room(&self) -> bool {
        self.live_nodes().any(|(id, _)| self.in_flight.sends(id) < self.limits.per_source)
            && self.staying_nodes().any(|(id, _)| self.in_flight.takes(id).copies < self.limits.per_target)
    }

    fn consider_copy(&mut self, id: ChunkId) {
        let Some(chunk) = self.view.namespace.chunk(id) else { return };
        let replicas = current(self.view, id, &chunk);
        let missing = self.states.tally(&replicas).missing(usize::from(chunk.replicas()));
        let under_way = self.in_flight.copies_of(id);
        let wanted = missing.saturating_sub(under_way);
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

    /// Returns the live holder that sends the fewest copies; a random one among equals.
    fn source(&mut self, replicas: &Replicas<'_>) -> Option<DatanodeId> {
        let live: Vec<DatanodeId> = replicas.nodes().filter(|node| self.states.is_live(*node)).collect();
        let first = self.random.below(live.len());
        let turned = live.iter().cycle().skip(first).take(live.len());
        let least = turned.min_by_key(|node| self.in_flight.sends(**node))?;
        (self.in_flight.sends(*least) < self.limits.per_source).then_some(*least)
    }

    /// Returns a datanode as a candidate for one more replica of `length` bytes; none if it has no
    /// room or receives enough copies already.
    pub(super) fn candidate(&self, id: DatanodeId, view: &NodeView, length: u32) -> Option<Candidate> {
        let taking = self.in_flight.takes(id);
        let free = view.free.saturating_sub(taking.bytes);
        let load = view.load.saturating_add(u32::try_from(taking.copies).unwrap_or(u32::MAX));
        let room = taking.copies < self.limits.per_target && free >= u64::from(length);
        room.then_some(Candidate { id, free, load })
    }

    /// Returns up to `wanted` live datanodes that do not drain, have no good replica of the chunk,
    /// are not receiving one, and have room. Those with a suspect replica, which the copy replaces,
    /// come last.
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
