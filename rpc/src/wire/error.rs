//! The wire twin of errors: code, path, and either text or data. Hints are not sent.

use super::detail::Detail;
use super::twin::{Twin, plain_twin};
use serde::{Deserialize, Serialize};

/// The answer to a call that may fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The twin of [`dfs_types::Error`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: ErrorCode,
    pub path: Option<String>,
    pub what: What,
}

/// The content of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Words(String),
    Data(Box<Detail>),
}

plain_twin! {
    /// The twin of [`dfs_types::ErrorCode`].
    ErrorCode of dfs_types::ErrorCode {
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
}

impl Twin for dfs_types::Error {
    type Wire<'a> = Error;
}

impl From<dfs_types::Error> for Error {
    fn from(error: dfs_types::Error) -> Self {
        let dfs_types::Error { code, message, path, detail, hint: _ } = error;
        let what = detail.map_or(What::Words(message), |detail| What::Data(Box::new((*detail).into())));
        Self { code: code.into(), path, what }
    }
}

impl From<&dfs_types::Error> for Error {
    fn from(error: &dfs_types::Error) -> Self {
        error.clone().into()
    }
}

impl From<Error> for dfs_types::Error {
    fn from(error: Error) -> Self {
        let Error { code, path, what } = error;
        let plain = match what {
            What::Words(message) => Self::new(code.into(), message),
            What::Data(detail) => Self::of(code.into(), (*detail).into()),
        };
        Self { path, ..plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::ErrorCode as Code;

    #[test]
    fn data_crosses_and_hints_do_not() {
        let leader = dfs_types::Leader { id: dfs_types::MasterId(2), address: "[::1]:7000".to_owned() };
        let detail = dfs_types::Detail::NotLeader { leader: Some(leader) };
        for error in [
            dfs_types::Error::of(Code::NotLeader, detail).hint("ask master-2"),
            dfs_types::Error::new(Code::NotFound, "no such file").at("/a").hint("look"),
        ] {
            let bytes = postcard::to_stdvec(&Error::from(&error)).expect("encoded");
            let back: Error = postcard::from_bytes(&bytes).expect("decoded");
            assert_eq!(dfs_types::Error::from(back), dfs_types::Error { hint: None, ..error });
        }
    }
}
