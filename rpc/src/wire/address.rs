//! The address of a datanode.

use dfs_types::DatanodeId;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The address at which a datanode accepts data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeAddress {
    pub id: DatanodeId,
    pub address: SocketAddr,
}
