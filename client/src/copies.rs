//! Copies inside the cluster, and `user.*` attributes: calls of protocol version 9.

use crate::client::{Client, request_id};
use dfs_rpc::wire::{Copied, CopyEntry, UserAttribute, UserAttributeChange};
use dfs_types::{DfsPath, Result};

/// Options of [`Client::copy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CopyOptions {
    /// Copies directories with everything below them.
    pub recursive: bool,
    /// Lets files replace files, and copies into directories that exist.
    pub overwrite: bool,
}

/// Implements [`Client::copy`].
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
        .call_since_9("copies inside the cluster", |master, context| {
            let copy = copy.clone();
            async move { master.files.copy(context, copy).await }
        })
        .await
}

/// Implements [`Client::set_user_attributes`].
pub(crate) async fn set_user_attributes(
    client: &Client,
    path: &DfsPath,
    changes: &[UserAttributeChange],
) -> Result<()> {
    let request = request_id();
    client
        .call_since_9("attributes user.*", |master, context| {
            let (path, changes) = (path.clone(), changes.to_vec());
            async move { master.files.set_user_attributes(context, request, path, changes).await }
        })
        .await
}

/// Implements [`Client::user_attributes`].
pub(crate) async fn user_attributes(client: &Client, path: &DfsPath) -> Result<Vec<UserAttribute>> {
    client
        .call_since_9("attributes user.*", |master, context| {
            let path = path.clone();
            async move { master.files.user_attributes(context, path).await }
        })
        .await
}
