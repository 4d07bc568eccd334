//! Implements [`AdminService`] for one user.

use super::user::UserCalls;
use super::{admin_state, safe_mode};
use dfs_rpc::services::AdminService;
use dfs_rpc::wire::{Duty, Result, SafeModeChange};
use dfs_types::{DatanodeId, RequestId};
use tarpc::context::Context;

impl AdminService for UserCalls {
    async fn set_duty(self, _: Context, request: RequestId, node: DatanodeId, duty: Duty) -> Result<()> {
        Ok(admin_state::set_duty(&self.master, &self.user, request, node, duty.into()).await?)
    }

    async fn check_duty(self, _: Context, node: DatanodeId, duty: Duty) -> Result<()> {
        admin_state::check_duty(&self.master, node, duty.into()).await?;
        Ok(())
    }

    async fn set_safe_mode(self, _: Context, change: SafeModeChange) -> Result<()> {
        Ok(safe_mode::set_safe_mode(&self.master, &self.user, change)?)
    }
}
