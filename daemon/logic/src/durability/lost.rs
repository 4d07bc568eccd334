//! Replicas of uncommitted chunks that a datanode has lost: receipts for them are void.

use dfs_types::ReplicaKey;
use std::collections::BTreeSet;

/// The maximum number of lost replicas that are recorded for one datanode. Beyond it, only replicas
/// that it reports count.
pub(crate) const LOST_MAX: usize = 65_536;

/// The replicas that a datanode has lost since it started.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    keys: BTreeSet<ReplicaKey>,
    overflowed: bool,
}

impl Lost {
    pub(crate) fn note(&mut self, key: ReplicaKey) {
        if self.keys.len() < LOST_MAX {
            self.keys.insert(key);
        } else {
            self.overflowed = true;
        }
    }

    /// Returns true if this replica may have been lost.
    pub(crate) fn has(&self, key: ReplicaKey) -> bool {
        self.overflowed || self.keys.contains(&key)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}
