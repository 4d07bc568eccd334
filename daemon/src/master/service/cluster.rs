//! Implements [`ClusterService`] for one user.

use super::user::UserCalls;
use super::{chunk, status, view};
use crate::master::{convert, jobs};
use bytes::Bytes;
use dfs_rpc::services::ClusterService;
use dfs_rpc::view::ViewVersion;
use dfs_rpc::wire::{ChunkStatus, ClusterStatus, JobStatus, NodeStatus, Result};
use dfs_types::ChunkId;
use tarpc::context::Context;

impl ClusterService for UserCalls {
    async fn ping(self, _: Context) -> Result<()> {
        Ok(())
    }

    async fn whoami(self, _: Context) -> Result<String> {
        Ok(self.user.to_string())
    }

    async fn status(self, _: Context) -> Result<Box<ClusterStatus>> {
        Ok(Box::new(status::status(&self.master)))
    }

    async fn nodes(self, _: Context) -> Result<Vec<NodeStatus>> {
        Ok(status::nodes(&self.master))
    }

    async fn chunk(self, _: Context, chunk: ChunkId) -> Result<ChunkStatus> {
        Ok(chunk::chunk(&self.master, &self.user, chunk).await?)
    }

    async fn view(self, _: Context, since: Option<ViewVersion>) -> Result<Bytes> {
        Ok(view::view(&self.master, since)?)
    }

    async fn jobs(self, _: Context) -> Result<Vec<JobStatus>> {
        Ok(jobs::statuses(&self.master).into_iter().map(convert::job_status).collect())
    }
}
