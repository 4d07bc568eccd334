//! What can be wrong with the log.

use crate::format::other_version;
use dfs_logic::stored::StoredError;
use std::io;
use std::path::{Path, PathBuf};

/// Why the log cannot be opened or went out of service. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{action} {}: {source}", .path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "the master's log is damaged: {} at byte {offset}: {what}; nothing was changed: put this file back as it was last, \
         or restore the whole data directory from a backup",
        .path.display()
    )]
    Damaged { path: PathBuf, offset: u64, what: String },
    #[error(
        "a part of the master's data is missing: {}: {what}; nothing was changed: put this file back as it was last, \
         or restore the whole data directory from a backup",
        .path.display()
    )]
    Missing { path: PathBuf, what: String },
    #[error("{} {}", .path.display(), other_version(*found, *known))]
    Version { path: PathBuf, found: u32, known: u32 },
    #[error("{} holds a {source}", .path.display())]
    Stored { path: PathBuf, source: StoredError },
    #[error("{} belongs to another cluster", .path.display())]
    Foreign { path: PathBuf },
    #[error("an entry of {0} bytes is larger than a log segment may be")]
    TooLarge(usize),
    #[error("entry {found} was to be written where entry {expected} comes next")]
    Gap { expected: u64, found: u64 },
    #[error("the log is out of service since an earlier failure: {0}")]
    Failed(String),
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), offset, what: what.into() }
    }

    /// An entry that cannot be read: of another version, or damaged.
    pub(super) fn stored(path: &Path, offset: u64) -> impl Fn(StoredError) -> Self {
        move |source| match source {
            StoredError::Malformed { .. } => Self::damaged(path, offset, source.to_string()),
            source => Self::Stored { path: path.to_owned(), source },
        }
    }

    pub(super) fn missing(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Missing { path: path.into(), what: what.into() }
    }

    /// As an I/O error, for openraft.
    pub fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}
