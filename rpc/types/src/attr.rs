//! Attributes of files and directories.

use crate::id::{ChunkId, EntryId, Generation};
use crate::replica::ReplicaKey;
use crate::time::Timestamp;

/// The message for `user.*` attributes of one entry that exceed 64 KiB, names and values together.
pub const USER_ATTRIBUTES_TOO_LARGE: &str = "the attributes of one entry would take more than 64 KiB";
/// The longest name of a `user.*` attribute, in bytes; the limit of Linux.
pub const USER_ATTRIBUTE_NAME_BYTES_MAX: usize = 255;

/// The kind of an entry: file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    File,
    Directory,
}

/// A reference to one chunk of a file: its id, its version and the number of bytes of the file in
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChunkRef {
    pub id: ChunkId,
    pub generation: Generation,
    /// Bytes of the file in this chunk: 1 to the chunk size. Every chunk but the last is full.
    pub length: u32,
    /// crc32c over the table of the chunk's block checksums, each as 4 bytes little endian. It
    /// binds the reference to the bytes.
    pub checksum: u32,
}

impl ChunkRef {
    /// Returns the key that every intact replica of this chunk has.
    pub fn key(&self) -> ReplicaKey {
        ReplicaKey { chunk: self.id, generation: self.generation, checksum: self.checksum }
    }
}

/// The attributes of a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    pub kind: Kind,
    /// Bytes of a file; for a directory the bytes of all files below it.
    pub size: u64,
    pub modified: Timestamp,
    pub created: Timestamp,
    pub owner: String,
    pub group: String,
    /// Permission bits, such as `0o644`.
    pub mode: u16,
    /// Replicas wanted of each chunk; 0 for a directory.
    pub replication: u8,
    /// Chunk size in bytes; 0 for a directory.
    pub chunk_size: u32,
    /// Chunks of a file; 0 for a directory.
    pub chunks: u64,
    /// Files below a directory, at any depth; 0 for a file.
    pub files: u64,
    /// Directories below a directory, at any depth, not counting itself; 0 for a file.
    pub directories: u64,
    /// Increases with every change of this entry; a write can require that it is unchanged.
    pub version: u64,
    /// Bytes on disk of all replicas; for a directory the sum over the files below it.
    pub space: u64,
    /// Identifies the entry permanently: it is never reused, and a rename keeps it.
    /// [`EntryId::UNKNOWN`] in results of calls that do not carry it.
    pub id: EntryId,
}

/// A change of attributes. A field that is `None` stays unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeChange {
    /// Permission bits, up to `0o7777`. Only the owner and the superuser may set them.
    pub mode: Option<u16>,
    /// Only the superuser may set the owner.
    pub owner: Option<String>,
    /// The superuser may set any group; the owner may set the group that has the owner's own name.
    pub group: Option<String>,
    /// Only the owner and the superuser may set the modification time.
    pub modified: Option<Timestamp>,
    /// Applies the change to everything below a directory too, atomically.
    pub recursive: bool,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub stat: Stat,
}

/// The numbers of files, directories and bytes that a delete removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    pub files: u64,
    /// Directories, including the deleted one itself.
    pub directories: u64,
    pub bytes: u64,
}
