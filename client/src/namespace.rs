//! Calls that transfer no file content.

use crate::client::{Client, request_id};
use crate::copies::{self, CopyOptions};
use crate::snapshot::{Snapshot, Told, told};
use bytes::Bytes;
use dfs_rpc::ENTRIES_PER_PAGE_MAX;
use dfs_rpc::view::ViewVersion;
use dfs_rpc::wire::{
    Blocked, ChunkStatus, ClusterStatus, Copied, DirectoryTraffic, Find, FoundPage, JobStatus, ListDirectory, ListPage,
    LocatedChunk, NodeStatus, PlanRead, SafeModeChange, UserAttribute, UserAttributeChange,
};
use dfs_types::{
    AdminState, AttributeChange, ChunkId, DatanodeId, Deleted, DfsPath, Entry, Error, ErrorCode, Result, Stat,
};
use futures::stream::{self, Stream};
use std::collections::VecDeque;

/// A file and the locations of its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    pub stat: Stat,
    /// In the order of the file.
    pub chunks: Vec<LocatedChunk>,
}

impl Client {
    /// Sends a call that does nothing, and waits for the response.
    ///
    /// # Errors
    /// `unreachable` and `timeout`, as for every call here.
    pub async fn ping(&self) -> Result<()> {
        self.call(|master, context| async move { master.cluster.ping(context).await }).await
    }

    /// Returns the name of the calling user.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn whoami(&self) -> Result<String> {
        self.call(|master, context| async move { master.cluster.whoami(context).await }).await
    }

    /// Creates a directory. With `parents` it also creates missing ancestors, and an existing
    /// directory is no error.
    ///
    /// # Errors
    /// `already_exists`, `not_found`, `not_a_directory`, `permission_denied`.
    pub async fn mkdir(&self, path: &DfsPath, parents: bool) -> Result<()> {
        let request = request_id();
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.mkdir(context, request, path, parents).await }
        })
        .await
    }

    /// Moves a file or directory, atomically. `overwrite` lets it replace an existing file.
    ///
    /// # Errors
    /// `not_found`, `already_exists`, `invalid_argument` for a directory into itself,
    /// `permission_denied`.
    pub async fn rename(&self, from: &DfsPath, to: &DfsPath, overwrite: bool) -> Result<()> {
        let request = request_id();
        self.call(|master, context| {
            let (from, to) = (from.clone(), to.clone());
            async move { master.files.rename(context, request, from, to, overwrite).await }
        })
        .await
    }

    /// Deletes a file, an empty directory, or with `recursive` a directory and everything below it.
    ///
    /// # Errors
    /// `not_found`, `not_empty`, `permission_denied`.
    pub async fn delete(&self, path: &DfsPath, recursive: bool) -> Result<Deleted> {
        let request = request_id();
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.delete(context, request, path, recursive).await }
        })
        .await
        .map(Deleted::from)
    }

    /// Sets attributes of a file or directory. A recursive change applies atomically to everything
    /// below it too; more than [`CHANGED_PER_CALL_MAX`](dfs_rpc::CHANGED_PER_CALL_MAX) entries are
    /// refused, and the caller must change them one by one.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`, `invalid_argument` for too many entries or an invalid user
    /// name.
    pub async fn set_attributes(&self, path: &DfsPath, change: AttributeChange) -> Result<()> {
        let request = request_id();
        self.call(|master, context| {
            let (path, change) = (path.clone(), change.clone().into());
            async move { master.files.set_attributes(context, request, path, change).await }
        })
        .await
    }

    /// Returns the attributes of a file or directory. Masters of protocol version 8 send no id.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`.
    pub async fn stat(&self, path: &DfsPath) -> Result<Stat> {
        self.call(|master, context| {
            let path = path.clone();
            async move {
                match master.version {
                    ..=8 => Ok(master.files.stat(context, path).await?.map(Stat::from)),
                    _ => Ok(master.files.stat_v9(context, path).await?.map(Stat::from)),
                }
            }
        })
        .await
    }

    /// Returns one page of a directory, in the order of the bytes of the names. A file lists as
    /// itself. Masters of protocol version 8 send no ids.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`.
    pub async fn list(&self, list: ListDirectory) -> Result<ListPage> {
        self.call(|master, context| {
            let list = list.clone();
            async move {
                match master.version {
                    ..=8 => master.files.list(context, list).await,
                    _ => Ok(master.files.list_v9(context, list).await?.map(ListPage::from)),
                }
            }
        })
        .await
    }

    /// Returns all entries of a directory whose names begin with `prefix`, fetched page by page as
    /// the stream is read. Concurrent changes may or may not be included; every name that is not
    /// changed is returned once. The stream ends after the first error.
    pub fn list_all(&self, path: &DfsPath, prefix: &str) -> impl Stream<Item = Result<Entry>> + Send + 'static {
        let pages = Pages {
            client: self.clone(),
            list: ListDirectory {
                path: path.clone(),
                after: None,
                prefix: prefix.to_owned(),
                limit: ENTRIES_PER_PAGE_MAX,
            },
            entries: VecDeque::new(),
            more: true,
        };
        stream::try_unfold(pages, |mut pages| async move { Ok(pages.next().await?.map(|entry| (entry, pages))) })
    }

    /// Returns one page of the matches at and below a path.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`.
    pub async fn find(&self, find: Find) -> Result<FoundPage> {
        self.call(|master, context| {
            let find = find.clone();
            async move { master.files.find(context, find).await }
        })
        .await
    }

    /// Sets the number of replicas that a file should have, without waiting for the replicas to be
    /// added or deleted. Returns the number of datanodes in service: there cannot be more replicas
    /// than that at present.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`, `invalid_argument` for a number that is
    /// not allowed.
    pub async fn set_replication(&self, path: &DfsPath, replication: u8) -> Result<u32> {
        let request = request_id();
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.set_replication(context, request, path, replication).await }
        })
        .await
    }

    /// Returns the chunks of a file that have fewer replicas than wanted, by cause.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`.
    pub async fn blocked(&self, path: &DfsPath) -> Result<Blocked> {
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.blocked(context, path).await }
        })
        .await
    }

    /// Enters safe mode, or leaves it.
    ///
    /// # Errors
    /// `permission_denied` for all users except the superuser.
    pub async fn set_safe_mode(&self, change: SafeModeChange) -> Result<()> {
        self.call(|master, context| {
            let change = change.clone();
            async move { master.admin.set_safe_mode(context, change).await }
        })
        .await
    }

    /// Sets the admin state of a datanode: in service, draining or removed. Returns when the
    /// masters have stored the state, long before a datanode is drained: see
    /// [`NodeStatus::is_drained`].
    ///
    /// # Errors
    /// `permission_denied` for all users except the superuser, `not_found` for an unknown datanode,
    /// `insufficient_datanodes` for a drain that would leave too few datanodes or too little space,
    /// `invalid_argument` for the removal of a datanode that is not dead.
    pub async fn set_admin_state(&self, node: DatanodeId, admin_state: AdminState) -> Result<()> {
        let request = request_id();
        self.call(|master, context| async move {
            master.admin.set_admin_state(context, request, node, admin_state.into()).await
        })
        .await
    }

    /// Returns the error with which [`Client::set_admin_state`] would fail now, for a check before the
    /// user confirms.
    ///
    /// # Errors
    /// Those of [`Client::set_admin_state`].
    pub async fn check_admin_state(&self, node: DatanodeId, admin_state: AdminState) -> Result<()> {
        self.call(
            |master, context| async move { master.admin.check_admin_state(context, node, admin_state.into()).await },
        )
        .await
    }

    /// Returns the figures of the cluster.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn status(&self) -> Result<ClusterStatus> {
        let status = self.call(|master, context| async move { master.cluster.status(context).await }).await?;
        Ok(*status)
    }

    /// Returns all datanodes, in the order of their ids.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn nodes(&self) -> Result<Vec<NodeStatus>> {
        self.call(|master, context| async move { master.cluster.nodes(context).await }).await
    }

    /// Returns the background jobs of the leading master, in the order of their names.
    ///
    /// # Errors
    /// `unreachable`, `timeout`; `unsupported` if the master has version 8.
    pub async fn jobs(&self) -> Result<Vec<JobStatus>> {
        self.call_since_9("the list of jobs", |master, context| async move { master.cluster.jobs(context).await }).await
    }

    /// Returns the encoded view of the cluster for dashboards: the delta since the version `since`,
    /// or the whole view.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub(crate) async fn view(&self, since: Option<ViewVersion>) -> Result<Bytes> {
        self.call(|master, context| async move { master.cluster.view(context, since).await }).await
    }

    /// Returns recent read and write rates below a directory, as far as the leading master knows.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`.
    pub async fn traffic(&self, path: &DfsPath) -> Result<DirectoryTraffic> {
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.traffic(context, path).await }
        })
        .await
    }

    /// Returns a file, all its chunks and their replicas.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`.
    pub async fn locate(&self, path: &DfsPath) -> Result<Located> {
        let mut chunks: Vec<LocatedChunk> = Vec::new();
        loop {
            let offset = chunks.last().map_or(0, |last| last.offset + u64::from(last.chunk.length));
            let page = self.plan_read(path, offset, u64::MAX - offset).await?;
            let end = page.chunks.is_empty();
            chunks.extend(page.chunks);
            let reached = chunks.last().map_or(0, |last| last.offset + u64::from(last.chunk.length));
            if reached >= page.stat.size {
                return Ok(Located { stat: page.stat, chunks });
            }
            if end {
                return Err(Error::new(ErrorCode::Internal, "the master left out chunks of the file").at(path));
            }
        }
    }

    pub(crate) async fn plan_read(&self, path: &DfsPath, offset: u64, length: u64) -> Result<dfs_rpc::wire::ReadPlan> {
        self.call(|master, context| {
            let plan = PlanRead { path: path.clone(), offset, length };
            async move { master.files.plan_read(context, plan).await }
        })
        .await
    }

    /// Returns the status of one chunk.
    ///
    /// # Errors
    /// `not_found` if no file references it.
    pub async fn chunk(&self, chunk: ChunkId) -> Result<ChunkStatus> {
        self.call(|master, context| async move { master.cluster.chunk(context, chunk).await }).await
    }

    /// Requests that the master verifies a replica on `node` that failed the checksum of the
    /// client. `capability` is the one for reading the chunk, from [`LocatedChunk::capability`]: it
    /// identifies the replica, and proves that the caller may read it.
    ///
    /// # Errors
    /// `permission_denied` for a capability of another user or an expired one; `unreachable`,
    /// `timeout`.
    pub async fn report_corrupt(&self, node: DatanodeId, capability: Bytes) -> Result<()> {
        self.call(|master, context| {
            let capability = capability.clone();
            async move { master.files.report_corrupt(context, node, capability).await }
        })
        .await
    }

    /// Returns the current view of the cluster for dashboards: the snapshot `before` with a delta
    /// applied, or a whole view if there is no snapshot or the delta does not apply (another master
    /// answers, or the snapshot is too old).
    ///
    /// # Errors
    /// `unreachable`, `timeout`; `internal` for an invalid answer.
    pub async fn snapshot(&self, before: Option<&Snapshot>) -> Result<Snapshot> {
        self.told(before).await.map(|told| told.snapshot)
    }

    /// Returns what [`Client::snapshot`] returns, together with the encoded answer, for callers
    /// that record it.
    ///
    /// # Errors
    /// Those of [`Client::snapshot`].
    pub async fn told(&self, before: Option<&Snapshot>) -> Result<Told> {
        told(self, before).await
    }

    /// Copies a file or directory inside the cluster: the copy references the same chunks, and no
    /// content is transferred. The copy belongs to the caller, its creation time is the time of the
    /// copy, and it keeps mode, replication, chunk size and `user.*` attributes. Returns the sums
    /// over all calls; `next` is `None`.
    ///
    /// A directory with more than [`COPIED_PER_CALL_MAX`](dfs_rpc::COPIED_PER_CALL_MAX) entries
    /// takes several calls. Changes between two calls may or may not be copied, and entries copied
    /// before an error are kept.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory` without `recursive`, `already_exists` without `overwrite`,
    /// `not_a_directory`, `invalid_argument` for copying a directory into itself,
    /// `permission_denied`; `unsupported` if the master has version 8.
    pub async fn copy(&self, from: &DfsPath, to: &DfsPath, options: CopyOptions) -> Result<Copied> {
        copies::copy(self, from, to, options).await
    }

    /// Sets and removes `user.*` attributes of a file or directory, all or none. They take at most
    /// [`USER_ATTRIBUTES_BYTES_MAX`](dfs_rpc::USER_ATTRIBUTES_BYTES_MAX) bytes in all, names and
    /// values together.
    ///
    /// # Errors
    /// `not_found`, also for an attribute to be removed; `invalid_argument` for a name that does
    /// not begin with `user.` and for too many bytes; `permission_denied`; `unsupported` if the
    /// master has version 8.
    pub async fn set_user_attributes(&self, path: &DfsPath, changes: &[UserAttributeChange]) -> Result<()> {
        copies::set_user_attributes(self, path, changes).await
    }

    /// Returns the `user.*` attributes of a file or directory, in the order of their names.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`; `unsupported` if the master has version 8.
    pub async fn user_attributes(&self, path: &DfsPath) -> Result<Vec<UserAttribute>> {
        copies::user_attributes(self, path).await
    }
}

struct Pages {
    client: Client,
    list: ListDirectory,
    entries: VecDeque<Entry>,
    more: bool,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Entry>> {
        if self.entries.is_empty() && self.more {
            let page = self.client.list(self.list.clone()).await?;
            self.more = page.more && !page.entries.is_empty();
            if let Some(last) = page.entries.last() {
                self.list.after = Some(last.name.clone());
            }
            self.entries = page.entries.into();
        }
        Ok(self.entries.pop_front())
    }
}
