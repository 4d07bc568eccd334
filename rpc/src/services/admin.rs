//! The service for administration.

use crate::wire::{AdminState, Result, SafeModeChange};
use dfs_types::{DatanodeId, RequestId};

/// Calls of administrators.
#[tarpc::service]
pub trait AdminService {
    /// Enters safe mode, or leaves it, also the one at the start of a master.
    async fn set_safe_mode(change: SafeModeChange) -> Result<()>;
    /// Sets the admin state of a datanode: in service, draining, or removed. Refused, with nothing
    /// changed: a drain that would leave too few datanodes or too little room, and the removal of a
    /// datanode that is not dead.
    async fn set_admin_state(request: RequestId, node: DatanodeId, admin_state: AdminState) -> Result<()>;
    /// Returns the error with which `set_admin_state` would be refused now. Changes nothing.
    async fn check_admin_state(node: DatanodeId, admin_state: AdminState) -> Result<()>;
}
