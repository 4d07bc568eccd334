//! Garbage: replicas that can go because no file can name them.

use crate::locations::Locations;
use crate::namespace::Namespace;
use dfs_types::{ChunkId, DatanodeId, Generation};

/// A replica that a datanode shall delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doomed {
    pub node: DatanodeId,
    pub chunk: ChunkId,
    pub generation: Generation,
}

/// What a stretch of the search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Garbage {
    pub doomed: Vec<Doomed>,
    /// Where to go on; none when the search came to the floor.
    pub next: Option<ChunkId>,
}

/// Whether this replica can never be read again: no file names its chunk nor ever can
/// ([`Namespace::is_garbage`]), or a file names a newer generation of it. A replica of a newer generation belongs to a
/// write that is not committed.
pub fn is_garbage(namespace: &Namespace, id: ChunkId, generation: Generation) -> bool {
    match namespace.chunk(id) {
        Some(chunk) => generation < chunk.generation,
        None => namespace.is_garbage(id),
    }
}

/// Searches the known replicas from `start` on for garbage, until `scan_max` chunks were looked at or `doomed_max`
/// replicas were found. A scan of ten million chunks takes some tenths of a second: give it in slices.
pub fn garbage(
    namespace: &Namespace,
    locations: &Locations,
    start: ChunkId,
    scan_max: usize,
    doomed_max: usize,
) -> Garbage {
    let mut named = namespace.chunks_from(start).peekable();
    let mut doomed = Vec::new();
    for (scanned, (id, replicas)) in locations.from(start).enumerate() {
        if scanned >= scan_max || doomed.len() >= doomed_max {
            return Garbage { doomed, next: Some(id) };
        }
        // Both rows rise, so one walk along each is enough.
        while named.next_if(|(name, _)| *name < id).is_some() {}
        let generation = replicas.generation();
        let is_garbage = match named.peek() {
            Some((name, chunk)) if *name == id => generation < chunk.generation,
            _ => namespace.is_garbage(id),
        };
        if is_garbage {
            doomed.extend(replicas.nodes().map(|node| Doomed { node, chunk: id, generation }));
        }
    }
    Garbage { doomed, next: None }
}
