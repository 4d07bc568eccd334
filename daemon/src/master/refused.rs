//! Converts internal refusals to the errors that users see. No other module does.

use super::raft::proposer::ProposeError;
use dfs_logic::command::Refusal;
use dfs_logic::writes;
use dfs_types::{Detail, DfsPath, Error, ErrorCode, Leader, MasterId};
use std::fmt;

/// Returns the error for a refusal about `what`, which is a path or a datanode.
pub fn refused(refusal: Refusal, what: impl fmt::Display) -> Error {
    let code = match refusal {
        Refusal::NotFound | Refusal::NoSuchAttribute => ErrorCode::NotFound,
        Refusal::AlreadyExists => ErrorCode::AlreadyExists,
        Refusal::NotADirectory => ErrorCode::NotADirectory,
        Refusal::IsADirectory => ErrorCode::IsADirectory,
        Refusal::NotEmpty => ErrorCode::NotEmpty,
        Refusal::IntoItself
        | Refusal::Root
        | Refusal::ChunkInUse
        | Refusal::Malformed
        | Refusal::TooMany
        | Refusal::BadUserName
        | Refusal::TooManyCopies
        | Refusal::BadAttributeName
        | Refusal::AttributesTooLarge => ErrorCode::InvalidArgument,
        Refusal::PermissionDenied => ErrorCode::PermissionDenied,
        Refusal::TooLate => ErrorCode::Timeout,
        Refusal::PathTooLong => ErrorCode::InvalidPath,
        Refusal::NotInitialised => ErrorCode::SafeMode,
    };
    let detail = match refusal {
        Refusal::BadUserName => Detail::BadUserName,
        Refusal::TooLate => Detail::WriteGivenUp,
        Refusal::NotInitialised => Detail::NotSetUp,
        _ => return Error::new(code, refusal.to_string()).at(what),
    };
    Error::of(code, detail).at(what)
}

/// Returns the error for a refused move or copy: some refusals concern the destination, the others
/// the source.
pub fn refused_move(refusal: Refusal, from: &DfsPath, to: &DfsPath) -> Error {
    match refusal {
        Refusal::AlreadyExists | Refusal::NotADirectory | Refusal::IsADirectory | Refusal::PathTooLong => {
            refused(refusal, to)
        }
        _ => refused(refusal, from),
    }
}

/// Returns the error for a refused call about a write in flight.
pub fn write_refused(refused: writes::Refused) -> Error {
    use writes::Refused::{AllChunks, AllWrites, Foreign, GivenUp, Unknown, UserChunks, UserWrites};
    match refused {
        Unknown => Error::new(ErrorCode::NotFound, refused.to_string()),
        Foreign => Error::new(ErrorCode::PermissionDenied, refused.to_string()),
        GivenUp => Error::of(ErrorCode::Timeout, Detail::WriteGivenUp),
        UserWrites | UserChunks | AllWrites | AllChunks => {
            Error::of(ErrorCode::QuotaExceeded, Detail::TooManyWrites { limit: refused.to_string() })
        }
    }
}

/// Returns the error for a command that was not applied, or that may not have been applied.
pub fn proposal_failed(error: ProposeError) -> Error {
    match error {
        ProposeError::NotLeader { leader } => not_leader(leader),
        ProposeError::DiskFull => Error::of(ErrorCode::SafeMode, Detail::MasterDiskFull),
        ProposeError::Stopping => Error::new(ErrorCode::Unreachable, "the master is stopping"),
    }
}

/// Returns the error of a master that is not the leader.
pub fn not_leader(leader: Option<(u64, String)>) -> Error {
    let leader = leader.and_then(|(id, address)| Some(Leader { id: MasterId(u16::try_from(id).ok()?), address }));
    Error::of(ErrorCode::NotLeader, Detail::NotLeader { leader })
}

/// Returns the error of a cluster in safe mode.
pub fn safe_mode(reason: String) -> Error {
    Error::of(ErrorCode::SafeMode, Detail::SafeMode { reason })
}

/// Returns the error of a cluster in a safe mode that a user has entered.
pub fn held(by: &str, reason: &str) -> Error {
    let detail = Detail::SafeModeHeld { by: by.to_owned(), reason: reason.to_owned() };
    Error::of(ErrorCode::SafeMode, detail)
}

/// Returns the error for an invalid argument.
pub fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, what)
}
