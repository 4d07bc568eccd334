//! The details of an error as data: programs act on them, and each interface (shell, gateway, page)
//! derives its own advice from them.
//!
//! [`Display`](std::fmt::Display) gives the matching message, without advice and without names of
//! commands.

use crate::{ByteSize, DatanodeId, MasterId, format_duration};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// The data of an error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Detail {
    #[error("this master does not lead")]
    NotLeader { leader: Option<Leader> },
    /// The masters wait until the datanodes have reported.
    #[error("the cluster is in safe mode: {reason}")]
    SafeMode { reason: String },
    /// A user has put the cluster into safe mode; it lasts until a user ends it.
    #[error("{by} has put the cluster into safe mode{}", because(reason))]
    SafeModeHeld { by: String, reason: String },
    #[error("the cluster has not been set up")]
    NotSetUp,
    #[error("the master's disk is full")]
    MasterDiskFull,
    /// A retry of the same call cannot succeed; a new write can.
    #[error("the write was given up: it was abandoned, or not renewed in time")]
    WriteGivenUp,
    /// A limit on writes in flight is reached.
    #[error("{limit}")]
    TooManyWrites { limit: String },
    #[error("is not a valid user name")]
    BadUserName,
    #[error("a file can have at most {max} chunks; its chunk size is {}", ByteSize(*chunk_size))]
    TooManyChunks { max: u64, chunk_size: u64 },
    #[error("{chunks} chunks are too many to be committed at once")]
    CommitTooLarge { chunks: u64 },
    #[error("{0}")]
    TooFewDatanodes(TooFewDatanodes),
    #[error("{0}")]
    NoRoom(NoRoom),
    #[error("no such datanode")]
    UnknownDatanode,
    /// A datanode cannot be forgotten.
    #[error("{}; only a dead datanode can be forgotten", if *live { "is live" } else { "has missed its heartbeat, but is not declared dead yet" })]
    NotDead { live: bool },
    /// Without this datanode, too few of `all` would remain.
    #[error("without it only {} would be left; some files need {wanted} replicas", live_datanodes(*left))]
    DrainLeavesTooFew { left: u64, wanted: u64, all: u64 },
    #[error(
        "holds {}, but without it only {} would be left, with room for {}",
        ByteSize(*held),
        live_datanodes(*left),
        ByteSize(*free)
    )]
    DrainLeavesNoRoom { held: u64, free: u64, left: u64, all: u64 },
    #[error("no file references this chunk")]
    UnnamedChunk,
    /// No master can be reached; `last` is the outcome of the last attempt.
    #[error("{last} (attempt {attempts}, deadline {})", format_duration(Duration::from_millis(*limit_ms)))]
    MastersUnreachable { last: String, attempts: u32, limit_ms: u64 },
    /// A local file of this name exists.
    #[error("already exists")]
    LocalExists,
    /// A local disk is full. `part_kept`: the data fetched so far is kept, and the transfer can be
    /// resumed.
    #[error("{system}")]
    LocalDiskFull { system: String, part_kept: bool },
    /// A local file has a name that is reserved for partial downloads.
    #[error("has a name that is reserved for partial downloads")]
    PartName,
    /// A datanode has rejected an expired capability.
    #[error("{node}: the capability has expired")]
    CapabilityExpired { node: DatanodeId },
}

/// The current leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    pub id: MasterId,
    /// `HOST:PORT`; HOST is a name, an IPv4 address, or an IPv6 address in brackets.
    pub address: String,
}

/// Too few datanodes are available for a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFewDatanodes {
    pub replication: u8,
    pub needed: u64,
    pub live: u64,
    /// Datanodes that are expected to register; with them there would be enough.
    pub coming: Option<u64>,
    /// Datanodes that the writer has excluded because they failed.
    pub excluded: u64,
    /// Datanodes whose clock is too far ahead.
    pub ahead: Vec<DatanodeId>,
}

impl fmt::Display for TooFewDatanodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replication, needed, live, .. } = self;
        let is = if *live == 1 { "is" } else { "are" };
        write!(f, "replication {replication} needs {}; only {live} {is} live", live_datanodes(*needed))?;
        if self.excluded > 0 {
            write!(f, ", not counting {} that failed", self.excluded)?;
        }
        match self.ahead.as_slice() {
            [] => {}
            [one] => write!(f, ", not counting {one}, whose clock is too far ahead")?,
            [first, others @ ..] => {
                write!(f, ", not counting {first} and {} more, whose clocks are too far ahead", others.len())?;
            }
        }
        self.coming.map_or(Ok(()), |coming| write!(f, ", and {coming} more may still register"))
    }
}

/// There is too little space for a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    pub of: RoomFor,
    /// A sentence about the space that unfinished writes reserve.
    pub unfinished: Option<String>,
}

/// The object that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomFor {
    /// Fewer than `needed` live datanodes have room for one chunk of `bytes` bytes.
    Chunk { bytes: u64, needed: u64 },
    /// A file of `bytes` bytes with `replicas` replicas does not fit. All other fields except
    /// `datanodes` are bytes too.
    File { bytes: u64, replicas: u64, room: u64, free: u64, used: u64, kept_back: u64, datanodes: u64 },
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            RoomFor::Chunk { bytes, needed } => {
                let size = ByteSize(*bytes);
                write!(f, "fewer than {needed} live datanodes have room for a chunk of {size}")?;
            }
            RoomFor::File { bytes, replicas, room, free, used, kept_back, datanodes } => {
                let size = |bytes: &u64| ByteSize(*bytes).human();
                write!(
                    f,
                    "{} in {replicas} replicas do not fit: there is room for only {}; ",
                    size(bytes),
                    size(room)
                )?;
                // Each replica needs room on another datanode.
                let few = if *free >= bytes.saturating_mul(*replicas) { "but on too few of " } else { "on " };
                write!(f, "{} free {few}{datanodes} datanodes, {} used", size(free), size(used))?;
                if *kept_back > 0 {
                    write!(f, ", {} reserved or used by other programs", size(kept_back))?;
                }
            }
        }
        self.unfinished.as_ref().map_or(Ok(()), |held| write!(f, "; {held}"))
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Returns the number with the noun, such as "1 live datanode".
fn live_datanodes(count: u64) -> String {
    format!("{count} live datanode{}", if count == 1 { "" } else { "s" })
}
