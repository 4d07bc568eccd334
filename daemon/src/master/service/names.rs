//! Names: create, move, delete, list.

use super::write::check_replication;
use crate::master::convert;
use crate::master::raft::published::Published;
use crate::master::refused::{refused, refused_move};
use crate::master::state::Master;
use dfs_logic::cluster::Event;
use dfs_logic::command::{FsOp, Outcome, Refusal};
use dfs_rpc::wire::{Blocked, ListDirectory, ListPage};
use dfs_rpc::{CHANGED_PER_CALL_MAX, ENTRIES_PER_PAGE_MAX};
use dfs_types::principal::is_user_name;
use dfs_types::{AdminState, AttributeChange, ChunkId, Deleted, DfsPath, Layout, RequestId, Result, Stat};

/// A bound that clients know and rely on.
const _: () = assert!(CHANGED_PER_CALL_MAX == dfs_logic::state::CHANGED_MAX, "one bound, stated in two places");

pub(super) async fn mkdir(master: &Master, user: &str, request: RequestId, path: DfsPath, parents: bool) -> Result<()> {
    let op = FsOp::Mkdir { path: path.clone(), parents };
    master.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
    Ok(())
}

pub(super) async fn rename(
    master: &Master,
    user: &str,
    request: RequestId,
    from: DfsPath,
    to: DfsPath,
    overwrite: bool,
) -> Result<()> {
    let op = FsOp::Rename { from: from.clone(), to: to.clone(), overwrite };
    master.propose(request, user, op).await?.map_err(|refusal| refused_move(refusal, &from, &to))?;
    Ok(())
}

pub(super) async fn delete(
    master: &Master,
    user: &str,
    request: RequestId,
    path: DfsPath,
    recursive: bool,
) -> Result<Deleted> {
    let op = FsOp::Delete { path: path.clone(), recursive };
    match master.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))? {
        Outcome::Deleted(deleted) => Ok(deleted),
        // Only if a request id of another command was reused.
        _ => Ok(Deleted::default()),
    }
}

pub(super) async fn set_attributes(
    master: &Master,
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
    master.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
    Ok(())
}

pub(super) async fn set_replication(
    master: &Master,
    user: &str,
    request: RequestId,
    path: DfsPath,
    replication: u8,
) -> Result<u32> {
    check_replication(replication)?;
    keep_drained(master, user, &path, replication);
    let op = FsOp::SetLayout { path: path.clone(), layout: Layout::Replicated { replicas: replication } };
    master.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
    // The changed state shows that another number of replicas is wanted.
    master.wake.notify_one();
    let version = master.published.get();
    Ok(u32::try_from(master.cluster_state().nodes().serving(&version.namespace, master.clock.now()))
        .unwrap_or(u32::MAX))
}

/// Keeps a drained datanode drained although more replicas of a file are wanted.
fn keep_drained(master: &Master, user: &str, path: &DfsPath, replication: u8) {
    let version = master.published.get();
    if version.namespace.admin_states().all(|(_, admin_state)| admin_state != AdminState::Draining) {
        return;
    }
    // If the file cannot be read, the command will be refused as well.
    let Ok((stat, chunks)) = version.namespace.chunks(path, 0, u64::MAX, usize::MAX, user) else { return };
    if replication > stat.replication {
        let ids: Vec<ChunkId> = chunks.into_iter().map(|(_, chunk)| chunk.id).collect();
        master.observe(Event::LayoutChanging { chunks: ids, enough: stat.replication });
    }
}

/// Returns the reason why the chunks of a file cannot get their replicas.
pub(super) fn blocked(master: &Master, user: &str, path: &DfsPath) -> Result<Blocked> {
    let version = master.published.get();
    let found = version.namespace.chunks(path, 0, u64::MAX, usize::MAX, user);
    let (_, chunks) = found.map_err(|refusal| refused(refusal, path))?;
    let ids = chunks.into_iter().map(|(_, chunk)| chunk.id);
    Ok(convert::blocked(master.cluster_state().blockers_of(ids, &version.namespace, master.clock.now())))
}

pub(super) fn stat(published: &Published, user: &str, path: &DfsPath) -> Result<Stat> {
    published.look().namespace.stat(path, user).map_err(|refusal| refused(refusal, path))
}

pub(super) fn list(published: &Published, user: &str, list: &ListDirectory) -> Result<ListPage> {
    let limit = list.limit.clamp(1, ENTRIES_PER_PAGE_MAX) as usize;
    let version = published.get();
    let page = version.namespace.list(&list.path, list.after.as_deref(), &list.prefix, limit, user);
    let (entries, more) = page.map_err(|refusal| refused(refusal, &list.path))?;
    Ok(ListPage { entries, more })
}
