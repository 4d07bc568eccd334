//! The service for files: names, attributes, plans of reads and writes, commit, search.

use crate::wire::{
    AttributeChange, Blocked, CommitWrite, Committed, Copied, CopyEntry, Deleted, DirectoryTraffic, Find, FoundPage,
    ListDirectory, ListPage, ListPageV9, PlanRead, PlanWrite, ReadPlan, Result, Stat, StatV9, UserAttribute,
    UserAttributeChange, WritePlan,
};
use bytes::Bytes;
use dfs_types::{DatanodeId, DfsPath, RequestId, WriteId};

/// Calls of users about files. Paths are absolute and in normal form; the caller is the user in the
/// certificate.
#[tarpc::service]
pub trait FileService {
    /// Creates a directory. With `parents` it also creates missing ancestors, and an existing
    /// directory is no error.
    async fn mkdir(request: RequestId, path: DfsPath, parents: bool) -> Result<()>;
    /// Moves a file or directory, atomically. `overwrite` lets it replace an existing file.
    async fn rename(request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()>;
    /// Deletes a file, an empty directory, or with `recursive` a directory and everything below it.
    async fn delete(request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted>;
    /// Sets attributes of a file or directory, and with `recursive` of everything below it:
    /// atomically, for at most [`CHANGED_PER_CALL_MAX`](crate::CHANGED_PER_CALL_MAX) entries.
    async fn set_attributes(request: RequestId, path: DfsPath, change: AttributeChange) -> Result<()>;
    /// Sets the number of replicas that a file should have; the replicas are added or deleted
    /// later. Returns the number of datanodes in service: a larger number of replicas cannot be
    /// reached now, which is no error.
    async fn set_replication(request: RequestId, path: DfsPath, replication: u8) -> Result<u32>;
    /// Returns [`stat_v9`](Self::stat_v9) without the id, for peers of version 8.
    async fn stat(path: DfsPath) -> Result<Stat<'static>>;
    /// Returns [`list_v9`](Self::list_v9) without the ids, for peers of version 8.
    async fn list(list: ListDirectory) -> Result<ListPage>;
    /// Returns one page of the matches at and below a path: each directory before its entries,
    /// names in the order of their bytes.
    async fn find(find: Find) -> Result<FoundPage>;
    /// Returns the chunks of a range of a file, their replicas, and capabilities to read them.
    async fn plan_read(plan: PlanRead) -> Result<ReadPlan>;
    /// Reports that a replica failed the reader's checksum; the master orders the datanode to
    /// verify it. `capability` is the one from the read plan: it proves that the caller may read
    /// the chunk.
    async fn report_corrupt(node: DatanodeId, capability: Bytes) -> Result<()>;
    /// Returns chunk ids, pipelines and capabilities for the next chunks of a write.
    async fn plan_write(plan: PlanWrite) -> Result<WritePlan>;
    /// Renews a write and its chunks for another write timeout. Returns `not_found` if this master
    /// does not know the write: the leader may have changed, and the write continues. Returns
    /// `timeout` if the write has expired or was abandoned, which ends it.
    async fn renew_write(write: WriteId) -> Result<()>;
    /// Ends a write that will not be committed: its chunks are deleted with the next heartbeats.
    /// Does nothing if the write is unknown.
    async fn abandon_write(write: WriteId) -> Result<()>;
    /// Creates the written file, or replaces the old one, atomically.
    async fn commit_write(commit: CommitWrite) -> Result<Committed>;
    /// Returns the chunks of a file that have fewer replicas than wanted, by cause.
    async fn blocked(path: DfsPath) -> Result<Blocked>;
    /// Returns recent read and write rates below a directory, from planned reads and committed
    /// writes since this master became leader.
    async fn traffic(path: DfsPath) -> Result<DirectoryTraffic>;
    /// Returns the attributes of a file or directory.
    async fn stat_v9(path: DfsPath) -> Result<StatV9<'static>>;
    /// Returns one page of a directory, in the order of the bytes of the names.
    async fn list_v9(list: ListDirectory) -> Result<ListPageV9>;
    /// Copies a file, or a directory and everything below it, without transferring content: at most
    /// [`COPIED_PER_CALL_MAX`](crate::COPIED_PER_CALL_MAX) entries. Returns the path after which
    /// the next call continues.
    async fn copy(copy: CopyEntry) -> Result<Copied>;
    /// Sets and removes `user.*` attributes of a file or directory, all or none. They take at most
    /// [`USER_ATTRIBUTES_BYTES_MAX`](crate::USER_ATTRIBUTES_BYTES_MAX) bytes in all, names and
    /// values together.
    async fn set_user_attributes(request: RequestId, path: DfsPath, changes: Vec<UserAttributeChange>) -> Result<()>;
    /// Returns the `user.*` attributes of a file or directory, in the order of their names.
    async fn user_attributes(path: DfsPath) -> Result<Vec<UserAttribute>>;
}
