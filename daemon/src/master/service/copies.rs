//! Copies of files and directories inside the cluster, and attributes `user.*`.

use super::names;
use crate::master::raft::published::Published;
use crate::master::refused::{refused, refused_move};
use crate::master::state::Master;
use dfs_logic::command::{Copied as Made, Copy, FsOp, Outcome, Refusal};
use dfs_rpc::wire::{Copied, CopyEntry, UserAttribute, UserAttributeChange};
use dfs_rpc::{COPIED_PER_CALL_MAX, USER_ATTRIBUTES_BYTES_MAX};
use dfs_types::{DfsPath, Kind, RequestId, Result};

/// Bounds that clients know and rely on.
const _: () = assert!(COPIED_PER_CALL_MAX == dfs_logic::state::COPIED_MAX, "one bound, stated in two places");
const _: () = assert!(
    USER_ATTRIBUTES_BYTES_MAX == dfs_logic::state::USER_ATTRIBUTES_BYTES_MAX,
    "one bound, stated in two places"
);

/// The maximum size of the names and values in one change, in bytes: all attributes removed and as
/// many set. Larger changes are refused before they are proposed.
const CHANGES_BYTES_MAX: usize = 2 * USER_ATTRIBUTES_BYTES_MAX;

pub(super) async fn copy(master: &Master, user: &str, copy: CopyEntry) -> Result<Copied> {
    let CopyEntry { request, from, to, recursive, overwrite, after } = copy;
    let op = FsOp::Copy(Copy { from: from.clone(), to: to.clone(), recursive, overwrite, after });
    let outcome = master.propose(request, user, op).await?.map_err(|refusal| match refusal {
        Refusal::IsADirectory if !recursive && is_directory(&master.published, user, &from) => refused(refusal, &from),
        _ => refused_move(refusal, &from, &to),
    });
    match outcome? {
        Outcome::Copied(Made { files, directories, bytes, next }) => Ok(Copied { files, directories, bytes, next }),
        // Only if a request id of another command was reused.
        _ => Ok(Copied::default()),
    }
}

fn is_directory(published: &Published, user: &str, path: &DfsPath) -> bool {
    names::stat(published, user, path).is_ok_and(|stat| stat.kind == Kind::Directory)
}

pub(super) async fn set_user_attributes(
    master: &Master,
    user: &str,
    request: RequestId,
    path: DfsPath,
    changes: Vec<UserAttributeChange>,
) -> Result<()> {
    let bytes: usize = changes.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum();
    if bytes > CHANGES_BYTES_MAX {
        return Err(refused(Refusal::AttributesTooLarge, &path));
    }
    let op = FsOp::SetUserAttributes { path: path.clone(), changes };
    master.propose(request, user, op).await?.map_err(|refusal| refused(refusal, &path))?;
    Ok(())
}

pub(super) fn user_attributes(published: &Published, user: &str, path: &DfsPath) -> Result<Vec<UserAttribute>> {
    published.look().namespace.user_attributes(path, user).map_err(|refusal| refused(refusal, path))
}
