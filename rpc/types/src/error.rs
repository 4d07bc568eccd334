//! The error type that crosses the wire and that the shell prints.

use crate::Detail;
use std::fmt;
use strum::{IntoStaticStr, VariantArray};

/// Shorthand for results of dfs calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error. Its name is stable: scripts may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
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

impl ErrorCode {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the exit code of a process that ends with this error.
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

    /// Returns a code of an error with which a process exits with `code`.
    pub fn of_exit(code: u8) -> Self {
        Self::VARIANTS.iter().copied().find(|known| known.exit_code() == code).unwrap_or(Self::Internal)
    }

    /// Returns true if a retry of the same call may succeed a little later without intervention.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::NotLeader | Self::Unreachable | Self::Timeout | Self::SafeMode)
    }
}

/// An error with the information that a person needs: what is wrong, where, and what to do.
///
/// Between processes, the message and the place are sent, as data ([`Detail`]) where available.
/// Hints are not sent: each interface writes its own, since the advice depends on the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: ErrorCode,
    /// The description of the error, in lower case and without the path.
    pub message: String,
    /// The path or id that the error is about.
    pub path: Option<String>,
    /// The data that the message was made from; boxed because most results are not errors.
    pub detail: Option<Box<Detail>>,
    /// Advice on how to resolve the error.
    pub hint: Option<String>,
}

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, detail: None, hint: None }
    }

    /// Creates an error whose message is made from data.
    pub fn of(code: ErrorCode, detail: Detail) -> Self {
        Self { code, message: detail.to_string(), path: None, detail: Some(Box::new(detail)), hint: None }
    }

    /// Returns true if a retry of the same call may succeed a little later without intervention.
    pub fn is_transient(&self) -> bool {
        let ended_by_a_person =
            matches!(self.detail.as_deref(), Some(Detail::SafeModeHeld { .. } | Detail::WriteGivenUp));
        self.code.is_transient() && !ended_by_a_person
    }

    /// Returns the same error with the path set to `path`.
    #[must_use]
    pub fn at(mut self, path: impl fmt::Display) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// Returns the same error with a hint.
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
        let names: std::collections::BTreeSet<_> = ErrorCode::VARIANTS.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::VARIANTS.len());
    }

    #[test]
    fn a_state_that_only_a_user_ends_is_not_retried() {
        let held = Detail::SafeModeHeld { by: "ann".to_owned(), reason: String::new() };
        assert!(!Error::of(ErrorCode::SafeMode, held).is_transient());
        assert!(!Error::of(ErrorCode::Timeout, Detail::WriteGivenUp).is_transient());
        assert!(Error::of(ErrorCode::SafeMode, Detail::MasterDiskFull).is_transient());
    }
}
