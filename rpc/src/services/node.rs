//! The service for datanodes.

use crate::wire::{Heartbeat, HeartbeatReply, Register, Registered, ReportPage, Result};

/// Calls of datanodes. The caller is the datanode in the certificate. A datanode calls every
/// master.
#[tarpc::service]
pub trait NodeService {
    /// Registers the datanode: the first call on each connection. A full chunk report follows.
    async fn register(register: Register) -> Result<Registered>;
    /// Reports load and changes of replicas, every heartbeat interval, and at once when a replica
    /// changes. Heartbeats are applied one at a time, in the order sent.
    async fn heartbeat(heartbeat: Heartbeat) -> Result<HeartbeatReply>;
    /// Reports one page of all replicas, in rising order of keys.
    async fn chunk_report(page: ReportPage) -> Result<()>;
}
