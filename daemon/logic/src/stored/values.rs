//! The stored form of values that all records share. A value that gets a new form gets a new type
//! here, and so do the records that hold it.

use crate::command::KeyRecord;
use dfs_types::{AdminState, ChunkId, ChunkRef, Generation, Layout, Timestamp};
use serde::{Deserialize, Serialize};

/// A chunk of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkV1 {
    pub id: u64,
    pub generation: u32,
    pub length: u32,
    pub checksum: u32,
}

/// The layout of a file's chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayoutV1 {
    Replicated { replicas: u8 },
}

/// The admin state of a datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdminStateV1 {
    InService,
    Draining,
    Removed,
}

/// A key that seals capabilities.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyV1 {
    pub id: u32,
    pub secret: [u8; 32],
    pub made_at: u64,
}

impl std::fmt::Debug for KeyV1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyV1 {{ id: {} }}", self.id)
    }
}

impl From<ChunkRef> for ChunkV1 {
    fn from(chunk: ChunkRef) -> Self {
        let ChunkRef { id, generation, length, checksum } = chunk;
        Self { id: id.0, generation: generation.0, length, checksum }
    }
}

impl From<ChunkV1> for ChunkRef {
    fn from(chunk: ChunkV1) -> Self {
        let ChunkV1 { id, generation, length, checksum } = chunk;
        Self { id: ChunkId(id), generation: Generation(generation), length, checksum }
    }
}

impl From<Layout> for LayoutV1 {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Replicated { replicas } => Self::Replicated { replicas },
        }
    }
}

impl From<LayoutV1> for Layout {
    fn from(layout: LayoutV1) -> Self {
        match layout {
            LayoutV1::Replicated { replicas } => Self::Replicated { replicas },
        }
    }
}

impl From<AdminState> for AdminStateV1 {
    fn from(admin_state: AdminState) -> Self {
        match admin_state {
            AdminState::InService => Self::InService,
            AdminState::Draining => Self::Draining,
            AdminState::Removed => Self::Removed,
        }
    }
}

impl From<AdminStateV1> for AdminState {
    fn from(admin_state: AdminStateV1) -> Self {
        match admin_state {
            AdminStateV1::InService => Self::InService,
            AdminStateV1::Draining => Self::Draining,
            AdminStateV1::Removed => Self::Removed,
        }
    }
}

impl From<&KeyRecord> for KeyV1 {
    fn from(key: &KeyRecord) -> Self {
        Self { id: key.id, secret: key.secret, made_at: key.made_at.0 }
    }
}

impl From<KeyV1> for KeyRecord {
    fn from(key: KeyV1) -> Self {
        Self { id: key.id, secret: key.secret, made_at: Timestamp(key.made_at) }
    }
}
