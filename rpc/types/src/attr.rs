//! What is known of a file or directory.

use crate::id::{ChunkId, EntryId, Generation};
use crate::replica::ReplicaKey;
use crate::time::Timestamp;

/// The sentence for attributes `user.*` of one entry that have more than 64 KiB, names and values together.
pub const USER_ATTRIBUTES_TOO_LARGE: &str = "the attributes of one entry would take more than 64 KiB";
/// The longest name of an attribute `user.*`, in bytes, as Linux has it.
pub const USER_ATTRIBUTE_NAME_BYTES_MAX: usize = 255;

/// File or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    File,
    Directory,
}

/// One chunk of a file: which, in which version, and how many bytes of the file it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChunkRef {
    pub id: ChunkId,
    pub generation: Generation,
    /// Bytes of the file in this chunk: 1 to the chunk size. Every chunk but the last is full.
    pub length: u32,
    /// crc32c over the table of the chunk's block checksums, each as 4 bytes little endian. It ties the name to the bytes.
    pub checksum: u32,
}

impl ChunkRef {
    /// The key that each good replica of this chunk has.
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
    /// Permission bits, as in `0o644`.
    pub mode: u16,
    /// Copies wanted of each chunk; 0 for a directory.
    pub replication: u8,
    /// Chunk size in bytes; 0 for a directory.
    pub chunk_size: u32,
    /// Chunks of a file; 0 for a directory.
    pub chunks: u64,
    /// Files below a directory, at any depth; 0 for a file.
    pub files: u64,
    /// Directories below a directory, at any depth, without itself; 0 for a file.
    pub directories: u64,
    /// Counts the changes of this entry; a write can demand "still this version".
    pub version: u64,
    /// Bytes that it takes with all its copies; for a directory the sum over the files below it.
    pub space: u64,
    /// Names the entry for ever: it is never used twice, and a rename keeps it. [`EntryId::UNKNOWN`] in results of calls that
    /// do not carry it.
    pub id: EntryId,
}

/// A change of attributes; what is none stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeChange {
    /// Permission bits, up to `0o7777`. For the owner and the superuser to set.
    pub mode: Option<u16>,
    /// For the superuser to set.
    pub owner: Option<String>,
    /// For the superuser to set; the owner may set the group of his own name.
    pub group: Option<String>,
    /// For the owner and the superuser to set.
    pub modified: Option<Timestamp>,
    /// Everything below a directory, too, in one step or not at all.
    pub recursive: bool,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub stat: Stat,
}

/// What a delete took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    pub files: u64,
    /// Directories, with the deleted one itself.
    pub directories: u64,
    pub bytes: u64,
}
