//! Replicas that do not count: suspect ones, and those with another key than their chunk's slot.

use dfs_types::{ChunkId, DatanodeId, ReplicaKey, ReplicaState, StoredReplica};
use std::collections::BTreeMap;

/// A replica that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aside {
    pub node: DatanodeId,
    pub stored: StoredReplica,
}

/// All of them, sorted by key, then by datanode.
#[derive(Debug, Default)]
pub(crate) struct Asides(BTreeMap<(ReplicaKey, DatanodeId), ReplicaState>);

impl Asides {
    pub(crate) fn insert(&mut self, aside: Aside) {
        self.0.insert((aside.stored.key, aside.node), aside.stored.state);
    }

    pub(crate) fn remove(&mut self, node: DatanodeId, key: ReplicaKey) -> Option<ReplicaState> {
        self.0.remove(&(key, node))
    }

    pub(crate) fn from(&self, start: ChunkId) -> impl Iterator<Item = Aside> + '_ {
        let from = self.0.range((ReplicaKey::lowest(start), DatanodeId(0))..);
        from.map(|((key, node), state)| Aside { node: *node, stored: StoredReplica { key: *key, state: *state } })
    }

    pub(crate) fn of(&self, chunk: ChunkId) -> impl Iterator<Item = Aside> + '_ {
        self.from(chunk).take_while(move |aside| aside.stored.key.chunk == chunk)
    }
}
