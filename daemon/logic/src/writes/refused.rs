//! The reasons why a call about a write is refused.

use super::{CHUNKS_MAX, CHUNKS_PER_USER_MAX, WRITES_MAX, WRITES_PER_USER_MAX};

/// A plan, a renewal or an abandonment was refused, and nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no such write is in flight")]
    Unknown,
    #[error("the write belongs to another user")]
    Foreign,
    #[error("the write was given up: it was abandoned, or not renewed in time")]
    GivenUp,
    #[error("this user has {WRITES_PER_USER_MAX} writes in flight, which is the maximum")]
    UserWrites,
    #[error("this user has {CHUNKS_PER_USER_MAX} chunks in writes in flight, which is the maximum")]
    UserChunks,
    #[error("{WRITES_MAX} writes are in flight, which is the maximum")]
    AllWrites,
    #[error("{CHUNKS_MAX} chunks are in writes in flight, which is the maximum")]
    AllChunks,
}
