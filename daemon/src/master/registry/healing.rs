//! Repair, trimming, garbage and safe mode: the state between two looks, and the orders that come of each.

use super::nodes::{Node, Registry};
use dfs_logic::collect::garbage;
use dfs_logic::expected::REPORT_TIMEOUT;
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::{self, Blocked, Counts, Health, InFlight, Limits, Survey, View};
use dfs_logic::safe_mode::{self, Known};
use dfs_logic::state::State;
use dfs_rpc::capability::Operation;
use dfs_rpc::wire::{Lasting, NodeAddress, Order, ReplicationStatus};
use dfs_types::{ChunkId, ChunkRef, DatanodeId, ReplicaKey, StoredReplica, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Chunks that a survey looks at while it holds the registry.
const SURVEY_SLICE_CHUNKS: usize = 32_768;
/// Chunks that the search for garbage looks at while it holds the registry.
const GARBAGE_SLICE_CHUNKS: usize = 65_536;
/// Replicas that one slice of the search for garbage gives up.
const DOOMED_PER_SLICE_MAX: usize = 1_024;
/// Replicas that one plan trims.
const TRIMS_MAX: usize = 256;
/// Without any event all chunks are surveyed this often.
const SURVEY_INTERVAL: Duration = Duration::from_secs(30);
/// Up to this many chunks every event may begin a survey; beyond, they rest for a while in between.
const QUICK_SURVEY_CHUNKS: u64 = 100_000;
const SURVEY_REST: Duration = Duration::from_secs(1);
/// A copy may take this long, and a second more for each MiB.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);
/// When a source says that a copy has ended, the target has this long to say that it has it.
const COPY_SETTLE: Duration = Duration::from_secs(2);
/// Safe mode waits no longer than this for datanodes that do not come, if they do not count as dead before.
const SAFE_MODE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Chunks with a damaged replica that are remembered until they have a new copy.
const DAMAGED_MAX: usize = 1_024;

/// A verification that a datanode has not ended in this time is ordered again where it is still wanted.
const CHECK_TIMEOUT: Duration = Duration::from_secs(120);
/// Verifications that one datanode has to do at a time for the masters, and with those that readers asked for.
const CHECKS_PER_NODE: usize = 2;
const CHECKS_PER_NODE_MAX: usize = 16;
/// A chunk that could not be mended is left alone for this long.
const MEND_REST: Duration = Duration::from_secs(60);

/// Seals the permission for a datanode to do something with a chunk at others.
pub type Sealer<'a> = dyn Fn(Operation, ChunkRef, DatanodeId, &[NodeAddress]) -> Option<bytes::Bytes> + 'a;

#[derive(Debug)]
struct UnderWay {
    copy: repair::Copy,
    /// Targets that have not reported it yet.
    missing: Vec<DatanodeId>,
    deadline: Timestamp,
    /// The datanode mends its own replica.
    mend: bool,
}

/// What goes on between two looks.
#[derive(Debug)]
pub struct Healing {
    /// Since when this master runs.
    started: Timestamp,
    safe: bool,
    reported: u64,
    /// Something happened that a survey would see.
    dirty: bool,
    survey: Survey,
    /// The last complete survey.
    health: Health,
    counts: Arc<Counts>,
    /// At the last complete survey there were chunks to copy from datanodes that drain.
    moving: bool,
    /// What keeps chunks from having their replicas, as of that survey.
    pub(super) blocked: Blocked,
    surveyed_at: Option<Timestamp>,
    short: ShortSince,
    copies: Vec<UnderWay>,
    /// Verifications that were ordered, and when they are given up.
    checks: BTreeMap<(DatanodeId, ReplicaKey), Timestamp>,
    /// Chunks that could not be mended, and until when they are left alone.
    resting: BTreeMap<ChunkId, Timestamp>,
    garbage_from: ChunkId,
    /// Chunks of which a damaged replica was taken out of service, and no new copy has come yet; the newest ones.
    damaged: BTreeSet<ChunkId>,
    /// Copies that took the place of damaged ones since [`Healing::take_mended`].
    mended: u64,
    /// Copies and deletions ordered since the start.
    pub copies_ordered: u64,
    pub deletes_ordered: u64,
}

impl Healing {
    pub fn new(now: Timestamp) -> Self {
        Self {
            started: now,
            safe: true,
            reported: 0,
            dirty: true,
            survey: Survey::new(),
            health: Health::default(),
            counts: Arc::default(),
            moving: false,
            blocked: Blocked::default(),
            surveyed_at: None,
            short: ShortSince::default(),
            copies: Vec::new(),
            checks: BTreeMap::new(),
            resting: BTreeMap::new(),
            garbage_from: ChunkId(0),
            damaged: BTreeSet::new(),
            mended: 0,
            copies_ordered: 0,
            deletes_ordered: 0,
        }
    }

    /// Something happened that repair should look at.
    pub fn changed(&mut self) {
        self.dirty = true;
    }

    /// Whether the worker should look before its next turn.
    pub fn wants_attention(&self) -> bool {
        self.dirty
    }

    /// This master begins to lead: orders of the last leader may still be on their way.
    pub fn lead(&mut self) {
        self.copies.clear();
        self.dirty = true;
    }

    /// Whether the cluster is not to be written to, and the chunks reported so far.
    pub fn safe_mode(&self) -> Option<u64> {
        self.safe.then_some(self.reported)
    }

    /// Ends safe mode, whatever has been reported.
    pub fn leave_safe_mode(&mut self) {
        self.safe = false;
        self.dirty = true;
    }

    pub fn status(&self) -> ReplicationStatus {
        let Health { chunks, missing, endangered, under, over, .. } = self.health;
        ReplicationStatus { chunks, missing, endangered, under, over, copying: self.copies.len() as u64 }
    }

    /// How the chunks were at the last complete survey, in detail.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// What keeps chunks from having their replicas, at the last complete survey.
    pub fn blocked(&self) -> Blocked {
        self.blocked
    }

    /// Whether there were chunks to copy from datanodes that drain, at the last complete survey.
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// The copies under way.
    pub(super) fn in_flight(&self) -> InFlight {
        InFlight::of(self.copies.iter().map(|way| &way.copy))
    }

    pub(super) fn survey(&self) -> &Survey {
        &self.survey
    }

    pub(super) fn health(&self) -> Health {
        self.health
    }

    /// Whether copies of a chunk are under way.
    pub fn is_copying(&self, chunk: ChunkId) -> bool {
        self.copies.iter().any(|way| way.copy.chunk.id == chunk)
    }

    /// When all chunks were last counted.
    pub fn counted_at(&self) -> Option<Timestamp> {
        self.surveyed_at
    }

    /// For how long the chunks, and safe mode, have been as they are; what regards datanodes is left out.
    pub fn lasting(&self, now: Timestamp) -> Lasting {
        let lasted = |since: Timestamp| u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX);
        Lasting {
            safe_mode: self.safe.then(|| lasted(self.started)),
            missing: self.short.missing.map(lasted),
            endangered: self.short.endangered.map(lasted),
            under: self.short.under.map(lasted),
            stale: None,
            dead: None,
        }
    }

    pub(super) fn forget_copies_of(&mut self, id: DatanodeId) {
        self.copies.retain(|way| way.copy.source != id && !way.copy.targets.contains(&id));
        self.checks.retain(|(node, _), _| *node != id);
    }

    pub(super) fn copy_arrived(&mut self, id: DatanodeId, chunk: ChunkId) {
        for way in self.copies.iter_mut().filter(|way| way.copy.chunk.id == chunk) {
            way.missing.retain(|target| *target != id);
        }
        let before = self.copies.len();
        self.copies.retain(|way| !way.missing.is_empty());
        self.dirty |= self.copies.len() != before;
    }

    pub(super) fn copy_ended(&mut self, source: DatanodeId, chunk: ChunkId, now: Timestamp) {
        for way in self.copies.iter_mut().filter(|way| way.copy.source == source && way.copy.chunk.id == chunk) {
            way.deadline = way.deadline.min(now.plus(COPY_SETTLE));
        }
    }

    /// A datanode has verified a replica, or does not have it any more.
    pub(super) fn check_ended(&mut self, id: DatanodeId, key: ReplicaKey) {
        self.checks.remove(&(id, key));
    }

    pub(super) fn damage_found(&mut self, chunk: ChunkId) {
        self.damaged.insert(chunk);
        if self.damaged.len() > DAMAGED_MAX {
            self.damaged.pop_first();
        }
    }

    pub(super) fn damage_mended(&mut self, chunk: ChunkId) {
        self.mended += u64::from(self.damaged.remove(&chunk));
    }

    /// How many damaged replicas have been replaced since this was last asked.
    pub fn take_mended(&mut self) -> u64 {
        std::mem::take(&mut self.mended)
    }

    /// When the next copy runs out of time.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.copies.iter().map(|way| way.deadline).min()
    }

    fn drop_overdue(&mut self, now: Timestamp) {
        let before = self.copies.len();
        for way in self.copies.iter().filter(|way| way.mend && way.deadline <= now) {
            self.resting.insert(way.copy.chunk.id, now.plus(MEND_REST));
        }
        self.copies.retain(|way| way.deadline > now);
        self.checks.retain(|_, until| *until > now);
        let rested = self.resting.len();
        self.resting.retain(|_, until| *until > now);
        self.dirty |= self.copies.len() != before || self.resting.len() != rested;
    }
}

/// Since when there have been chunks with too few copies, without a break.
#[derive(Debug, Clone, Copy, Default)]
struct ShortSince {
    missing: Option<Timestamp>,
    endangered: Option<Timestamp>,
    under: Option<Timestamp>,
}

impl ShortSince {
    fn note(&mut self, health: &Health, now: Timestamp) {
        let note = |since: &mut Option<Timestamp>, count: u64| *since = (count > 0).then(|| since.unwrap_or(now));
        note(&mut self.missing, health.missing);
        note(&mut self.endangered, health.endangered);
        note(&mut self.under, health.under);
    }
}

impl Registry {
    /// Begins a survey, if there is reason for one. Says whether one is to be gone on with.
    pub fn begin_survey(&mut self, now: Timestamp) -> bool {
        self.healing.drop_overdue(now);
        let due = self.healing.surveyed_at.is_none_or(|at| now.since(at) >= SURVEY_INTERVAL);
        let quick = self.healing.health.chunks <= QUICK_SURVEY_CHUNKS;
        let rested = quick || self.healing.surveyed_at.is_none_or(|at| now.since(at) >= SURVEY_REST);
        let running = !self.healing.survey.is_complete() && self.healing.surveyed_at.is_some();
        if due || (self.healing.dirty && rested && !running) {
            self.healing.dirty = false;
            self.healing.survey = Survey::new();
            self.begin_count();
        }
        !self.healing.survey.is_complete()
    }

    /// Goes on with the survey for one slice. Says whether it is complete.
    pub fn advance_survey(&mut self, namespace: &State, now: Timestamp) -> bool {
        let nodes = self.views(namespace, now);
        let view = View { namespace, locations: &self.locations, nodes: &nodes };
        let complete = self.healing.survey.advance(&view, SURVEY_SLICE_CHUNKS);
        if complete {
            self.healing.health = self.healing.survey.health();
            self.healing.counts = Arc::new(self.healing.survey.counts().clone());
            self.healing.moving = self.healing.survey.has_moves();
            self.healing.surveyed_at = Some(now);
            self.end_count(namespace, now);
            self.find_blockers(namespace, now);
            self.healing.short.note(&self.healing.health, now);
        }
        complete
    }

    /// Leaving safe mode is for good: what is lost later is repair's business.
    pub fn judge_safe_mode(&mut self, namespace: &State, now: Timestamp) {
        if !self.healing.safe || self.healing.surveyed_at.is_none() {
            return;
        }
        let health = self.healing.health;
        self.healing.reported = health.chunks.saturating_sub(health.missing);
        let (reported, total) = (self.healing.reported, health.chunks);
        let known = Known {
            roll: self.roll(namespace, now),
            members: namespace.members().count() as u64,
            reported,
            total,
            threshold: self.settings.safe_mode_threshold,
            over: now.since(self.wait.since) >= self.settings.liveness.dead_after.min(SAFE_MODE_WAIT_MAX),
        };
        if safe_mode::decide(&known) == safe_mode::SafeMode::Leave {
            self.healing.safe = false;
            tracing::info!(reported, total, "left safe mode");
            self.journal.info(None, format!("safe mode has ended: {reported} of {total} chunks are reported"));
        }
    }

    /// Whether enough is known to say that a chunk has too few copies: a datanode that has not come back yet after this
    /// master's start, or has not reported yet, is not a datanode that has lost its chunks.
    pub(super) fn may_repair(&self, namespace: &State, now: Timestamp) -> bool {
        let dead_after = self.settings.liveness.dead_after;
        let reporting = |(_, state, node): (DatanodeId, NodeState, &Node)| {
            state == NodeState::Live && !node.reported && now.since(node.registered_at) < REPORT_TIMEOUT
        };
        !self.healing.safe
            && now.since(self.wait.since) >= dead_after
            && !self.roll(namespace, now).is_open()
            && !self.nodes(now).any(reporting)
    }

    /// Gives the orders that the last survey calls for, as far as datanodes have room for them.
    pub fn order_repairs(&mut self, namespace: &State, seal: &Sealer<'_>, seed: u64, now: Timestamp) {
        if !self.healing.survey.is_complete() || !self.healing.survey.has_needs() || !self.may_repair(namespace, now) {
            return;
        }
        let streams = self.settings.repair_streams;
        let limits =
            Limits { per_source: streams, per_target: streams, trims_max: TRIMS_MAX, checks_per_node: CHECKS_PER_NODE };
        let (checks, resting) = (self.healing.checks.keys().copied(), self.healing.resting.keys().copied());
        let in_flight = self.healing.in_flight().with(checks, resting);
        let nodes = self.views(namespace, now);
        let view = View { namespace, locations: &self.locations, nodes: &nodes };
        let plan = repair::plan(&view, &self.healing.survey, &in_flight, &limits, seed);
        for copy in plan.copies {
            self.order_copy(copy, seal, now);
        }
        for mend in plan.mends {
            self.order_mend(mend, seal, now);
        }
        for trim in plan.trims {
            self.order_delete(trim.node, trim.key);
        }
        for check in plan.checks {
            self.order_check(check.node, check.key, now);
        }
    }

    fn order_copy(&mut self, copy: repair::Copy, seal: &Sealer<'_>, now: Timestamp) {
        let targets: Vec<NodeAddress> = copy.targets.iter().filter_map(|id| self.address(*id)).collect();
        let Some(capability) = seal(Operation::Write, copy.chunk, copy.source, &targets) else { return };
        let Some(source) = self.nodes.get_mut(&copy.source) else { return };
        if source.order(Order::Copy { chunk: copy.chunk, targets, capability }) {
            let deadline = now.plus(COPY_TIMEOUT + Duration::from_secs(u64::from(copy.chunk.length >> 20)));
            let missing = copy.targets.clone();
            self.healing.copies.push(UnderWay { copy, missing, deadline, mend: false });
            self.healing.copies_ordered += 1;
        }
    }

    fn order_mend(&mut self, mend: repair::Mend, seal: &Sealer<'_>, now: Timestamp) {
        let repair::Mend { chunk, node: id, sources } = mend;
        let sources: Vec<NodeAddress> = sources.iter().filter_map(|source| self.address(*source)).collect();
        let Some(capability) = seal(Operation::Read, chunk, id, &sources) else { return };
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.order(Order::Mend { chunk, sources, capability }) {
            let deadline = now.plus(COPY_TIMEOUT + Duration::from_secs(u64::from(chunk.length >> 20)));
            let copy = repair::Copy { chunk, source: id, targets: vec![id] };
            self.healing.copies.push(UnderWay { copy, missing: vec![id], deadline, mend: true });
            self.healing.copies_ordered += 1;
        }
    }

    /// Orders a verification, unless it is under way or the datanode has enough to do. Says whether it was ordered.
    pub(super) fn order_check(&mut self, id: DatanodeId, key: ReplicaKey, now: Timestamp) -> bool {
        let of_node =
            self.healing.checks.range((id, ReplicaKey::lowest(ChunkId(0)))..).take_while(|((node, _), _)| *node == id);
        if of_node.count() >= CHECKS_PER_NODE_MAX || self.healing.checks.contains_key(&(id, key)) {
            return false;
        }
        let ordered = self.nodes.get_mut(&id).is_some_and(|node| node.order(Order::Verify { key }));
        if ordered {
            self.healing.checks.insert((id, key), now.plus(CHECK_TIMEOUT));
        }
        ordered
    }

    /// Orders a deletion. The replica counts no more at once; should the order be lost, it counts again after a while.
    fn order_delete(&mut self, id: DatanodeId, key: ReplicaKey) {
        let Some(state) = self.locations.state(id, key) else { return };
        if self.order_deletion(id, StoredReplica { key, state }) {
            self.locations.remove(id, key);
            self.healing.deletes_ordered += 1;
        }
    }

    /// Searches a slice for garbage and has it deleted. Says whether there is more to search now.
    pub fn order_garbage(&mut self, namespace: &State, now: Timestamp) -> bool {
        if self.healing.safe {
            return false;
        }
        let from = self.healing.garbage_from;
        let found = garbage(namespace, &self.locations, from, GARBAGE_SLICE_CHUNKS, DOOMED_PER_SLICE_MAX);
        for doomed in &found.doomed {
            if self.state(doomed.node, now) == NodeState::Live {
                self.order_delete(doomed.node, doomed.key);
            }
        }
        self.healing.garbage_from = found.next.unwrap_or_default();
        found.next.is_some()
    }
}
