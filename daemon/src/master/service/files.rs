//! [`FileService`] in the name of one user.

use super::user::{UserCalls, wait_until};
use bytes::Bytes;
use dfs_rpc::services::FileService;
use dfs_rpc::wire::{
    AttributeChange, Blocked, CommitWrite, Committed, Copied, CopyEntry, Deleted, Find, FolderTraffic, FoundPage,
    ListFolder, ListPage, ListPageV9, PlanRead, PlanWrite, ReadPlan, Result, Stat, StatV9, UserAttribute,
    UserAttributeChange, WritePlan,
};
use dfs_types::{DatanodeId, DfsPath, RequestId, WriteId};
use tarpc::context::Context;

impl FileService for UserCalls {
    async fn mkdir(self, _: Context, request: RequestId, path: DfsPath, parents: bool) -> Result<()> {
        Ok(self.master.mkdir(&self.user, request, path, parents).await?)
    }

    async fn rename(self, _: Context, request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()> {
        Ok(self.master.rename(&self.user, request, from, to, overwrite).await?)
    }

    async fn delete(self, _: Context, request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted> {
        Ok(self.master.delete(&self.user, request, path, recursive).await?.into())
    }

    async fn plan_write(self, context: Context, plan: PlanWrite) -> Result<WritePlan> {
        Ok(self.master.plan_write(&self.user, plan, wait_until(&context)).await?)
    }

    async fn renew_write(self, _: Context, write: WriteId) -> Result<()> {
        Ok(self.master.renew_write(&self.user, write)?)
    }

    async fn abandon_write(self, _: Context, write: WriteId) -> Result<()> {
        Ok(self.master.abandon_write(&self.user, write)?)
    }

    async fn commit_write(self, _: Context, commit: CommitWrite) -> Result<Committed> {
        Ok(self.master.commit_write(&self.user, commit).await?)
    }

    async fn plan_read(self, context: Context, plan: PlanRead) -> Result<ReadPlan> {
        Ok(self.master.plan_read(&self.user, &plan, wait_until(&context)).await?)
    }

    async fn stat(self, _: Context, path: DfsPath) -> Result<Stat<'static>> {
        Ok(self.master.stat(&self.user, &path)?.into())
    }

    async fn list(self, _: Context, list: ListFolder) -> Result<ListPage> {
        Ok(self.master.list(&self.user, &list)?)
    }

    async fn report_damage(self, _: Context, node: DatanodeId, capability: Bytes) -> Result<()> {
        Ok(self.master.report_damage(&self.user, node, &capability)?)
    }

    async fn set_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        change: AttributeChange,
    ) -> Result<()> {
        Ok(self.master.set_attributes(&self.user, request, path, change.into()).await?)
    }

    async fn find(self, _: Context, find: Find) -> Result<FoundPage> {
        Ok(self.master.find(&self.user, &find)?)
    }

    async fn set_replication(self, _: Context, request: RequestId, path: DfsPath, replication: u8) -> Result<u32> {
        Ok(self.master.set_replication(&self.user, request, path, replication).await?)
    }

    async fn blocked(self, _: Context, path: DfsPath) -> Result<Blocked> {
        Ok(self.master.blocked(&self.user, &path)?)
    }

    async fn traffic(self, _: Context, path: DfsPath) -> Result<FolderTraffic> {
        Ok(self.master.traffic(&self.user, &path)?)
    }

    async fn stat_v9(self, _: Context, path: DfsPath) -> Result<StatV9<'static>> {
        Ok(self.master.stat(&self.user, &path)?.into())
    }

    async fn list_v9(self, _: Context, list: ListFolder) -> Result<ListPageV9> {
        Ok(self.master.list(&self.user, &list)?.into())
    }

    async fn copy(self, _: Context, copy: CopyEntry) -> Result<Copied> {
        Ok(self.master.copy(&self.user, copy).await?)
    }

    async fn set_user_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        changes: Vec<UserAttributeChange>,
    ) -> Result<()> {
        Ok(self.master.set_user_attributes(&self.user, request, path, changes).await?)
    }

    async fn user_attributes(self, _: Context, path: DfsPath) -> Result<Vec<UserAttribute>> {
        Ok(self.master.user_attributes(&self.user, &path)?)
    }
}
