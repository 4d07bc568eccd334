//! Deletions that a datanode was ordered to make and that are not confirmed.

use dfs_types::{ReplicaKey, ReplicaState, StoredReplica, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// A deletion that was not confirmed within this time counts as lost.
pub(crate) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum number of unconfirmed deletions of one datanode.
pub(crate) const DELETIONS_MAX: usize = 4096;

/// The replicas that one datanode was ordered to delete; at most [`DELETIONS_MAX`].
///
/// **Invariant:** none of them counts, whatever the datanode reports of it, until the outcome of
/// the order is known: otherwise another replica could be deleted on the proof of one that is
/// deleted itself.
#[derive(Debug, Default)]
pub(crate) struct Deletions(BTreeMap<ReplicaKey, Deletion>);

#[derive(Debug)]
struct Deletion {
    /// The state that was reported last.
    state: ReplicaState,
    /// True if no file names the chunk; otherwise the replica is surplus.
    garbage: bool,
    /// The time when the order was made, or sent to the datanode.
    at: Timestamp,
    given: bool,
}

impl Deletions {
    /// Records an order; returns false if there was no room for it.
    pub(crate) fn begin(&mut self, stored: StoredReplica, garbage: bool, now: Timestamp) -> bool {
        let room = self.0.len() < DELETIONS_MAX || self.0.contains_key(&stored.key);
        if room {
            self.0.insert(stored.key, Deletion { state: stored.state, garbage, at: now, given: false });
        }
        debug_assert!(self.0.len() <= DELETIONS_MAX, "{} deletions of one datanode", self.0.len());
        room
    }

    /// Marks an order as sent to the datanode; returns false if it was cancelled. The datanode
    /// carries it out, or drops it, before its next message on this connection.
    pub(crate) fn give(&mut self, key: ReplicaKey, now: Timestamp) -> bool {
        let Some(deletion) = self.0.get_mut(&key) else { return false };
        (deletion.at, deletion.given) = (now, true);
        true
    }

    /// Records the reported state of a replica; returns true if the replica is to be deleted.
    pub(crate) fn note(&mut self, stored: StoredReplica) -> bool {
        let Some(deletion) = self.0.get_mut(&stored.key) else { return false };
        deletion.state = stored.state;
        true
    }

    /// Ends an order, carried out or not; returns the replica as last reported.
    pub(crate) fn end(&mut self, key: ReplicaKey) -> Option<StoredReplica> {
        self.0.remove(&key).map(|deletion| StoredReplica { key, state: deletion.state })
    }

    /// Removes and returns the orders that were not sent to the datanode.
    pub(crate) fn take_ungiven(&mut self) -> Vec<StoredReplica> {
        self.take(|deletion| !deletion.given)
    }

    /// Ends the orders that were sent, at the beginning of a full report: the report contains their
    /// outcome.
    pub(crate) fn await_report(&mut self) {
        self.0.retain(|_, deletion| !deletion.given);
    }

    /// Removes and returns the orders that were not confirmed in time.
    pub(crate) fn take_lost(&mut self, now: Timestamp) -> Vec<StoredReplica> {
        self.take(|deletion| now.since(deletion.at) >= CONFIRM_TIMEOUT)
    }

    /// Returns the replicas that are to be deleted.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = ReplicaKey> + '_ {
        self.0.keys().copied()
    }

    /// Returns true if a replica is to be deleted because no file names its chunk, false if it is
    /// surplus; none if it is not to be deleted.
    pub(crate) fn is_garbage(&self, key: ReplicaKey) -> Option<bool> {
        self.0.get(&key).map(|deletion| deletion.garbage)
    }

    /// Counts the replicas that are to be deleted: those of chunks that no file names, and surplus
    /// ones.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let garbage = self.0.values().filter(|deletion| deletion.garbage).count();
        (garbage as u64, (self.0.len() - garbage) as u64)
    }

    /// Removes orders that end without an outcome; returns their replicas as last reported.
    fn take(&mut self, which: impl Fn(&Deletion) -> bool) -> Vec<StoredReplica> {
        let taken = self.0.iter().filter(|(_, deletion)| which(deletion));
        let taken = taken.map(|(key, deletion)| StoredReplica { key: *key, state: deletion.state }).collect();
        self.0.retain(|_, deletion| !which(deletion));
        taken
    }
}
