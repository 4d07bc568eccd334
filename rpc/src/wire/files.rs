//! Messages about names: pages of a directory, traffic.

use super::twin;
use dfs_types::{DfsPath, Entry};
use serde::{Deserialize, Serialize};

/// Requests a page of a directory. A file lists as itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDirectory {
    pub path: DfsPath,
    /// The page begins after this name.
    pub after: Option<String>,
    /// Only names that begin with this.
    pub prefix: String,
    /// 1 to [`ENTRIES_PER_PAGE_MAX`](crate::ENTRIES_PER_PAGE_MAX).
    pub limit: u32,
}

/// A page of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    #[serde(with = "twin::many")]
    pub entries: Vec<Entry>,
    /// True if there are names after the last of `entries`.
    pub more: bool,
}

/// Recent traffic below a directory, counted for the 4,096 busiest directories of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirectoryTraffic {
    /// The sum over the directory and all below it.
    pub whole: Traffic,
    /// The sum for each directory in it that has traffic, in the order of the bytes of the names.
    pub directories: Vec<(String, Traffic)>,
}

/// Bytes per second of file content, each byte counted once for all replicas; traffic of a minute
/// ago counts for a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    pub read: u64,
    pub written: u64,
}
