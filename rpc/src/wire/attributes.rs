//! Wire twins of the attributes of files and directories.

use super::twin::{Twin, plain_twin};
use dfs_types::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

plain_twin! {
    /// The twin of [`dfs_types::Kind`].
    Kind of dfs_types::Kind { File, Directory }
}

/// The twin of [`dfs_types::Stat`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat<'a> {
    pub kind: Kind,
    pub size: u64,
    pub modified: Timestamp,
    pub created: Timestamp,
    pub owner: Cow<'a, str>,
    pub group: Cow<'a, str>,
    pub mode: u16,
    pub replication: u8,
    pub chunk_size: u32,
    pub chunks: u64,
    pub files: u64,
    pub directories: u64,
    pub version: u64,
    pub space: u64,
}

impl Twin for dfs_types::Stat {
    type Wire<'a> = Stat<'a>;
}

impl<'a> From<&'a dfs_types::Stat> for Stat<'a> {
    fn from(stat: &'a dfs_types::Stat) -> Self {
        let dfs_types::Stat { owner, group, .. } = stat;
        Self::with_names(stat, owner.into(), group.into())
    }
}

impl From<dfs_types::Stat> for Stat<'static> {
    fn from(mut stat: dfs_types::Stat) -> Self {
        let (owner, group) = (std::mem::take(&mut stat.owner), std::mem::take(&mut stat.group));
        Self::with_names(&stat, owner.into(), group.into())
    }
}

impl<'a> Stat<'a> {
    /// Creates the twin of `stat`, with the names given separately.
    fn with_names(stat: &dfs_types::Stat, owner: Cow<'a, str>, group: Cow<'a, str>) -> Self {
        let dfs_types::Stat {
            kind,
            size,
            modified,
            created,
            owner: _,
            group: _,
            mode,
            replication,
            chunk_size,
            chunks,
            files,
            directories,
            version,
            space,
            // Sent since version 9, in `StatV9`.
            id: _,
        } = *stat;
        Self {
            kind: kind.into(),
            size,
            modified,
            created,
            owner,
            group,
            mode,
            replication,
            chunk_size,
            chunks,
            files,
            directories,
            version,
            space,
        }
    }
}

impl From<Stat<'_>> for dfs_types::Stat {
    fn from(stat: Stat<'_>) -> Self {
        let Stat {
            kind,
            size,
            modified,
            created,
            owner,
            group,
            mode,
            replication,
            chunk_size,
            chunks,
            files,
            directories,
            version,
            space,
        } = stat;
        Self {
            kind: kind.into(),
            size,
            modified,
            created,
            owner: owner.into_owned(),
            group: group.into_owned(),
            mode,
            replication,
            chunk_size,
            chunks,
            files,
            directories,
            version,
            space,
            id: EntryId::UNKNOWN,
        }
    }
}

/// The twin of [`dfs_types::Entry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    pub name: Cow<'a, str>,
    pub stat: Stat<'a>,
}

impl Twin for dfs_types::Entry {
    type Wire<'a> = Entry<'a>;
}

impl<'a> From<&'a dfs_types::Entry> for Entry<'a> {
    fn from(entry: &'a dfs_types::Entry) -> Self {
        let dfs_types::Entry { name, stat } = entry;
        Self { name: name.into(), stat: stat.into() }
    }
}

impl From<Entry<'_>> for dfs_types::Entry {
    fn from(entry: Entry<'_>) -> Self {
        let Entry { name, stat } = entry;
        Self { name: name.into_owned(), stat: stat.into() }
    }
}

/// The twin of [`dfs_types::AttributeChange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    pub mode: Option<u16>,
    pub owner: Option<String>,
    pub group: Option<String>,
    pub modified: Option<Timestamp>,
    pub recursive: bool,
}

impl From<dfs_types::AttributeChange> for AttributeChange {
    fn from(change: dfs_types::AttributeChange) -> Self {
        let dfs_types::AttributeChange { mode, owner, group, modified, recursive } = change;
        Self { mode, owner, group, modified, recursive }
    }
}

impl From<AttributeChange> for dfs_types::AttributeChange {
    fn from(change: AttributeChange) -> Self {
        let AttributeChange { mode, owner, group, modified, recursive } = change;
        Self { mode, owner, group, modified, recursive }
    }
}

/// The twin of [`dfs_types::Deleted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
}

impl From<dfs_types::Deleted> for Deleted {
    fn from(deleted: dfs_types::Deleted) -> Self {
        let dfs_types::Deleted { files, directories, bytes } = deleted;
        Self { files, directories, bytes }
    }
}

impl From<Deleted> for dfs_types::Deleted {
    fn from(deleted: Deleted) -> Self {
        let Deleted { files, directories, bytes } = deleted;
        Self { files, directories, bytes }
    }
}
