//! Calls that move no file content through the client.

use crate::client::{Client, request_id};
use crate::copies::{self, CopyOptions};
use crate::snapshot::{Snapshot, Told, told};
use bytes::Bytes;
use dfs_rpc::ENTRIES_PER_PAGE_MAX;
use dfs_rpc::board::BoardVersion;
use dfs_rpc::wire::{
    Blocked, ChunkStatus, ClusterStatus, Copied, DirectoryTraffic, Find, FoundPage, JobStatus, ListDirectory, ListPage,
    LocatedChunk, NodeStatus, PlanRead, SafeModeChange, UserAttribute, UserAttributeChange,
};
use dfs_types::{AttributeChange, ChunkId, DatanodeId, Deleted, DfsPath, Duty, Entry, Error, ErrorCode, Result, Stat};
use futures::stream::{self, Stream};
use std::collections::VecDeque;

/// A file and where its chunks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    pub stat: Stat,
    /// In the order of the file.
    pub chunks: Vec<LocatedChunk>,
}

impl Client {
    /// Does nothing, there and back.
    ///
    /// # Errors
    /// `unreachable`, `timeout`, like every call here.
    pub async fn ping(&self) -> Result<()> {
        self.call(|master, context| async move { master.cluster.ping(context).await }).await
    }

    /// The name of the user that we are.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn whoami(&self) -> Result<String> {
        self.call(|master, context| async move { master.cluster.whoami(context).await }).await
    }

    /// Makes a directory; with `parents` also those above it, and an existing directory is no error.
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
    /// `not_found`, `already_exists`, `invalid_argument` for a directory into itself, `permission_denied`.
    pub async fn rename(&self, from: &DfsPath, to: &DfsPath, overwrite: bool) -> Result<()> {
        let request = request_id();
        self.call(|master, context| {
            let (from, to) = (from.clone(), to.clone());
            async move { master.files.rename(context, request, from, to, overwrite).await }
        })
        .await
    }

    /// Deletes a file, an empty directory, or with `recursive` a whole one.
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

    /// Sets attributes of a file or directory. A change with `recursive` holds for all below it as well, in one step; more than
    /// [`CHANGED_PER_CALL_MAX`](dfs_rpc::CHANGED_PER_CALL_MAX) entries are refused, and left to the caller to go through.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`, `invalid_argument` for too many entries or the name of no user.
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

    /// Returns one page of a directory, in the order of the bytes of the names. A file lists as itself. Masters of protocol
    /// version 8 send no ids.
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

    /// All entries of a directory whose names begin with `prefix`, fetched page by page as they are read. What changes
    /// meanwhile is seen or not; every name that stays is seen once. It ends behind the first error.
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

    /// One page of what is at and below a path.
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

    /// Sets how many replicas of a file are wanted. It returns before they are made, or gone. Gives the number of datanodes that
    /// serve: as things are, there will not be more replicas than that.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`, `invalid_argument` for a number that is not allowed.
    pub async fn set_replication(&self, path: &DfsPath, replication: u8) -> Result<u32> {
        let request = request_id();
        self.call(|master, context| {
            let path = path.clone();
            async move { master.files.set_replication(context, request, path, replication).await }
        })
        .await
    }

    /// The chunks of a file that have fewer replicas than wanted, by what keeps them from having more.
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
    /// `permission_denied` for all but the superuser.
    pub async fn set_safe_mode(&self, change: SafeModeChange) -> Result<()> {
        self.call(|master, context| {
            let change = change.clone();
            async move { master.admin.set_safe_mode(context, change).await }
        })
        .await
    }

    /// Has a datanode emptied, take chunks again, or forgotten. It returns when the masters have taken that down, long before
    /// a datanode is drained: [`NodeStatus::is_drained`] says when.
    ///
    /// # Errors
    /// `permission_denied` for all but the superuser, `not_found` for a datanode that the masters do not know,
    /// `insufficient_datanodes` for a drain that would leave too few or too little room, `invalid_argument` to forget one that
    /// is not dead.
    pub async fn set_duty(&self, node: DatanodeId, duty: Duty) -> Result<()> {
        let request = request_id();
        self.call(|master, context| async move { master.admin.set_duty(context, request, node, duty.into()).await })
            .await
    }

    /// Whether the masters would refuse this of a datanode now: before somebody is asked about it.
    ///
    /// # Errors
    /// As [`Client::set_duty`].
    pub async fn check_duty(&self, node: DatanodeId, duty: Duty) -> Result<()> {
        self.call(|master, context| async move { master.admin.check_duty(context, node, duty.into()).await }).await
    }

    /// The cluster in figures.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn status(&self) -> Result<ClusterStatus> {
        let status = self.call(|master, context| async move { master.cluster.status(context).await }).await?;
        Ok(*status)
    }

    /// All datanodes, in the order of their ids.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub async fn nodes(&self) -> Result<Vec<NodeStatus>> {
        self.call(|master, context| async move { master.cluster.nodes(context).await }).await
    }

    /// The background jobs of the leading master, in the order of their names.
    ///
    /// # Errors
    /// `unreachable`, `timeout`; `unsupported` by a master of version 8.
    pub async fn jobs(&self) -> Result<Vec<JobStatus>> {
        self.call_since_9("the list of jobs", |master, context| async move { master.cluster.jobs(context).await }).await
    }

    /// The picture of the cluster for dashboards, encoded: what is new since the picture `since`, or everything.
    ///
    /// # Errors
    /// `unreachable`, `timeout`.
    pub(crate) async fn board(&self, since: Option<BoardVersion>) -> Result<Bytes> {
        self.call(|master, context| async move { master.cluster.board(context, since).await }).await
    }

    /// What lately went on below a directory, as far as the leading master knows.
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

    /// A file, all its chunks and their replicas.
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

    /// What the masters know of one chunk.
    ///
    /// # Errors
    /// `not_found` when no file names it.
    pub async fn chunk(&self, chunk: ChunkId) -> Result<ChunkStatus> {
        self.call(|master, context| async move { master.cluster.chunk(context, chunk).await }).await
    }

    /// Has the master look at a replica on `node` that failed our checksum. `capability` is the one to read its chunk, as
    /// [`LocatedChunk::capability`] has it: it says which replica is meant, and proves that we may read it.
    ///
    /// # Errors
    /// `permission_denied` for a capability that is not ours or has expired; `unreachable`, `timeout`.
    pub async fn report_damage(&self, node: DatanodeId, capability: Bytes) -> Result<()> {
        self.call(|master, context| {
            let capability = capability.clone();
            async move { master.files.report_damage(context, node, capability).await }
        })
        .await
    }

    /// The picture of the cluster for dashboards, as it is now: what is new put on the one `before`, or everything where there
    /// is none, or where the news does not follow it (another master answers, or the picture is too old).
    ///
    /// # Errors
    /// `unreachable`, `timeout`; `internal` for an answer that cannot be read.
    pub async fn snapshot(&self, before: Option<&Snapshot>) -> Result<Snapshot> {
        self.told(before).await.map(|told| told.snapshot)
    }

    /// As [`Client::snapshot`], with what the master told, for who keeps that.
    ///
    /// # Errors
    /// As [`Client::snapshot`].
    pub async fn told(&self, before: Option<&Snapshot>) -> Result<Told> {
        told(self, before).await
    }

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
        copies::copy(self, from, to, options).await
    }

    /// Sets and removes attributes `user.*` of a file or directory, all or none. They take at most
    /// [`USER_ATTRIBUTES_BYTES_MAX`](dfs_rpc::USER_ATTRIBUTES_BYTES_MAX) bytes in all, names and values together.
    ///
    /// # Errors
    /// `not_found`, also for an attribute that is to be removed; `invalid_argument` for a name that does not begin with
    /// `user.` and for more bytes; `permission_denied`; `unsupported` by a master of version 8.
    pub async fn set_user_attributes(&self, path: &DfsPath, changes: &[UserAttributeChange]) -> Result<()> {
        copies::set_user_attributes(self, path, changes).await
    }

    /// Returns the attributes `user.*` of a file or directory, in the order of their names.
    ///
    /// # Errors
    /// `not_found`, `permission_denied`; `unsupported` by a master of version 8.
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
