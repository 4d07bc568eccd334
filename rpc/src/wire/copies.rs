//! Messages of copies inside the cluster, and of `user.*` attributes.

use dfs_types::{DfsPath, RequestId};
use serde::{Deserialize, Serialize};

/// Copies a file or directory inside the cluster. The copy references the same chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyEntry {
    pub request: RequestId,
    pub from: DfsPath,
    pub to: DfsPath,
    /// Copies directories with everything below them.
    pub recursive: bool,
    /// Lets files replace files, and copies into directories that exist.
    pub overwrite: bool,
    /// The copy continues after this path in `from`: `next` of the previous call.
    pub after: Option<DfsPath>,
}

/// The answer to [`CopyEntry`]: the sums over the entries that this call has copied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Copied {
    pub files: u64,
    pub directories: u64,
    /// Bytes of the copied files. Their content was not transferred.
    pub bytes: u64,
    /// The `after` of the next call; none when everything is copied.
    pub next: Option<DfsPath>,
}

/// A `user.*` attribute: its name and its value.
pub type UserAttribute = (String, Vec<u8>);

/// A change of a `user.*` attribute: its name, and its new value; none removes it.
pub type UserAttributeChange = (String, Option<Vec<u8>>);
