//! Garbage: replicas that can be deleted because no file can name them any more.

use crate::locations::Locations;
use crate::state::State;
use dfs_types::{ChunkId, DatanodeId, ReplicaKey};

/// A replica that a datanode should delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GarbageReplica {
    pub node: DatanodeId,
    pub key: ReplicaKey,
}

/// The outcome of one slice of the search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Garbage {
    pub replicas: Vec<GarbageReplica>,
    /// The chunk to continue from; none if the search has reached the end.
    pub next: Option<ChunkId>,
}

/// Searches the good replicas from `start` on for garbage, until `scan_max` chunks were examined or
/// `found_max` replicas were found. A scan of ten million chunks takes some tenths of a second, so
/// call it in slices. [`repair`](crate::repair) handles the replicas aside.
pub fn garbage(namespace: &State, locations: &Locations, start: ChunkId, scan_max: usize, found_max: usize) -> Garbage {
    let mut named = namespace.chunks_from(start).peekable();
    let mut found = Vec::new();
    for (scanned, (id, replicas)) in locations.from(start).enumerate() {
        if scanned >= scan_max || found.len() >= found_max {
            return Garbage { replicas: found, next: Some(id) };
        }
        // Both sequences are ascending, so one walk along each is enough.
        while named.next_if(|(name, _)| *name < id).is_some() {}
        let is_named = named.peek().is_some_and(|(name, _)| *name == id);
        if !is_named && namespace.is_garbage(id) {
            found.extend(replicas.nodes().map(|node| GarbageReplica { node, key: replicas.key(id) }));
        }
    }
    Garbage { replicas: found, next: None }
}
