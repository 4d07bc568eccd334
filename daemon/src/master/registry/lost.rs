//! Replicas of uncommitted chunks that a datanode has lost: receipts for them are void.

use dfs_types::ReplicaKey;
use std::collections::BTreeSet;

/// Replicas that are remembered for one datanode. Beyond, only replicas that it reports count.
const LOST_MAX: usize = 65_536;

/// The lost replicas of one life of a datanode.
#[derive(Debug, Default)]
pub struct Lost {
    keys: BTreeSet<ReplicaKey>,
    overflowed: bool,
}

impl Lost {
    pub fn note(&mut self, key: ReplicaKey) {
        if self.keys.len() < LOST_MAX {
            self.keys.insert(key);
        } else {
            self.overflowed = true;
        }
    }

    /// Whether this replica may have been lost.
    pub fn has(&self, key: ReplicaKey) -> bool {
        self.overflowed || self.keys.contains(&key)
    }
}
