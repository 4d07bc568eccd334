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

impl Client {
    /// Copies a file or directory inside the cluster: the copy names the same chunks, and no content is moved. The copy
    /// belongs to the caller, has the time of the copy as its time of creation, and keeps mode, replication, chunk size and
    /// attributes `user.*`. Returns the sums over all calls; `next` is none.
    ///
    /// A directory with more than [`COPIED_PER_CALL_MAX`](dfs_rpc::COPIED_PER_CALL_MAX) entries takes several calls. Changes
    /// made in it between two calls are copied or not, and entries copied before an error stay.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory` without `recursive`, `already_exists` without `overwrite`, `not_a_directory`,
    /// `invalid_argument` for a directory into itself, `permission_denied`; `unsupported` by a master of version 8.
    pub async fn copy(&self, from: &DfsPath, to: &DfsPath, options: CopyOptions) -> Result<Copied> {
        let mut sum = Copied::default();
        let mut after = None;
        loop {
            let Copied { files, directories, bytes, next } = self.copy_part(from, to, options, after).await?;
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
        &self,
        from: &DfsPath,
        to: &DfsPath,
        CopyOptions { recursive, overwrite }: CopyOptions,
        after: Option<DfsPath>,
    ) -> Result<Copied> {
        let (request, from, to) = (request_id(), from.clone(), to.clone());
        let copy = CopyEntry { request, from, to, recursive, overwrite, after };
        self.call(|master, context| {
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

    /// Sets and removes attributes `user.*` of a file or directory, all or none. They take at most
    /// [`USER_ATTRIBUTES_BYTES_MAX`](dfs_rpc::USER_ATTRIBUTES_BYTES_MAX) bytes in all, names and values together.
    ///
    /// # Errors
    /// `not_found`, also for an attribute that is to be removed; `invalid_argument` for a name that does not begin with
    /// `user.` and for more bytes; `permission_denied`; `unsupported` by a master of version 8.
    pub async fn set_user_attributes(&self, path: &DfsPath, changes: &[UserAttributeChange]) -> Result<()> {
        let request = request_id();
        self.call(|master, context| {
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

    /// Returns the attributes `user.*` of a file or directory, in the order of their names.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`; `unsupported` by a master of version 8.
    pub async fn user_attributes(&self, path: &DfsPath) -> Result<Vec<UserAttribute>> {
        self.call(|master, context| {
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
}

/// Returns the refusal of a call that the master does not have; none where it has it.
fn refused<T>(master: &UserClient, what: &str) -> Option<std::result::Result<wire::Result<T>, RpcError>> {
    let version = master.version;
    let words = || format!("the master speaks protocol version {version}; {what} came with version {SINCE}");
    (version < SINCE).then(|| Ok(Err(Error::new(ErrorCode::Unsupported, words()).into())))
}
