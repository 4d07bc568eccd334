//! The errors of the chunk store.

use super::format::FormatError;
use crate::descriptors::Scarcity;
use crate::durable::LockError;
use dfs_logic::chunk_file::ChunkFileError;
use dfs_logic::durability::stage::WriteRefused;
use dfs_types::{DatanodeId, Error, ErrorCode};
use std::io;
use std::path::PathBuf;

/// The reason why a replica was not stored, read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no space left")]
    NoSpace,
    #[error("no data directory can be used")]
    NoDirectory,
    #[error("the chunk is not stored here")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] WriteRefused),
    #[error("this chunk and generation is being written already")]
    Busy,
    #[error("the replica is corrupt: {0}")]
    Corrupt(Corruption),
    #[error("{what}: {error}")]
    Io { what: &'static str, error: io::Error },
}

/// The reason why a replica is corrupt.
#[derive(Debug, thiserror::Error)]
pub enum Corruption {
    #[error("{0}")]
    Header(#[from] ChunkFileError),
    #[error("its header is of another chunk than its name")]
    Stranger,
    #[error("it has {found} of {expected} bytes")]
    Short { found: u64, expected: u64 },
    #[error("the checksum of block {0} does not match")]
    Block(usize),
    #[error("the disk cannot read it: {0}")]
    Disk(io::Error),
    #[error("its file is missing")]
    Gone,
}

impl Scarcity for StoreError {
    fn is_scarcity(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.is_scarcity())
    }
}

impl StoreError {
    /// Returns a function for `map_err`; `what` is the operation, as in "sync chunk".
    pub fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io { what, error },
        }
    }

    /// Converts the error to the form that is sent to peers.
    pub fn into_error(self, node: DatanodeId) -> Error {
        let code = match &self {
            Self::NoSpace | Self::NoDirectory | Self::Io { .. } => ErrorCode::LocalIo,
            Self::NotFound => ErrorCode::NotFound,
            Self::Refused(_) | Self::Busy => ErrorCode::AlreadyExists,
            Self::Corrupt(_) => ErrorCode::ChecksumMismatch,
        };
        Error::new(code, format!("{node}: {self}"))
    }
}

/// The reason why a data directory cannot be used. The datanode starts without it, if there are
/// others.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("data directory {}: {error}", directory.display())]
    Format { directory: PathBuf, error: FormatError },
    /// Names the entry, and not only the directory.
    #[error("data directory {}: {what} {}: {error}", directory.display(), path.display())]
    Io { directory: PathBuf, what: &'static str, path: PathBuf, error: io::Error },
    #[error("no data directory can be used: {}", list(.0))]
    None(Vec<OpenError>),
}

fn list(errors: &[OpenError]) -> String {
    errors.iter().map(OpenError::to_string).collect::<Vec<_>>().join("; ")
}

impl OpenError {
    /// Returns true if the datanode must not start at all: another process is using the directory.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Lock(LockError::InUse { .. }))
    }
}

impl Scarcity for OpenError {
    fn is_scarcity(&self) -> bool {
        match self {
            Self::Io { error, .. } | Self::Lock(LockError::Io { error, .. }) => error.is_scarcity(),
            Self::Format { error: FormatError::Io(error), .. } => error.is_scarcity(),
            _ => false,
        }
    }
}
