//! [`ClientService`] on one connection: every call is made in the name of the user whose certificate opened it.

use crate::master::state::Master;
use bytes::Bytes;
use dfs_rpc::board::BoardVersion;
use dfs_rpc::client::{
    Blocked, ChunkStatus, ClientService, ClusterStatus, CommitWrite, Committed, Find, FolderTraffic, FoundPage,
    ListFolder, ListPage, NodeStatus, PlanRead, PlanWrite, ReadPlan, SafeModeChange, WritePlan,
};
use dfs_types::{AttributeChange, ChunkId, DatanodeId, Deleted, DfsPath, Duty, RequestId, Result, Stat, WriteId};
use std::sync::Arc;
use std::time::Duration;
use tarpc::context::Context;
use tokio::time::Instant;

/// How long a plan waits for datanodes that are expected, before the client is told to ask again.
const DATANODES_WAIT: Duration = Duration::from_secs(5);

/// Until when a call may wait for datanodes: for [`DATANODES_WAIT`], and for half of its time at most, so that the caller
/// still hears the answer.
fn wait_until(context: &Context) -> Instant {
    let now = std::time::Instant::now();
    let left = context.deadline.saturating_duration_since(now);
    Instant::from_std(now + DATANODES_WAIT.min(left / 2))
}

/// The calls of one user.
#[derive(Debug, Clone)]
pub struct UserCalls {
    pub master: Arc<Master>,
    pub user: Arc<str>,
}

impl ClientService for UserCalls {
    async fn ping(self, _: Context) {}

    async fn whoami(self, _: Context) -> Result<String> {
        Ok(self.user.to_string())
    }

    async fn mkdir(self, _: Context, request: RequestId, path: DfsPath, parents: bool) -> Result<()> {
        self.master.mkdir(&self.user, request, path, parents).await
    }

    async fn rename(self, _: Context, request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()> {
        self.master.rename(&self.user, request, from, to, overwrite).await
    }

    async fn delete(self, _: Context, request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted> {
        self.master.delete(&self.user, request, path, recursive).await
    }

    async fn plan_write(self, context: Context, plan: PlanWrite) -> Result<WritePlan> {
        self.master.plan_write(&self.user, plan, wait_until(&context)).await
    }

    async fn renew_write(self, _: Context, write: WriteId) -> Result<()> {
        self.master.renew_write(&self.user, write)
    }

    async fn abandon_write(self, _: Context, write: WriteId) -> Result<()> {
        self.master.abandon_write(&self.user, write)
    }

    async fn commit_write(self, _: Context, commit: CommitWrite) -> Result<Committed> {
        self.master.commit_write(&self.user, commit).await
    }

    async fn plan_read(self, context: Context, plan: PlanRead) -> Result<ReadPlan> {
        self.master.plan_read(&self.user, &plan, wait_until(&context)).await
    }

    async fn stat(self, _: Context, path: DfsPath) -> Result<Stat> {
        self.master.stat(&self.user, &path)
    }

    async fn list(self, _: Context, list: ListFolder) -> Result<ListPage> {
        self.master.list(&self.user, &list)
    }

    async fn status(self, _: Context) -> Result<ClusterStatus> {
        Ok(self.master.status())
    }

    async fn nodes(self, _: Context) -> Result<Vec<NodeStatus>> {
        Ok(self.master.nodes())
    }

    async fn chunk(self, _: Context, chunk: ChunkId) -> Result<ChunkStatus> {
        self.master.chunk(&self.user, chunk).await
    }

    async fn report_damage(self, _: Context, node: DatanodeId, capability: Bytes) -> Result<()> {
        self.master.report_damage(&self.user, node, &capability)
    }

    async fn set_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        change: AttributeChange,
    ) -> Result<()> {
        self.master.set_attributes(&self.user, request, path, change).await
    }

    async fn find(self, _: Context, find: Find) -> Result<FoundPage> {
        self.master.find(&self.user, &find)
    }

    async fn set_replication(self, _: Context, request: RequestId, path: DfsPath, replication: u8) -> Result<u32> {
        self.master.set_replication(&self.user, request, path, replication).await
    }

    async fn blocked(self, _: Context, path: DfsPath) -> Result<Blocked> {
        self.master.blocked(&self.user, &path)
    }

    async fn set_duty(self, _: Context, request: RequestId, node: DatanodeId, duty: Duty) -> Result<()> {
        self.master.set_duty(&self.user, request, node, duty).await
    }

    async fn check_duty(self, _: Context, node: DatanodeId, duty: Duty) -> Result<()> {
        self.master.check_duty(&self.user, node, duty).await.map(drop)
    }

    async fn board(self, _: Context, since: Option<BoardVersion>) -> Result<Bytes> {
        self.master.board(since)
    }

    async fn traffic(self, _: Context, path: DfsPath) -> Result<FolderTraffic> {
        self.master.traffic(&self.user, &path)
    }

    async fn set_safe_mode(self, _: Context, change: SafeModeChange) -> Result<()> {
        self.master.set_safe_mode(&self.user, change)
    }
}
