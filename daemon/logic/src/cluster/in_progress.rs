//! Copies, reconstructions and verifications that were ordered and have not ended.

use crate::repair::{self, InFlight};
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The time limit of a copy, plus one second for each MiB.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);
/// The time within which the target must report the replica after the source reports the end of the
/// copy.
const COPY_SETTLE: Duration = Duration::from_secs(2);
/// A verification that has not ended within this time is ordered again if it is still wanted.
const CHECK_TIMEOUT: Duration = Duration::from_secs(120);
/// The maximum number of concurrent verifications of one datanode, including those requested by
/// readers.
pub(super) const CHECKS_PER_NODE_MAX: usize = 16;
/// The pause before the next attempt to reconstruct a chunk.
const RECONSTRUCT_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Ordered {
    copy: repair::Copy,
    /// Targets that have not reported the replica yet.
    missing: Vec<DatanodeId>,
    deadline: Timestamp,
    /// True if the datanode reconstructs its own replica.
    reconstruction: bool,
}

/// The effect of one reported replica on the work in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Replicas that were waited for.
    pub(super) replicas: u64,
    /// True if a copy or a reconstruction has ended.
    pub(super) ended: bool,
}

/// Completed orders since the start, in replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Finished {
    /// Copied or reconstructed.
    pub(super) copied: u64,
    pub(super) surplus: u64,
    pub(super) garbage: u64,
}

impl Finished {
    /// Counts a completed deletion: of garbage, of a surplus replica, or with none one that was not
    /// ordered.
    pub(super) fn note_deleted(&mut self, garbage: Option<bool>) {
        match garbage {
            Some(true) => self.garbage += 1,
            Some(false) => self.surplus += 1,
            None => {}
        }
    }
}

/// The orders in progress. Deletions are in their [`OrderQueue`](super::order::OrderQueue).
#[derive(Debug, Default)]
pub(super) struct InProgress {
    copies: Vec<Ordered>,
    /// Verifications, each with its deadline.
    checks: BTreeMap<(DatanodeId, ReplicaKey), Timestamp>,
    /// Chunks that could not be reconstructed, each with the time of the next attempt.
    resting: BTreeMap<ChunkId, Timestamp>,
}

impl InProgress {
    pub(super) fn copies(&self) -> usize {
        self.copies.len()
    }

    /// Returns the copies, for decisions that depend on them.
    pub(super) fn copying(&self) -> InFlight {
        InFlight::of(self.copies.iter().map(|ordered| &ordered.copy))
    }

    /// Returns everything, for a plan of repairs.
    pub(super) fn all(&self) -> InFlight {
        self.copying().with(self.checks.keys().copied(), self.resting.keys().copied())
    }

    pub(super) fn is_copying(&self, chunk: ChunkId) -> bool {
        self.copies.iter().any(|ordered| ordered.copy.chunk.id == chunk)
    }

    pub(super) fn begin(&mut self, copy: repair::Copy, reconstruction: bool, now: Timestamp) {
        let deadline = now.plus(COPY_TIMEOUT + Duration::from_secs(u64::from(copy.chunk.length >> 20)));
        let missing = copy.targets.clone();
        debug_assert!(
            reconstruction || !missing.contains(&copy.source),
            "the source of a copy is among its targets: {copy:?}"
        );
        debug_assert!(!missing.is_empty(), "a copy without a target: {copy:?}");
        self.copies.push(Ordered { copy, missing, deadline, reconstruction });
    }

    /// Returns true if a verification may be ordered: there is none of this replica in progress,
    /// and the datanode does not have too many.
    pub(super) fn may_check(&self, id: DatanodeId, key: ReplicaKey) -> bool {
        let of_node =
            self.checks.range((id, ReplicaKey::lowest(ChunkId(0)))..).take_while(|((node, _), _)| *node == id);
        of_node.count() < CHECKS_PER_NODE_MAX && !self.checks.contains_key(&(id, key))
    }

    pub(super) fn begin_check(&mut self, id: DatanodeId, key: ReplicaKey, now: Timestamp) {
        debug_assert!(self.may_check(id, key), "one verification too many of {id}: {key}");
        self.checks.insert((id, key), now.plus(CHECK_TIMEOUT));
    }

    /// Ends a verification: the replica was verified, or no longer exists.
    pub(super) fn end_check(&mut self, id: DatanodeId, key: ReplicaKey) {
        self.checks.remove(&(id, key));
    }

    /// Drops the copies from and to a datanode, and its verifications.
    pub(super) fn forget(&mut self, id: DatanodeId) {
        self.copies.retain(|ordered| ordered.copy.source != id && !ordered.copy.targets.contains(&id));
        self.checks.retain(|(node, _), _| *node != id);
    }

    /// Drops all copies: those that an earlier leader ordered are unknown.
    pub(super) fn forget_copies(&mut self) {
        self.copies.clear();
    }

    /// Records that a target has reported a replica.
    pub(super) fn arrived(&mut self, id: DatanodeId, chunk: ChunkId) -> Arrived {
        let mut replicas = 0;
        for ordered in self.copies.iter_mut().filter(|ordered| ordered.copy.chunk.id == chunk) {
            let before = ordered.missing.len();
            ordered.missing.retain(|target| *target != id);
            replicas += (before - ordered.missing.len()) as u64;
        }
        let before = self.copies.len();
        self.copies.retain(|ordered| !ordered.missing.is_empty());
        Arrived { replicas, ended: self.copies.len() != before }
    }

    /// Records that the source of a copy reported its end, successful or not.
    pub(super) fn source_ended(&mut self, source: DatanodeId, chunk: ChunkId, now: Timestamp) {
        let of_source =
            self.copies.iter_mut().filter(|ordered| ordered.copy.source == source && ordered.copy.chunk.id == chunk);
        of_source.for_each(|ordered| ordered.deadline = ordered.deadline.min(now.plus(COPY_SETTLE)));
    }

    /// Drops expired entries; returns true if a copy or a pause ended with it.
    pub(super) fn drop_overdue(&mut self, now: Timestamp) -> bool {
        let before = self.copies.len();
        for ordered in self.copies.iter().filter(|ordered| ordered.reconstruction && ordered.deadline <= now) {
            self.resting.insert(ordered.copy.chunk.id, now.plus(RECONSTRUCT_PAUSE));
        }
        self.copies.retain(|ordered| ordered.deadline > now);
        self.checks.retain(|_, until| *until > now);
        let resting = self.resting.len();
        self.resting.retain(|_, until| *until > now);
        self.copies.len() != before || self.resting.len() != resting
    }

    /// Returns the copies that each datanode sends.
    pub(super) fn sending(&self) -> BTreeMap<DatanodeId, usize> {
        let mut sending = BTreeMap::new();
        self.copies.iter().for_each(|ordered| *sending.entry(ordered.copy.source).or_default() += 1);
        sending
    }

    /// Returns the verifications of each datanode.
    pub(super) fn checking(&self) -> BTreeMap<DatanodeId, usize> {
        let mut checking = BTreeMap::new();
        self.checks.keys().for_each(|(node, _)| *checking.entry(*node).or_default() += 1);
        checking
    }
}
