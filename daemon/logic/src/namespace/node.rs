//! Files and folders.

use super::children::Children;
use super::users::{UserId, Users};
use dfs_types::{ChunkId, ChunkRef, Generation, Kind, Stat, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Permission bits of a new folder.
pub(super) const FOLDER_MODE: u16 = 0o755;

/// What every entry has. Replication and chunk size are zero for a folder; they stand here because a file packs better so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attrs {
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) version: u64,
    pub(super) owner: UserId,
    pub(super) group: UserId,
    pub(super) chunk_size: u32,
    pub(super) mode: u16,
    pub(super) replication: u8,
}

/// What lies below a folder, at any depth, without itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub files: u64,
    pub directories: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Bytes of the files times the copies wanted of each.
    pub replica_bytes: u64,
}

/// A name's file or folder. Files lie inline, as there are so many of them.
#[derive(Debug, Clone)]
pub(super) enum Node {
    File(File),
    Dir(Arc<Dir>),
}

#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) attrs: Attrs,
    pub(super) chunks: ChunkList,
}

/// The chunks of a file, in its order. Most files have one.
#[derive(Debug, Clone)]
pub(super) enum ChunkList {
    None,
    One(PackedRef),
    Many(Arc<[PackedRef]>),
}

/// A [`ChunkRef`] in memory: 20 bytes, aligned to four, so that a file with one chunk stays small.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedRef {
    id: [u32; 2],
    generation: u32,
    length: u32,
    checksum: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Dir {
    pub(super) attrs: Attrs,
    pub(super) sums: Sums,
    /// At least the bytes of the longest path below, seen from here (with its first `/`). Only ever grows: it spares a
    /// walk before nearly every move, and where it is too high the walk decides.
    pub(super) reach: u32,
    pub(super) children: Children,
}

impl Attrs {
    /// The attributes as people see them.
    pub(super) fn stat(&self, users: &Users, kind: Kind, sums: Sums, chunks: u64) -> Stat {
        Stat {
            kind,
            size: sums.bytes,
            modified: self.modified,
            created: self.created,
            owner: users.name(self.owner).to_owned(),
            group: users.name(self.group).to_owned(),
            mode: self.mode,
            replication: self.replication,
            chunk_size: self.chunk_size,
            chunks,
            files: if kind == Kind::File { 0 } else { sums.files },
            directories: sums.directories,
            version: self.version,
            space: sums.replica_bytes,
        }
    }
}

impl Sums {
    /// Sums wrap: adding and taking away are then exact inverses, whatever the log holds.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            files: self.files.wrapping_add(other.files),
            directories: self.directories.wrapping_add(other.directories),
            bytes: self.bytes.wrapping_add(other.bytes),
            replica_bytes: self.replica_bytes.wrapping_add(other.replica_bytes),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            files: self.files.wrapping_sub(other.files),
            directories: self.directories.wrapping_sub(other.directories),
            bytes: self.bytes.wrapping_sub(other.bytes),
            replica_bytes: self.replica_bytes.wrapping_sub(other.replica_bytes),
        }
    }
}

impl ChunkList {
    pub(super) fn as_slice(&self) -> &[PackedRef] {
        match self {
            Self::None => &[],
            Self::One(chunk) => std::slice::from_ref(chunk),
            Self::Many(chunks) => chunks,
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = ChunkRef> + ExactSizeIterator + '_ {
        self.as_slice().iter().map(|chunk| (*chunk).into())
    }
}

impl From<&[ChunkRef]> for ChunkList {
    fn from(chunks: &[ChunkRef]) -> Self {
        match chunks {
            [] => Self::None,
            [chunk] => Self::One((*chunk).into()),
            many => Self::Many(many.iter().map(|chunk| (*chunk).into()).collect()),
        }
    }
}

impl From<ChunkRef> for PackedRef {
    fn from(chunk: ChunkRef) -> Self {
        let ChunkRef { id, generation, length, checksum } = chunk;
        Self { id: [id.0 as u32, (id.0 >> 32) as u32], generation: generation.0, length, checksum }
    }
}

impl From<PackedRef> for ChunkRef {
    fn from(packed: PackedRef) -> Self {
        let PackedRef { id: [low, high], generation, length, checksum } = packed;
        let id = ChunkId(u64::from(low) | u64::from(high) << 32);
        Self { id, generation: Generation(generation), length, checksum }
    }
}

impl File {
    /// Bytes of the file. All chunks but the last are full.
    pub(super) fn size(&self) -> u64 {
        let chunks = self.chunks.as_slice();
        let last = chunks.last().map_or(0, |chunk| u64::from(chunk.length));
        let full = chunks.len().saturating_sub(1) as u64;
        full.wrapping_mul(u64::from(self.attrs.chunk_size)).wrapping_add(last)
    }

    pub(super) fn weight(&self) -> Sums {
        let bytes = self.size();
        Sums { files: 1, directories: 0, bytes, replica_bytes: bytes.wrapping_mul(u64::from(self.attrs.replication)) }
    }

    pub(super) fn stat(&self, users: &Users) -> Stat {
        self.attrs.stat(users, Kind::File, self.weight(), self.chunks.as_slice().len() as u64)
    }
}

impl Dir {
    /// A folder without content.
    pub(super) fn new(attrs: Attrs) -> Self {
        Self { attrs, sums: Sums::default(), reach: 0, children: Children::default() }
    }

    pub(super) fn stat(&self, users: &Users) -> Stat {
        self.attrs.stat(users, Kind::Directory, self.sums, 0)
    }

    /// Puts in a child whose name is free, and counts it here.
    pub(super) fn adopt(&mut self, name: &str, node: Node) {
        self.sums = self.sums.plus(node.weight());
        self.reach = self.reach.max(1 + name.len() as u32 + node.reach());
        self.children.insert(name, node);
    }
}

impl Node {
    /// What the entry adds to the sums of the folders above it.
    pub(super) fn weight(&self) -> Sums {
        match self {
            Self::File(file) => file.weight(),
            Self::Dir(dir) => dir.sums.plus(Sums { directories: 1, ..Sums::default() }),
        }
    }

    pub(super) fn reach(&self) -> u32 {
        match self {
            Self::File(_) => 0,
            Self::Dir(dir) => dir.reach,
        }
    }

    pub(super) fn stat(&self, users: &Users) -> Stat {
        match self {
            Self::File(file) => file.stat(users),
            Self::Dir(dir) => dir.stat(users),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_small() {
        // Ten million files are held in memory: a field more here is a hundred megabytes.
        assert!(size_of::<Node>() <= 64, "{}", size_of::<Node>());
    }
}
