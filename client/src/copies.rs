//! Copies inside the cluster, and attributes `user.*`: calls of protocol version 9.

use crate::client::{Client, request_id};
use dfs_rpc::services::UserClient;
use dfs_rpc::wire;
use dfs_rpc::wire::{Copied, CopyEntry, UserAttribute, UserAttributeChange};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use tarpc::client::RpcError;

/// The protocol version with which these calls came.
const SINCE: u16 = 9;

/// Options of [`Client::copy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CopyOptions {
    /// Copies directories, with all below them.
    pub recursive: bool,
    /// Lets files replace files, and copies into directories that exist.
    pub overwrite: bool,
}

/// Does the work of [`Client::copy`].
pub(crate) async fn copy(client: &Client, from: &DfsPath, to: &DfsPath, options: CopyOptions) -> Result<Copied> {
    let mut sum = Copied::default();
    let mut after = None;
    loop {
        let Copied { files, directories, bytes, next } = copy_part(client, from, to, options, after).await?;
        sum.files += files;
        sum.directories += directories;
        sum.bytes += bytes;
        if next.is_none() {
            return Ok(sum);
        }
        after = next;
    }
}

async fn copy_part(
    client: &Client,
    from: &DfsPath,
    to: &DfsPath,
    CopyOptions { recursive, overwrite }: CopyOptions,
    after: Option<DfsPath>,
) -> Result<Copied> {
    let (request, from, to) = (request_id(), from.clone(), to.clone());
    let copy = CopyEntry { request, from, to, recursive, overwrite, after };
    client
        .call(|master, context| {
            let copy = copy.clone();
            async move {
                match refused(&master, "copies inside the cluster") {
                    None => master.files.copy(context, copy).await,
                    Some(refused) => refused,
                }
            }
        })
        .await
}

/// Does the work of [`Client::set_user_attributes`].
pub(crate) async fn set_user_attributes(
    client: &Client,
    path: &DfsPath,
    changes: &[UserAttributeChange],
) -> Result<()> {
    let request = request_id();
    client
        .call(|master, context| {
            let (path, changes) = (path.clone(), changes.to_vec());
            async move {
                match refused(&master, "attributes user.*") {
                    None => master.files.set_user_attributes(context, request, path, changes).await,
                    Some(refused) => refused,
                }
            }
        })
        .await
}

/// Does the work of [`Client::user_attributes`].
pub(crate) async fn user_attributes(client: &Client, path: &DfsPath) -> Result<Vec<UserAttribute>> {
    client
        .call(|master, context| {
            let path = path.clone();
            async move {
                match refused(&master, "attributes user.*") {
                    None => master.files.user_attributes(context, path).await,
                    Some(refused) => refused,
                }
            }
        })
        .await
}

/// Returns the refusal of a call that the master does not have; none where it has it.
pub(crate) fn refused<T>(master: &UserClient, what: &str) -> Option<std::result::Result<wire::Result<T>, RpcError>> {
    let version = master.version;
    let words = || format!("the master speaks protocol version {version}; {what} came with version {SINCE}");
    (version < SINCE).then(|| Ok(Err(Error::new(ErrorCode::Unsupported, words()).into())))
}
