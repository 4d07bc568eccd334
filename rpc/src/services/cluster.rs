//! The service for the state of the cluster.

use crate::view::ViewVersion;
use crate::wire::{ChunkStatus, ClusterStatus, JobStatus, NodeStatus, Result};
use bytes::Bytes;
use dfs_types::ChunkId;

/// Calls of users about the cluster. They change nothing. Large values are boxed, which does not
/// change the wire format: each response has room for the largest.
#[tarpc::service]
pub trait ClusterService {
    /// Does nothing; measures the round trip and finds a live master.
    async fn ping() -> Result<()>;
    /// Returns the name of the calling user.
    async fn whoami() -> Result<String>;
    /// Returns the figures of the cluster.
    async fn status() -> Result<Box<ClusterStatus>>;
    /// Returns all datanodes that this master knows, in the order of their ids.
    async fn nodes() -> Result<Vec<NodeStatus>>;
    /// Returns one chunk, its replicas and its file.
    async fn chunk(chunk: ChunkId) -> Result<ChunkStatus>;
    /// Returns the view of the cluster for dashboards: the changes since the view of this version
    /// where this master still has that version, else all of it. The answer is a
    /// [`ClusterView`](crate::view::ClusterView) in postcard, encoded once for all callers that ask for the
    /// same.
    async fn view(since: Option<ViewVersion>) -> Result<Bytes>;
    /// Returns the background jobs of the leading master, in the order of their names. Since
    /// version 9.
    async fn jobs() -> Result<Vec<JobStatus>>;
}
