//! Messages of copies inside the cluster, and of attributes `user.*`.

use dfs_types::{DfsPath, RequestId};
use serde::{Deserialize, Serialize};

/// Copies a file or directory inside the cluster. The copy names the same chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyEntry {
    pub request: RequestId,
    pub from: DfsPath,
    pub to: DfsPath,
    /// Copies directories, with all below them.
    pub recursive: bool,
    /// Lets files replace files, and copies into directories that exist.
    pub overwrite: bool,
    /// The copy goes on behind this path in `from`: `next` of the call before.
    pub after: Option<DfsPath>,
}

/// The answer to [`CopyEntry`]: the sums over the entries that this call has copied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Copied {
    pub files: u64,
    pub directories: u64,
    /// Bytes of the copied files. None of them was moved.
    pub bytes: u64,
    /// The `after` of the next call; none when all is copied.
    pub next: Option<DfsPath>,
}

/// An attribute `user.*`: its name and its value.
pub type UserAttribute = (String, Vec<u8>);

/// A change of an attribute `user.*`: its name, and its new value; none removes it.
pub type UserAttributeChange = (String, Option<Vec<u8>>);
