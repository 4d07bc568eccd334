//! Implements [`AdminService`] for one user.

use super::user::UserCalls;
use super::{admin_state, safe_mode};
use dfs_rpc::services::AdminService;
use dfs_rpc::wire::{AdminState, Result, SafeModeChange};
use dfs_types::{DatanodeId, RequestId};
use tarpc::context::Context;

impl AdminService for UserCalls {
    async fn set_admin_state(
        self,
        _: Context,
        request: RequestId,
        node: DatanodeId,
        admin_state: AdminState,
    ) -> Result<()> {
        Ok(admin_state::set_admin_state(&self.master, &self.user, request, node, admin_state.into()).await?)
    }

    async fn check_admin_state(self, _: Context, node: DatanodeId, admin_state: AdminState) -> Result<()> {
        admin_state::check_admin_state(&self.master, node, admin_state.into()).await?;
        Ok(())
    }

    async fn set_safe_mode(self, _: Context, change: SafeModeChange) -> Result<()> {
        Ok(safe_mode::set_safe_mode(&self.master, &self.user, change)?)
    }
}
