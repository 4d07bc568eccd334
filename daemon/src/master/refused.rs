//! From what the inside refuses with to what people read. The only place that does.

use super::raft::proposer::ProposeError;
use dfs_logic::command::Refusal;
use dfs_logic::writes;
use dfs_types::{Detail, DfsPath, Error, ErrorCode, Leader, MasterId};
use std::fmt;

/// The error for a refusal about `what`, which is a path or a datanode.
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

/// The error for a refused move or copy: some refusals are about where it goes.
pub fn refused_move(refusal: Refusal, from: &DfsPath, to: &DfsPath) -> Error {
    match refusal {
        Refusal::AlreadyExists | Refusal::NotADirectory | Refusal::IsADirectory | Refusal::PathTooLong => {
            refused(refusal, to)
        }
        _ => refused(refusal, from),
    }
}

/// The error for a call about a write in flight.
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

/// The error for a command that was not applied, or may not have been.
pub fn proposal_failed(error: ProposeError) -> Error {
    match error {
        ProposeError::NotLeader { leader } => not_leader(leader),
        ProposeError::DiskFull => Error::of(ErrorCode::SafeMode, Detail::MasterDiskFull),
        ProposeError::Stopping => Error::new(ErrorCode::Unreachable, "the master is stopping"),
    }
}

/// The error of a master that does not lead.
pub fn not_leader(leader: Option<(u64, String)>) -> Error {
    let leader = leader.and_then(|(id, address)| Some(Leader { id: MasterId(u16::try_from(id).ok()?), address }));
    Error::of(ErrorCode::NotLeader, Detail::NotLeader { leader })
}

/// The error of a cluster in safe mode.
pub fn safe_mode(reason: String) -> Error {
    Error::of(ErrorCode::SafeMode, Detail::SafeMode { reason })
}

/// The error of a cluster that a person has put into safe mode.
pub fn held(by: &str, reason: &str) -> Error {
    let detail = Detail::SafeModeHeld { by: by.to_owned(), reason: reason.to_owned() };
    Error::of(ErrorCode::SafeMode, detail)
}

/// The error for a wrong argument.
pub fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, what)
}
