//! From what the inside refuses with to what people read. The only place that does.

use super::raft::proposer::ProposeError;
use dfs_logic::command::Refusal;
use dfs_logic::writes;
use dfs_types::error::{SAFE_MODE_HELD, WRITE_AGAIN};
use dfs_types::{DfsPath, Error, ErrorCode};
use std::fmt;

/// The error for a refusal about `what`, which is a path or a datanode.
pub fn refused(refusal: Refusal, what: impl fmt::Display) -> Error {
    let code = match refusal {
        Refusal::NotFound => ErrorCode::NotFound,
        Refusal::AlreadyExists => ErrorCode::AlreadyExists,
        Refusal::NotADirectory => ErrorCode::NotADirectory,
        Refusal::IsADirectory => ErrorCode::IsADirectory,
        Refusal::NotEmpty => ErrorCode::NotEmpty,
        Refusal::IntoItself
        | Refusal::Root
        | Refusal::ChunkInUse
        | Refusal::Malformed
        | Refusal::TooMany
        | Refusal::BadUserName => ErrorCode::InvalidArgument,
        Refusal::PermissionDenied => ErrorCode::PermissionDenied,
        Refusal::TooLate => ErrorCode::Timeout,
        Refusal::PathTooLong => ErrorCode::InvalidPath,
        Refusal::NotInitialised => ErrorCode::SafeMode,
    };
    let error = Error::new(code, refusal.to_string()).at(what);
    match refusal {
        Refusal::NotEmpty => error.hint("rm -r deletes it with all that is in it"),
        Refusal::BadUserName => error.hint("1 to 64 of a-z A-Z 0-9 . _ - @, not beginning with - or ."),
        Refusal::TooLate => error.hint(WRITE_AGAIN),
        Refusal::NotInitialised => error.hint("start the first master of the cluster with a superuser"),
        _ => error,
    }
}

/// The error for a refused move: some refusals are about where it goes.
pub fn refused_move(refusal: Refusal, from: &DfsPath, to: &DfsPath) -> Error {
    match refusal {
        Refusal::AlreadyExists => refused(refusal, to).hint("mv -f replaces an existing file"),
        Refusal::NotADirectory | Refusal::IsADirectory | Refusal::IntoItself | Refusal::PathTooLong => {
            refused(refusal, to)
        }
        _ => refused(refusal, from),
    }
}

/// The error for a call about a write in flight.
pub fn write_refused(refused: writes::Refused) -> Error {
    use writes::Refused::{AllChunks, AllWrites, Foreign, GivenUp, Unknown, UserChunks, UserWrites};
    let error = |code| Error::new(code, refused.to_string());
    match refused {
        Unknown => error(ErrorCode::NotFound),
        Foreign => error(ErrorCode::PermissionDenied),
        GivenUp => error(ErrorCode::Timeout).hint(WRITE_AGAIN),
        UserWrites | UserChunks => error(ErrorCode::QuotaExceeded).hint("wait until some of them have ended"),
        AllWrites | AllChunks => {
            error(ErrorCode::QuotaExceeded).hint("wait until some of them have ended, and try again")
        }
    }
}

/// The error for a command that was not applied, or may not have been.
pub fn proposal_failed(error: ProposeError) -> Error {
    match error {
        ProposeError::NotLeader { leader } => not_leader(leader),
        ProposeError::DiskFull => Error::new(ErrorCode::SafeMode, "the master's disk is full")
            .hint("make room on the disk that holds the master's data folder; nothing else needs to be done"),
        ProposeError::Stopping => Error::new(ErrorCode::Unreachable, "the master is stopping"),
    }
}

/// The error of a master that does not lead.
pub fn not_leader(leader: Option<(u64, String)>) -> Error {
    let error = Error::new(ErrorCode::NotLeader, "this master does not lead");
    match leader {
        Some((id, address)) => error.hint(format!("master-{id} leads, at {address}")),
        None => error.hint("no master leads at the moment; wait for the election to end"),
    }
}

/// The error of a cluster in safe mode.
pub fn safe_mode(reason: &str) -> Error {
    Error::new(ErrorCode::SafeMode, format!("the cluster is in safe mode: {reason}"))
        .hint("wait for the datanodes to report, or start those that are missing")
}

/// The error of a cluster that a person has put into safe mode.
pub fn held(by: &str, reason: &str) -> Error {
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Error::new(ErrorCode::SafeMode, format!("{by} has put the cluster into safe mode{why}")).hint(SAFE_MODE_HELD)
}

/// The error for a wrong argument.
pub fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, what)
}
