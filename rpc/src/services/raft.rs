//! The service for masters. Bodies are postcard of the consensus library's own messages, which only the masters know.

use crate::wire::Result;
use bytes::Bytes;

/// Calls of masters.
#[tarpc::service]
pub trait RaftService {
    /// Requests a vote.
    async fn vote(message: Bytes) -> Result<Bytes>;
    /// Sends log entries, or a heartbeat of the leader.
    async fn append(message: Bytes) -> Result<Bytes>;
    /// Sends a piece of a snapshot.
    async fn install_snapshot(message: Bytes) -> Result<Bytes>;
}
