//! Names: making, moving, deleting, looking.

use super::write::check_replication;
use crate::master::convert::blocked;
use crate::master::refused::{refused, refused_move};
use crate::master::state::Master;
use dfs_logic::cluster::Event;
use dfs_logic::command::{FsOp, Outcome, Refusal};
use dfs_rpc::wire::{Blocked, ListFolder, ListPage};
use dfs_rpc::{CHANGED_PER_CALL_MAX, ENTRIES_PER_PAGE_MAX};
use dfs_types::principal::is_user_name;
use dfs_types::{AttributeChange, ChunkId, Deleted, DfsPath, Duty, Layout, RequestId, Result, Stat};

/// What clients are told of, and go by.
const _: () = assert!(CHANGED_PER_CALL_MAX == dfs_logic::state::CHANGED_MAX, "one bound, said in two places");

impl Master {
    pub(super) async fn mkdir(&self, user: &str, request: RequestId, path: DfsPath, parents: bool) -> Result<()> {
        let op = FsOp::Mkdir { path: path.clone(), parents };
        self.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
        Ok(())
    }

    pub(super) async fn rename(
        &self,
        user: &str,
        request: RequestId,
        from: DfsPath,
        to: DfsPath,
        overwrite: bool,
    ) -> Result<()> {
        let op = FsOp::Rename { from: from.clone(), to: to.clone(), overwrite };
        self.propose(request, user, op).await?.map_err(|refusal| refused_move(refusal, &from, &to))?;
        Ok(())
    }

    pub(super) async fn delete(
        &self,
        user: &str,
        request: RequestId,
        path: DfsPath,
        recursive: bool,
    ) -> Result<Deleted> {
        let op = FsOp::Delete { path: path.clone(), recursive };
        match self.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))? {
            Outcome::Deleted(deleted) => Ok(deleted),
            // Only where a request id of another command was used again.
            _ => Ok(Deleted::default()),
        }
    }

    pub(super) async fn set_attributes(
        &self,
        user: &str,
        request: RequestId,
        path: DfsPath,
        change: AttributeChange,
    ) -> Result<()> {
        let names = [&change.owner, &change.group];
        if let Some(name) = names.into_iter().flatten().find(|name| !is_user_name(name)) {
            return Err(refused(Refusal::BadUserName, &path).at(name));
        }
        let op = FsOp::SetAttributes { path: path.clone(), change };
        self.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
        Ok(())
    }

    pub(super) async fn set_replication(
        &self,
        user: &str,
        request: RequestId,
        path: DfsPath,
        replication: u8,
    ) -> Result<u32> {
        check_replication(replication)?;
        self.keep_drained(user, &path, replication);
        let op = FsOp::SetLayout { path: path.clone(), layout: Layout::Replicated { replicas: replication } };
        self.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
        self.observe(Event::LayoutChanged);
        let version = self.published.get();
        Ok(u32::try_from(self.cluster_state().nodes().serving(&version.namespace, self.clock.now()))
            .unwrap_or(u32::MAX))
    }

    /// A datanode that is drained does not drain anew because more replicas of a file are wanted.
    fn keep_drained(&self, user: &str, path: &DfsPath, replication: u8) {
        let version = self.published.get();
        if version.namespace.duties().all(|(_, duty)| duty != Duty::Drain) {
            return;
        }
        // Where it cannot be looked at, the command will be refused as well.
        let Ok((stat, chunks)) = version.namespace.chunks(path, 0, u64::MAX, usize::MAX, user) else { return };
        if replication > stat.replication {
            let ids: Vec<ChunkId> = chunks.into_iter().map(|(_, chunk)| chunk.id).collect();
            self.observe(Event::LayoutChanging { chunks: ids, enough: stat.replication });
        }
    }

    /// What keeps the chunks of a file from having their replicas.
    pub(super) fn blocked(&self, user: &str, path: &DfsPath) -> Result<Blocked> {
        let version = self.published.get();
        let found = version.namespace.chunks(path, 0, u64::MAX, usize::MAX, user);
        let (_, chunks) = found.map_err(|refusal| refused(refusal, path))?;
        let ids = chunks.into_iter().map(|(_, chunk)| chunk.id);
        Ok(blocked(self.cluster_state().blockers_of(ids, &version.namespace, self.clock.now())))
    }

    pub(super) fn stat(&self, user: &str, path: &DfsPath) -> Result<Stat> {
        self.published.look().namespace.stat(path, user).map_err(|refusal| refused(refusal, path))
    }

    pub(super) fn list(&self, user: &str, list: &ListFolder) -> Result<ListPage> {
        let limit = list.limit.clamp(1, ENTRIES_PER_PAGE_MAX) as usize;
        let version = self.published.get();
        let page = version.namespace.list(&list.path, list.after.as_deref(), &list.prefix, limit, user);
        let (entries, more) = page.map_err(|refusal| refused(refusal, &list.path))?;
        Ok(ListPage { entries, more })
    }
}
