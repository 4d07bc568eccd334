//! The service for masters. Bodies are the consensus library's own messages in postcard, which only
//! masters can read.

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
