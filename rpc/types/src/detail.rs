//! What is wrong, as data: programs act on it, and each surface (shell, gateway, page) makes its own advice from it.
//!
//! [`Display`](std::fmt::Display) gives the sentence that goes with it, without advice and without names of commands.

use crate::{ByteSize, DatanodeId, MasterId, format_duration};
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// The data of an error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Detail {
    #[error("this master does not lead")]
    NotLeader { leader: Option<Leader> },
    /// The masters wait for datanodes to report.
    #[error("the cluster is in safe mode: {reason}")]
    SafeMode { reason: String },
    /// A user has put the cluster into safe mode, and only a user ends it.
    #[error("{by} has put the cluster into safe mode{}", because(reason))]
    SafeModeHeld { by: String, reason: String },
    #[error("the cluster has not been set up")]
    NotSetUp,
    #[error("the master's disk is full")]
    MasterDiskFull,
    /// The same call will not succeed any more; a new write may.
    #[error("the write was given up: it was abandoned, or not renewed in time")]
    WriteGivenUp,
    /// A limit on writes in flight is reached.
    #[error("{limit}")]
    TooManyWrites { limit: String },
    #[error("is not the name of a user")]
    BadUserName,
    #[error("a file has at most {max} chunks, here of {}", ByteSize(*chunk_size))]
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
    #[error("{}; only a dead datanode can be forgotten", if *live { "is live" } else { "is not heard from, but not dead yet" })]
    NotDead { live: bool },
    /// Without this datanode too few would be left of `all`.
    #[error("without it {left} live datanodes would be left, too few for files with {wanted} copies")]
    DrainLeavesTooFew { left: u64, wanted: u64, all: u64 },
    #[error(
        "holds {}, and the {left} live datanodes that would be left have room for {}",
        ByteSize(*held),
        ByteSize(*free)
    )]
    DrainLeavesNoRoom { held: u64, free: u64, left: u64, all: u64 },
    #[error("no file names this chunk")]
    UnnamedChunk,
    /// No master can be reached; `last` is what the last one of them came to.
    #[error("{last} (attempt {attempts}, deadline {})", format_duration(Duration::from_millis(*limit_ms)))]
    MastersUnreachable { last: String, attempts: u32, limit_ms: u64 },
    /// A local file is in the way.
    #[error("exists already")]
    LocalExists,
    /// A local disk is full. `part_kept`: what was fetched until then is kept, and can be gone on with.
    #[error("{system}")]
    LocalDiskFull { system: String, part_kept: bool },
    /// A local file is named as those are in which unfinished gets are kept.
    #[error("has the name of a part file")]
    PartName,
    /// A datanode finds that a capability has expired.
    #[error("{node}: the capability has expired")]
    CapabilityExpired { node: DatanodeId },
}

/// The master that leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    pub id: MasterId,
    /// `HOST:PORT`; HOST is a name, an IPv4 address, or an IPv6 address in brackets.
    pub address: String,
}

/// Too few datanodes for a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFewDatanodes {
    pub replication: u8,
    pub needed: u64,
    pub live: u64,
    /// Those that may still come: with them there would be enough.
    pub coming: Option<u64>,
    /// Those that the writer has left out, since they failed.
    pub excluded: u64,
    /// Those whose clock is too far ahead.
    pub ahead: Vec<DatanodeId>,
}

impl fmt::Display for TooFewDatanodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replication, needed, live, .. } = self;
        write!(f, "replication {replication} needs {needed} live datanodes; {live} are live")?;
        if self.excluded > 0 {
            write!(f, ", without the {} that failed", self.excluded)?;
        }
        match self.ahead.as_slice() {
            [] => {}
            [one] => write!(f, ", without {one} whose clock is too far ahead")?,
            [first, others @ ..] => {
                write!(f, ", without {first} and {} more whose clock is too far ahead", others.len())?;
            }
        }
        self.coming.map_or(Ok(()), |coming| write!(f, ", and {coming} may still come"))
    }
}

/// No room for a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    pub of: Short,
    /// What unfinished writes hold of the space, in words.
    pub unfinished: Option<String>,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    /// Fewer than `needed` live datanodes have room for one chunk of so many bytes.
    Chunk { bytes: u64, needed: u64 },
    /// A file of so many bytes in so many replicas. All other figures are bytes too, but for `datanodes`.
    File { bytes: u64, replicas: u64, room: u64, free: u64, used: u64, kept_back: u64, datanodes: u64 },
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Short::Chunk { bytes, needed } => {
                let size = ByteSize(*bytes);
                write!(f, "fewer than {needed} live datanodes have room for a chunk of {size}")?;
            }
            Short::File { bytes, replicas, room, free, used, kept_back, datanodes } => {
                let size = |bytes: &u64| ByteSize(*bytes).human();
                let (bytes, room, free, used) = (size(bytes), size(room), size(free), size(used));
                write!(f, "{bytes} in {replicas} replicas do not fit: there is room for {room}; ")?;
                write!(f, "{free} free on {datanodes} datanodes, {used} used")?;
                if *kept_back > 0 {
                    write!(f, ", {} kept back or used by others", size(kept_back))?;
                }
            }
        }
        self.unfinished.as_ref().map_or(Ok(()), |held| write!(f, "; {held}"))
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
