//! Implements [`FileService`] for one user.

use super::user::{UserCalls, wait_until};
use super::{copies, names, read, search, write};
use crate::master::unfinished;
use bytes::Bytes;
use dfs_rpc::services::FileService;
use dfs_rpc::wire::{
    AttributeChange, Blocked, CommitWrite, Committed, Copied, CopyEntry, Deleted, DirectoryTraffic, Find, FoundPage,
    ListDirectory, ListPage, ListPageV9, PlanRead, PlanWrite, ReadPlan, Result, Stat, StatV9, UserAttribute,
    UserAttributeChange, WritePlan,
};
use dfs_types::{DatanodeId, DfsPath, RequestId, WriteId};
use tarpc::context::Context;

impl FileService for UserCalls {
    async fn mkdir(self, _: Context, request: RequestId, path: DfsPath, parents: bool) -> Result<()> {
        Ok(names::mkdir(&self.master, &self.user, request, path, parents).await?)
    }

    async fn rename(self, _: Context, request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()> {
        Ok(names::rename(&self.master, &self.user, request, from, to, overwrite).await?)
    }

    async fn delete(self, _: Context, request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted> {
        Ok(names::delete(&self.master, &self.user, request, path, recursive).await?.into())
    }

    async fn plan_write(self, context: Context, plan: PlanWrite) -> Result<WritePlan> {
        Ok(write::plan_write(&self.master, &self.user, plan, wait_until(&context)).await?)
    }

    async fn renew_write(self, _: Context, write: WriteId) -> Result<()> {
        Ok(unfinished::renew_write(&self.master, &self.user, write)?)
    }

    async fn abandon_write(self, _: Context, write: WriteId) -> Result<()> {
        Ok(unfinished::abandon_write(&self.master, &self.user, write)?)
    }

    async fn commit_write(self, _: Context, commit: CommitWrite) -> Result<Committed> {
        Ok(write::commit_write(&self.master, &self.user, commit).await?)
    }

    async fn plan_read(self, context: Context, plan: PlanRead) -> Result<ReadPlan> {
        Ok(read::plan_read(&self.master, &self.user, &plan, wait_until(&context)).await?)
    }

    async fn stat(self, _: Context, path: DfsPath) -> Result<Stat<'static>> {
        Ok(names::stat(&self.master.published, &self.user, &path)?.into())
    }

    async fn list(self, _: Context, list: ListDirectory) -> Result<ListPage> {
        Ok(names::list(&self.master.published, &self.user, &list)?)
    }

    async fn report_corrupt(self, _: Context, node: DatanodeId, capability: Bytes) -> Result<()> {
        Ok(read::report_corrupt(&self.master, &self.user, node, &capability)?)
    }

    async fn set_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        change: AttributeChange,
    ) -> Result<()> {
        Ok(names::set_attributes(&self.master, &self.user, request, path, change.into()).await?)
    }

    async fn find(self, _: Context, find: Find) -> Result<FoundPage> {
        Ok(search::find(&self.master, &self.user, &find)?)
    }

    async fn set_replication(self, _: Context, request: RequestId, path: DfsPath, replication: u8) -> Result<u32> {
        Ok(names::set_replication(&self.master, &self.user, request, path, replication).await?)
    }

    async fn blocked(self, _: Context, path: DfsPath) -> Result<Blocked> {
        Ok(names::blocked(&self.master, &self.user, &path)?)
    }

    async fn traffic(self, _: Context, path: DfsPath) -> Result<DirectoryTraffic> {
        Ok(read::traffic(&self.master, &self.user, &path)?)
    }

    async fn stat_v9(self, _: Context, path: DfsPath) -> Result<StatV9<'static>> {
        Ok(names::stat(&self.master.published, &self.user, &path)?.into())
    }

    async fn list_v9(self, _: Context, list: ListDirectory) -> Result<ListPageV9> {
        Ok(names::list(&self.master.published, &self.user, &list)?.into())
    }

    async fn copy(self, _: Context, copy: CopyEntry) -> Result<Copied> {
        Ok(copies::copy(&self.master, &self.user, copy).await?)
    }

    async fn set_user_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        changes: Vec<UserAttributeChange>,
    ) -> Result<()> {
        Ok(copies::set_user_attributes(&self.master, &self.user, request, path, changes).await?)
    }

    async fn user_attributes(self, _: Context, path: DfsPath) -> Result<Vec<UserAttribute>> {
        Ok(copies::user_attributes(&self.master.published, &self.user, &path)?)
    }
}
