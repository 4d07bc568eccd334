//! The error that crosses the wire and reaches the prompt.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Shorthand for results of dfs calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in one word that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    NotFound,
    AlreadyExists,
    NotADirectory,
    IsADirectory,
    NotEmpty,
    InvalidPath,
    InvalidArgument,
    PermissionDenied,
    Unauthenticated,
    FileLocked,
    QuotaExceeded,
    InsufficientDatanodes,
    NoHealthyReplica,
    ChecksumMismatch,
    SafeMode,
    NotLeader,
    Unreachable,
    Timeout,
    Interrupted,
    Usage,
    LocalIo,
    Unsupported,
    Internal,
}

/// The hint of a `safe_mode` that only a person ends: there is no point in trying again.
pub const SAFE_MODE_HELD: &str = "safemode leave ends it";

/// The hint of a `timeout` of a write that was given up: only a new write helps, not the same call again.
pub const WRITE_AGAIN: &str = "write it again";

impl ErrorCode {
    /// Every code, for docs and tests.
    pub const ALL: [ErrorCode; 23] = [
        Self::NotFound,
        Self::AlreadyExists,
        Self::NotADirectory,
        Self::IsADirectory,
        Self::NotEmpty,
        Self::InvalidPath,
        Self::InvalidArgument,
        Self::PermissionDenied,
        Self::Unauthenticated,
        Self::FileLocked,
        Self::QuotaExceeded,
        Self::InsufficientDatanodes,
        Self::NoHealthyReplica,
        Self::ChecksumMismatch,
        Self::SafeMode,
        Self::NotLeader,
        Self::Unreachable,
        Self::Timeout,
        Self::Interrupted,
        Self::Usage,
        Self::LocalIo,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::NotADirectory => "not_a_directory",
            Self::IsADirectory => "is_a_directory",
            Self::NotEmpty => "not_empty",
            Self::InvalidPath => "invalid_path",
            Self::InvalidArgument => "invalid_argument",
            Self::PermissionDenied => "permission_denied",
            Self::Unauthenticated => "unauthenticated",
            Self::FileLocked => "file_locked",
            Self::QuotaExceeded => "quota_exceeded",
            Self::InsufficientDatanodes => "insufficient_datanodes",
            Self::NoHealthyReplica => "no_healthy_replica",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::SafeMode => "safe_mode",
            Self::NotLeader => "not_leader",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::Usage => "usage",
            Self::LocalIo => "local_io",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    /// The exit code of a process that ends with this error.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Unreachable | Self::Timeout | Self::NotLeader => 3,
            Self::PermissionDenied | Self::Unauthenticated => 4,
            Self::NoHealthyReplica | Self::ChecksumMismatch => 5,
            Self::InsufficientDatanodes | Self::SafeMode | Self::QuotaExceeded | Self::FileLocked => 6,
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// A code that a process which ends so may have had.
    pub fn of_exit(code: u8) -> Self {
        Self::ALL.into_iter().find(|known| known.exit_code() == code).unwrap_or(Self::Internal)
    }

    /// Whether the same call may succeed a little later without anybody doing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::NotLeader | Self::Unreachable | Self::Timeout | Self::SafeMode)
    }
}

/// An error with what a person needs: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: ErrorCode,
    /// What is wrong, in lower case and without the path.
    pub message: String,
    /// The path (or id) that it is about.
    pub path: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, hint: None }
    }

    /// Whether the same call may succeed a little later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        self.code.is_transient() && !matches!(self.hint.as_deref(), Some(SAFE_MODE_HELD | WRITE_AGAIN))
    }

    /// The same error, about `path`.
    #[must_use]
    pub fn at(mut self, path: impl fmt::Display) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// The same error, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

impl From<crate::PathError> for Error {
    fn from(error: crate::PathError) -> Self {
        Self::new(ErrorCode::InvalidPath, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let names: std::collections::BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }
}
