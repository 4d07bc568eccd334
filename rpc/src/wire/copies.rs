//! Messages of copies inside the cluster, and of attributes `user.*`.

use dfs_types::{DfsPath, RequestId};
use serde::{Deserialize, Serialize};

/// Copies a file or directory inside the cluster. The copy names the same chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyEntry {
    pub request: RequestId,
    pub from: DfsPath,
    pub to: DfsPath,
    /// Directories are copied, with all below them.
    pub recursive: bool,
    /// Files replace files, and directories take what is copied into those that are there.
    pub overwrite: bool,
    /// Goes on behind this path in `from`: `next` of the call before.
    pub after: Option<DfsPath>,
}

/// The answer to [`CopyEntry`]: what this call has copied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Copied {
    pub files: u64,
    pub directories: u64,
    /// Bytes that the copied files have; none of them was moved.
    pub bytes: u64,
    /// The `after` of the next call; none when all is copied. What was copied so far stays.
    pub next: Option<DfsPath>,
}

/// An attribute `user.*`: its name and its value.
pub type UserAttribute = (String, Vec<u8>);

/// A change of an attribute `user.*`: its name, and its new value; none removes it.
pub type UserAttributeChange = (String, Option<Vec<u8>>);
