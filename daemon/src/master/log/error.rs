//! What can be wrong with the log.

use std::io;
use std::path::{Path, PathBuf};

/// Why the log cannot be opened or went out of service. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{action} {}: {source}", .path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "the master's log is damaged: {} at byte {offset}: {what}. Nothing was changed. Bring \
         this file back as it was last: an older copy would hand out chunk ids twice. Where other masters run, empty the \
         data folder of this one instead, and it is filled again from a peer",
        .path.display()
    )]
    Damaged { path: PathBuf, offset: u64, what: String },
    #[error("{} is of format version {found}; this build reads version {known}", .path.display())]
    Version { path: PathBuf, found: u32, known: u32 },
    #[error("{} belongs to another cluster", .path.display())]
    Foreign { path: PathBuf },
    #[error("an entry of {0} bytes is larger than a log segment may be")]
    TooLarge(usize),
    #[error("entry {found} was to be written where entry {expected} comes next")]
    Gap { expected: u64, found: u64 },
    #[error("the log is out of service since an earlier failure: {0}")]
    Failed(String),
}

impl LogError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), offset, what: what.into() }
    }

    /// As an I/O error, for openraft.
    pub fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}
