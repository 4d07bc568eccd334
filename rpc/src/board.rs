//! The picture of the cluster that dashboards watch: whole at first, then what has changed.
//!
//! A master numbers its pictures ([`BoardVersion`]). Whoever says which one they have is sent the datanodes and events that
//! are newer, and the figures of the whole cluster, which are few; everybody else, everything. Any master answers, with
//! what it knows itself.

use crate::client::{ClusterStatus, NodeStatus};
use dfs_types::{DatanodeId, Error, ErrorCode, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// Which picture a dashboard has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardVersion {
    /// Drawn anew at each start of a master: pictures of different ones do not build on each other.
    pub epoch: u64,
    /// Rises with each picture.
    pub seq: u64,
}

/// A picture of the cluster, or what of it is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    pub version: BoardVersion,
    /// The picture that `nodes`, `gone` and `events` build on; none: they are all that there is.
    pub since: Option<BoardVersion>,
    pub status: ClusterStatus,
    /// Chunks by copies wanted and copies live, in rising order; empty before the first count.
    pub copies: Vec<CopyCount>,
    /// The log of the answering master.
    pub log: LogStatus,
    /// Datanodes of which something is new, in the order of their ids. Ages are those at `status.taken_at`.
    pub nodes: Vec<NodeStatus>,
    /// Datanodes that are no more.
    pub gone: Vec<DatanodeId>,
    /// What happened, the oldest first; at most [`EVENTS_KEPT_MAX`](crate::EVENTS_KEPT_MAX).
    pub events: Vec<Event>,
}

/// How many chunks want so many copies and have so many live ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyCount {
    pub wanted: u8,
    /// More than 255 count as 255.
    pub live: u8,
    pub chunks: u64,
}

/// The Raft log of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogStatus {
    /// Index of the last entry, of the last committed one, of the last applied one, and of the last in the newest snapshot.
    pub last: u64,
    pub committed: u64,
    pub applied: u64,
    pub snapshot: u64,
    /// Changes (commands) applied since its start; one entry holds many.
    pub changes: u64,
    /// Syncs since its start, the time of all of them and of the longest of the newest 64, in microseconds.
    pub syncs: u64,
    pub sync_us: u64,
    pub sync_us_max: u64,
    /// Elections since its start that it has seen end with a leader.
    pub elections: u64,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Rises by one with each event of a master.
    pub number: u64,
    pub at: Timestamp,
    pub severity: Severity,
    /// The datanode that it is about.
    pub node: Option<DatanodeId>,
    /// One sentence without its stop, for people: "is dead: not heard from for 10 s; 412 chunks lost a copy".
    pub text: String,
}

impl Board {
    /// Reads what [`ClientService::board`](crate::client::ClientService::board) answers. Memory stays in proportion to `bytes`.
    ///
    /// # Errors
    /// `internal` for bytes that are no picture, or have something behind it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(ErrorCode::Internal, format!("the master sent no picture of the cluster: {what}"))
        };
        match postcard::take_from_bytes::<Self>(bytes) {
            Ok((board, [])) => Ok(board),
            Ok((_, rest)) => Err(wrong(format!("{} stray bytes behind it", rest.len()))),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}
