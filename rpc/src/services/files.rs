//! The service for files: names, attributes, plans of reads and writes, commit, search.

use crate::wire::{
    AttributeChange, Blocked, CommitWrite, Committed, Copied, CopyEntry, Deleted, DirectoryTraffic, Find, FoundPage,
    ListDirectory, ListPage, ListPageV9, PlanRead, PlanWrite, ReadPlan, Result, Stat, StatV9, UserAttribute,
    UserAttributeChange, WritePlan,
};
use bytes::Bytes;
use dfs_types::{DatanodeId, DfsPath, RequestId, WriteId};

/// Calls of users about files. Paths are absolute and in normal form; the caller is the user in the certificate.
#[tarpc::service]
pub trait FileService {
    /// Makes a directory; with `parents` also those above it, and an existing directory is no error.
    async fn mkdir(request: RequestId, path: DfsPath, parents: bool) -> Result<()>;
    /// Moves a file or directory, atomically. `overwrite` lets it replace an existing file.
    async fn rename(request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()>;
    /// Deletes a file, an empty directory, or with `recursive` a whole one.
    async fn delete(request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted>;
    /// Sets attributes of a file or directory, and with `recursive` of all below it: in one step, as long as they are not
    /// more than [`CHANGED_PER_CALL_MAX`](crate::CHANGED_PER_CALL_MAX).
    async fn set_attributes(request: RequestId, path: DfsPath, change: AttributeChange) -> Result<()>;
    /// Sets how many replicas of a file are wanted; repair makes or deletes replicas afterwards. Returns the number of
    /// datanodes that serve: more replicas than that cannot be made now, which is no error.
    async fn set_replication(request: RequestId, path: DfsPath, replication: u8) -> Result<u32>;
    /// As [`stat_v9`](Self::stat_v9) without the id, for peers of version 8.
    async fn stat(path: DfsPath) -> Result<Stat<'static>>;
    /// As [`list_v9`](Self::list_v9) without the ids, for peers of version 8.
    async fn list(list: ListDirectory) -> Result<ListPage>;
    /// Returns one page of what is found at and below a path: each directory before its entries, names in the order of
    /// their bytes.
    async fn find(find: Find) -> Result<FoundPage>;
    /// Returns the chunks of a range of a file, their replicas, and capabilities to read them.
    async fn plan_read(plan: PlanRead) -> Result<ReadPlan>;
    /// Reports that a replica failed the reader's checksum; the master orders the datanode to verify it.
    /// `capability` is the one that the reader was given: it proves that the caller may read the chunk.
    async fn report_damage(node: DatanodeId, capability: Bytes) -> Result<()>;
    /// Returns chunk ids, pipelines and capabilities for the next chunks of a write.
    async fn plan_write(plan: PlanWrite) -> Result<WritePlan>;
    /// Keeps a write and its chunks for another write timeout. `not_found` when this master does not know the write: the
    /// leader may have changed, and the write goes on. `timeout` when the write was given up, which ends it.
    async fn renew_write(write: WriteId) -> Result<()>;
    /// Ends a write that will not be committed: its chunks are deleted with the next heartbeats. Does nothing to a write
    /// that is not known.
    async fn abandon_write(write: WriteId) -> Result<()>;
    /// Makes a written file appear as a whole, or replaces the old one, atomically.
    async fn commit_write(commit: CommitWrite) -> Result<Committed>;
    /// Returns the chunks of a file that have fewer replicas than wanted, by the cause that keeps them from having more.
    async fn blocked(path: DfsPath) -> Result<Blocked>;
    /// Returns recent read and write rates below a directory, from planned reads and committed writes since this master
    /// became leader.
    async fn traffic(path: DfsPath) -> Result<DirectoryTraffic>;
    /// Returns the attributes of a file or directory.
    async fn stat_v9(path: DfsPath) -> Result<StatV9<'static>>;
    /// Returns one page of a directory, in the order of the bytes of the names.
    async fn list_v9(list: ListDirectory) -> Result<ListPageV9>;
    /// Copies a file, or a directory with all below it, without moving a byte of content: at most
    /// [`COPIED_PER_CALL_MAX`](crate::COPIED_PER_CALL_MAX) entries, and says behind which one to go on.
    async fn copy(copy: CopyEntry) -> Result<Copied>;
    /// Sets and removes attributes `user.*` of a file or directory, all or none. They take at most
    /// [`USER_ATTRIBUTES_BYTES_MAX`](crate::USER_ATTRIBUTES_BYTES_MAX) bytes in all, names and values together.
    async fn set_user_attributes(request: RequestId, path: DfsPath, changes: Vec<UserAttributeChange>) -> Result<()>;
    /// Returns the attributes `user.*` of a file or directory, in the order of their names.
    async fn user_attributes(path: DfsPath) -> Result<Vec<UserAttribute>>;
}
