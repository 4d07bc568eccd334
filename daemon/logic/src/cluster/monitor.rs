//! The replication monitor: the figures of the last survey of all chunks, safe mode, and the orders
//! in progress.

use super::in_progress::{Arrived, Finished, InProgress};
use super::replication_events::ReplicationEvents;
use crate::repair::{Blocked, Counts, Health, Needed, Survey};
use crate::state::ChunkChanges;
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The interval between surveys when nothing changes.
const SURVEY_INTERVAL: Duration = Duration::from_secs(30);
/// Up to this many chunks, a survey may follow the last one immediately; with more, there is a
/// pause between them.
const QUICK_SURVEY_CHUNKS: u64 = 100_000;
const SURVEY_PAUSE: Duration = Duration::from_secs(1);
/// The maximum number of chunks with a corrupt replica that are recorded until they have a new one.
pub(super) const CORRUPT_MAX: usize = 1_024;

/// The state of replication between two surveys.
#[derive(Debug)]
pub struct ReplicationMonitor {
    /// The start of this master.
    started: Timestamp,
    pub(super) safe: bool,
    /// The number of reported chunks, while safe mode lasts.
    pub(super) reported: u64,
    /// True if something changed that a survey would see.
    dirty: bool,
    /// The counts of changes of chunks at the start of the last survey.
    seen: ChunkChanges,
    pub(super) survey: Survey,
    surveying: bool,
    /// True if all expected datanodes had reported when the last survey began: only then are its
    /// figures complete.
    all_reported: bool,
    /// The last complete survey.
    health: Health,
    counts: Arc<Counts>,
    /// True if the last complete survey found chunks to copy from draining datanodes.
    moving: bool,
    /// The work that the last complete survey found.
    pub(super) needed: Needed,
    /// The reasons why chunks cannot get their replicas, as of that survey.
    pub(super) blocked: Blocked,
    surveyed_at: Option<Timestamp>,
    problems: ProblemsSince,
    pub(super) in_progress: InProgress,
    pub(super) garbage_from: ChunkId,
    /// Chunks with a corrupt replica and no new replica reported yet; the newest ones.
    corrupt: BTreeSet<ChunkId>,
    pub(super) events: ReplicationEvents,
    /// The number of copies and reconstructions ordered since the start.
    pub copies_ordered: u64,
    /// Completed orders.
    pub(super) finished: Finished,
}

impl ReplicationMonitor {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            started: now,
            safe: true,
            reported: 0,
            dirty: true,
            seen: ChunkChanges::default(),
            survey: Survey::new(),
            surveying: false,
            all_reported: false,
            health: Health::default(),
            counts: Arc::default(),
            moving: false,
            needed: Needed::default(),
            blocked: Blocked::default(),
            surveyed_at: None,
            problems: ProblemsSince::default(),
            in_progress: InProgress::default(),
            garbage_from: ChunkId(0),
            corrupt: BTreeSet::new(),
            events: ReplicationEvents::default(),
            copies_ordered: 0,
            finished: Finished::default(),
        }
    }

    /// Records a change that a survey would see.
    pub(super) fn changed(&mut self) {
        self.dirty = true;
    }

    /// Returns true if a survey should not wait for the next tick.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Becomes the leader: orders of the previous leader may still be on their way.
    pub(super) fn lead(&mut self) {
        self.in_progress.forget_copies();
        self.dirty = true;
    }

    /// Returns the number of chunks reported so far while the safe mode after a start lasts.
    pub fn safe_mode(&self) -> Option<u64> {
        self.safe.then_some(self.reported)
    }

    /// Ends safe mode.
    pub(super) fn leave_safe_mode(&mut self) {
        self.safe = false;
        self.dirty = true;
    }

    /// Returns the figures of the last complete survey.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Returns the same in detail.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Returns the number of copies and reconstructions in progress.
    pub fn copying(&self) -> u64 {
        self.in_progress.copies() as u64
    }

    /// Returns true if replicas of a chunk are being made.
    pub fn is_copying(&self, chunk: ChunkId) -> bool {
        self.in_progress.is_copying(chunk)
    }

    /// Returns the reasons why chunks cannot get their replicas, at the last complete survey.
    pub fn blocked(&self) -> Blocked {
        self.blocked
    }

    /// Returns true if the last complete survey found chunks to copy from draining datanodes.
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// Returns the time of the last complete survey.
    pub fn counted_at(&self) -> Option<Timestamp> {
        self.surveyed_at
    }

    /// Returns the time of the last complete survey if all expected datanodes had reported when it
    /// began; its figures are incomplete if not.
    pub fn complete_at(&self) -> Option<Timestamp> {
        self.surveyed_at.filter(|_| self.all_reported)
    }

    /// Records whether all expected datanodes have reported, before a survey begins. The first
    /// survey after they have is due at once.
    pub(super) fn note_reported(&mut self, all_reported: bool) {
        self.dirty |= all_reported && !self.all_reported;
        self.all_reported = all_reported;
    }

    /// Returns true if the figures are those of all chunks: they were counted, and safe mode is
    /// over.
    pub fn is_known(&self) -> bool {
        !self.safe && self.surveyed_at.is_some()
    }

    /// Returns the duration of each problem of chunks, and of safe mode.
    pub(super) fn lasting(&self, now: Timestamp) -> Lasting {
        let lasted = |since: Timestamp| now.since(since);
        Lasting {
            safe_mode: self.safe.then(|| lasted(self.started)),
            missing: self.problems.missing.map(lasted),
            at_risk: self.problems.at_risk.map(lasted),
            under: self.problems.under.map(lasted),
            stale: None,
            dead: None,
        }
    }

    pub(super) fn forget_work_of(&mut self, id: DatanodeId) {
        self.in_progress.forget(id);
        self.dirty = true;
    }

    pub(super) fn replica_arrived(&mut self, id: DatanodeId, chunk: ChunkId) {
        let Arrived { replicas, ended } = self.in_progress.arrived(id, chunk);
        self.finished.copied += replicas;
        self.dirty |= ended;
    }

    pub(super) fn end_check(&mut self, id: DatanodeId, key: ReplicaKey) {
        self.in_progress.end_check(id, key);
    }

    pub(super) fn note_corrupt(&mut self, chunk: ChunkId) {
        self.corrupt.insert(chunk);
        if self.corrupt.len() > CORRUPT_MAX {
            self.corrupt.pop_first();
        }
        debug_assert!(self.corrupt.len() <= CORRUPT_MAX, "{} corrupt chunks are remembered", self.corrupt.len());
    }

    /// Returns true, once, if the new replica of `chunk` replaces a corrupt one.
    pub(super) fn take_corrupt(&mut self, chunk: ChunkId) -> bool {
        self.corrupt.remove(&chunk)
    }

    pub(super) fn corrupt_count(&self) -> usize {
        self.corrupt.len()
    }

    /// Returns true while a survey is in progress.
    pub(super) fn is_surveying(&self) -> bool {
        self.surveying
    }

    /// Begins a survey if one is due; returns true if it did.
    pub(super) fn begin_survey(&mut self, changes: ChunkChanges, now: Timestamp) -> bool {
        self.dirty |= self.in_progress.drop_overdue(now);
        // A deleted chunk affects the figures of problems only if there were some.
        self.dirty |= changes.layouts != self.seen.layouts;
        self.dirty |= changes.dropped != self.seen.dropped && self.health.has_problems();
        let due = self.surveyed_at.is_none_or(|at| now.since(at) >= SURVEY_INTERVAL);
        let quick = self.health.chunks <= QUICK_SURVEY_CHUNKS;
        let paused = quick || self.surveyed_at.is_none_or(|at| now.since(at) >= SURVEY_PAUSE);
        let wanted = self.dirty && paused;
        if !due && !wanted {
            return false;
        }
        (self.dirty, self.surveying, self.seen) = (false, true, changes);
        self.survey = Survey::new();
        true
    }

    /// Takes over the figures of the completed survey.
    pub(super) fn end_survey(&mut self, now: Timestamp) {
        self.surveying = false;
        self.health = self.survey.health();
        self.counts = Arc::new(self.survey.counts().clone());
        self.moving = self.survey.has_moves();
        self.needed = self.survey.needed();
        self.surveyed_at = Some(now);
        self.problems.note(&self.health, now);
    }
}

/// The duration of each problem; none for a problem that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lasting {
    pub safe_mode: Option<Duration>,
    pub missing: Option<Duration>,
    pub at_risk: Option<Duration>,
    pub under: Option<Duration>,
    /// The longest duration over all stale, or dead, datanodes.
    pub stale: Option<Duration>,
    pub dead: Option<Duration>,
}

/// The times since which problems of chunks have lasted without interruption.
#[derive(Debug, Clone, Copy, Default)]
struct ProblemsSince {
    missing: Option<Timestamp>,
    at_risk: Option<Timestamp>,
    under: Option<Timestamp>,
}

impl ProblemsSince {
    fn note(&mut self, health: &Health, now: Timestamp) {
        let note = |since: &mut Option<Timestamp>, count: u64| *since = (count > 0).then(|| since.unwrap_or(now));
        note(&mut self.missing, health.missing);
        note(&mut self.at_risk, health.at_risk);
        note(&mut self.under, health.under);
    }
}
