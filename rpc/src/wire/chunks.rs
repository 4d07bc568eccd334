//! Wire twins of chunks and replicas.

use super::twin::{Twin, plain_twin};
use dfs_types::{ChunkId, Generation};
use serde::{Deserialize, Serialize};

/// The twin of [`dfs_types::ChunkRef`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    pub id: ChunkId,
    pub generation: Generation,
    pub length: u32,
    pub checksum: u32,
}

impl Twin for dfs_types::ChunkRef {
    type Wire<'a> = ChunkRef;
}

impl From<&dfs_types::ChunkRef> for ChunkRef {
    fn from(chunk: &dfs_types::ChunkRef) -> Self {
        let dfs_types::ChunkRef { id, generation, length, checksum } = *chunk;
        Self { id, generation, length, checksum }
    }
}

impl From<ChunkRef> for dfs_types::ChunkRef {
    fn from(chunk: ChunkRef) -> Self {
        let ChunkRef { id, generation, length, checksum } = chunk;
        Self { id, generation, length, checksum }
    }
}

/// The twin of [`dfs_types::ReplicaKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaKey {
    pub chunk: ChunkId,
    pub generation: Generation,
    pub checksum: u32,
}

impl Twin for dfs_types::ReplicaKey {
    type Wire<'a> = ReplicaKey;
}

impl From<&dfs_types::ReplicaKey> for ReplicaKey {
    fn from(key: &dfs_types::ReplicaKey) -> Self {
        let dfs_types::ReplicaKey { chunk, generation, checksum } = *key;
        Self { chunk, generation, checksum }
    }
}

impl From<ReplicaKey> for dfs_types::ReplicaKey {
    fn from(key: ReplicaKey) -> Self {
        let ReplicaKey { chunk, generation, checksum } = key;
        Self { chunk, generation, checksum }
    }
}

plain_twin! {
    /// The twin of [`dfs_types::ReplicaState`].
    ReplicaState of dfs_types::ReplicaState { Suspect, Stored, Verified }
}

/// The twin of [`dfs_types::StoredReplica`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReplica {
    pub key: ReplicaKey,
    pub state: ReplicaState,
}

impl Twin for dfs_types::StoredReplica {
    type Wire<'a> = StoredReplica;
}

impl From<&dfs_types::StoredReplica> for StoredReplica {
    fn from(stored: &dfs_types::StoredReplica) -> Self {
        let dfs_types::StoredReplica { key, state } = stored;
        Self { key: key.into(), state: state.into() }
    }
}

impl From<StoredReplica> for dfs_types::StoredReplica {
    fn from(stored: StoredReplica) -> Self {
        let StoredReplica { key, state } = stored;
        Self { key: key.into(), state: state.into() }
    }
}
