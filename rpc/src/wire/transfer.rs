//! Messages of writes and reads: plans, capabilities, commits.

use super::address::NodeAddress;
use super::twin;
use crate::capability::Receipt;
use bytes::Bytes;
use dfs_types::{ChunkId, ChunkRef, DatanodeId, DfsPath, Generation, RequestId, Stat, Timestamp, WriteId};
use serde::{Deserialize, Serialize};

/// Requests pipelines for the next chunks of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWrite {
    /// Drawn by the client for each put ([`next_write`](crate::request::next_write)). A plan with
    /// an id that the leader does not know begins the write.
    pub write: WriteId,
    pub path: DfsPath,
    /// True if the commit will replace an existing file.
    pub overwrite: bool,
    /// Replicas wanted; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// The number of chunks to plan: 1 to [`CHUNKS_PER_PLAN_MAX`](crate::CHUNKS_PER_PLAN_MAX).
    pub chunks: u32,
    /// Datanodes that failed this write.
    pub exclude: Vec<DatanodeId>,
    /// The write has had a plan before: it may go on with fewer datanodes than it had to begin
    /// with.
    pub begun: bool,
    /// Bytes of the whole file, where they are known: a write that begins and does not fit as a
    /// whole is refused.
    pub length: Option<u64>,
}

/// The answer to [`PlanWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritePlan {
    pub replication: u8,
    pub chunk_size: u32,
    /// Receipts needed per chunk at commit.
    pub replicas_min: u8,
    /// The interval at which the client must renew the write, in milliseconds.
    pub renew_ms: u64,
    pub chunks: Vec<PlannedChunk>,
}

/// A chunk to be written: its id, and the pipeline of datanodes that store it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChunk {
    pub id: ChunkId,
    pub generation: Generation,
    pub pipeline: Vec<NodeAddress>,
    /// A sealed [`Capability`](crate::capability::Capability) to write it.
    pub capability: Bytes,
}

/// A chunk with the receipts of the datanodes that stored it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedChunk {
    #[serde(with = "twin")]
    pub chunk: ChunkRef,
    pub receipts: Vec<Receipt>,
}

/// Commits written chunks as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitWrite {
    pub request: RequestId,
    /// The id in the plans. Chunks of the write that the commit does not name are deleted.
    pub write: WriteId,
    pub path: DfsPath,
    pub overwrite: bool,
    /// Replicas wanted; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// In the order of the file; at most [`CHUNKS_PER_FILE_MAX`](crate::CHUNKS_PER_FILE_MAX).
    pub chunks: Vec<CommittedChunk>,
    /// The time of the last change of the content; the time of the commit if none.
    pub modified: Option<Timestamp>,
    /// Permission bits; `0o644` if none.
    pub mode: Option<u16>,
}

/// The answer to [`CommitWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Committed {
    /// The file was committed.
    File(#[serde(with = "twin")] Stat),
    /// Nothing was changed: these chunks have lost replicas since they were written. The client
    /// must write them again, under new ids.
    Lost(Vec<ChunkId>),
}

/// Asks for the chunks of `offset..offset + length` of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRead {
    pub path: DfsPath,
    pub offset: u64,
    pub length: u64,
}

/// The answer to [`PlanRead`]: at most [`CHUNKS_PER_PLAN_MAX`](crate::CHUNKS_PER_PLAN_MAX) chunks,
/// from the one that holds `offset` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPlan {
    #[serde(with = "twin")]
    pub stat: Stat,
    pub chunks: Vec<LocatedChunk>,
}

/// A chunk and the datanodes that hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedChunk {
    #[serde(with = "twin")]
    pub chunk: ChunkRef,
    /// The offset of its first byte in the file, in bytes.
    pub offset: u64,
    /// Replicas on live datanodes, the best first, suspect ones last; empty when there is none.
    pub replicas: Vec<NodeAddress>,
    /// A sealed [`Capability`](crate::capability::Capability) to read it.
    pub capability: Bytes,
}
