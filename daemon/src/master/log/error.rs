//! The errors of the log.

use crate::format::other_version;
use dfs_logic::stored::StoredError;
use std::io;
use std::path::{Path, PathBuf};

/// The reason why the log cannot be opened or is out of service. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{action} {}: {source}", .path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "the master's log is corrupt: {} at byte {offset}: {what}; nothing was changed: restore the newest version of this file, \
         or restore the whole data directory from a backup",
        .path.display()
    )]
    Corrupt { path: PathBuf, offset: u64, what: String },
    #[error(
        "a part of the master's data is missing: {}: {what}; nothing was changed: restore the newest version of this file, \
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
    #[error("an entry of {0} bytes does not fit in a log segment")]
    TooLarge(usize),
    #[error("entry {found} was to be written, but the next entry is {expected}")]
    Gap { expected: u64, found: u64 },
    #[error("the log is out of service because of an earlier failure: {0}")]
    Failed(String),
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn corrupt(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), offset, what: what.into() }
    }

    /// Returns the error for an entry that cannot be read: it is of another version, or corrupt.
    pub(super) fn stored(path: &Path, offset: u64) -> impl Fn(StoredError) -> Self {
        move |source| match source {
            StoredError::Malformed { .. } => Self::corrupt(path, offset, source.to_string()),
            source => Self::Stored { path: path.to_owned(), source },
        }
    }

    pub(super) fn missing(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Missing { path: path.into(), what: what.into() }
    }

    /// Converts the error to an I/O error, for openraft.
    pub fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}
