//! The attributes of an entry, as the tree holds them.

use super::sums::Sums;
use super::u48::U48;
use crate::state::principals::known::Principals;
use crate::state::principals::users::UserId;
use dfs_types::{EntryId, Kind, Layout, Stat, Timestamp};

/// The permission bits of a new directory.
pub(crate) const DIRECTORY_MODE: u16 = 0o755;
/// The permission bits that a mode may have.
pub(crate) const MODE_BITS: u16 = 0o7777;

/// The attributes that every entry has, and those of files, which pack better here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attrs {
    /// Never reused; a rename keeps it.
    pub(crate) id: EntryId,
    pub(super) created: U48,
    pub(super) modified: U48,
    pub(super) version: U48,
    /// The size of a file in bytes; 0 for a directory.
    pub(super) size: U48,
    pub(crate) owner: UserId,
    pub(crate) group: UserId,
    /// Chunk size in bytes; 0 for a directory.
    pub(crate) chunk_size: u32,
    pub(crate) mode: u16,
    /// None for a directory.
    pub(crate) layout: Option<Layout>,
}

/// The attributes of a file in 45 bytes without alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackedAttrs {
    id: U48,
    created: U48,
    modified: U48,
    version: U48,
    size: U48,
    owner: [u8; 4],
    group: [u8; 4],
    chunk_size: [u8; 4],
    mode: [u8; 2],
    pub(super) layout: Layout,
}

impl PackedAttrs {
    /// Packs the attributes of a file with this layout.
    pub(crate) fn of(attrs: Attrs, layout: Layout) -> Self {
        let Attrs { id, created, modified, version, size, owner, group, chunk_size, mode, .. } = attrs;
        let (owner, group) = (owner.0.to_le_bytes(), group.0.to_le_bytes());
        let (chunk_size, mode) = (chunk_size.to_le_bytes(), mode.to_le_bytes());
        Self { id: U48::clamped(id.0), created, modified, version, size, owner, group, chunk_size, mode, layout }
    }

    pub(crate) fn get(self) -> Attrs {
        let Self { id, created, modified, version, size, owner, group, chunk_size, mode, layout } = self;
        Attrs {
            id: EntryId(id.get()),
            created,
            modified,
            version,
            size,
            owner: UserId(u32::from_le_bytes(owner)),
            group: UserId(u32::from_le_bytes(group)),
            chunk_size: u32::from_le_bytes(chunk_size),
            mode: u16::from_le_bytes(mode),
            layout: Some(layout),
        }
    }
}

impl Attrs {
    /// Returns the attributes of a new directory.
    pub(crate) fn new(id: EntryId, owner: UserId, group: UserId, at: Timestamp, version: u64) -> Self {
        let (at, version) = (U48::clamped(at.0), U48::clamped(version));
        let (size, chunk_size, layout) = (U48::default(), 0, None);
        Self { id, created: at, modified: at, version, size, owner, group, chunk_size, mode: DIRECTORY_MODE, layout }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp(self.created.get())
    }

    pub(crate) fn set_created(&mut self, at: Timestamp) {
        self.created = U48::clamped(at.0);
    }

    pub(crate) fn modified(&self) -> Timestamp {
        Timestamp(self.modified.get())
    }

    pub(crate) fn set_modified(&mut self, at: Timestamp) {
        self.modified = U48::clamped(at.0);
    }

    /// Returns the number of the last command that changed the entry.
    pub(crate) fn version(&self) -> u64 {
        self.version.get()
    }

    pub(crate) fn set_version(&mut self, version: u64) {
        self.version = U48::clamped(version);
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.get()
    }

    /// Sets the size. The largest file has 65,536 chunks of less than 4 GiB, which fits.
    pub(crate) fn set_size(&mut self, bytes: u64) {
        self.size = U48::clamped(bytes);
    }

    /// Returns the number of replicas wanted of each chunk; 0 for a directory.
    pub(crate) fn replicas(&self) -> u8 {
        self.layout.map_or(0, Layout::replicas)
    }

    /// Returns the attributes as users see them.
    pub(crate) fn stat(&self, principals: &Principals, kind: Kind, sums: Sums, chunks: u64) -> Stat {
        Stat {
            kind,
            size: sums.bytes,
            modified: self.modified(),
            created: self.created(),
            owner: principals.name(self.owner).to_owned(),
            group: principals.name(self.group).to_owned(),
            id: self.id,
            mode: self.mode,
            replication: self.replicas(),
            chunk_size: self.chunk_size,
            chunks,
            files: if kind == Kind::File { 0 } else { sums.files },
            directories: sums.directories,
            version: self.version(),
            space: sums.replica_bytes,
        }
    }
}
