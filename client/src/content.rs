//! Calls that move the content of files.

use crate::client::Client;
use crate::progress::Progress;
use crate::read::{self, Dest, GetOptions};
use crate::write::{self, PutOptions, Source};
use dfs_types::{DfsPath, Result, Stat};
use tokio_util::sync::CancellationToken;

impl Client {
    /// Writes a file. It appears whole, or not at all; a file that it replaces is there until then.
    ///
    /// A put that ends badly, by an error, a cancel, or because its future is dropped, tells the masters, so that what it has
    /// written is deleted at once; that takes two seconds at the most.
    ///
    /// Uses one thread, and memory of one frame (512 KiB); for a source that can be read only once, the larger of 80 MiB
    /// and one chunk. Datanodes that fail are replaced by others without the caller seeing it; chunks whose datanodes were
    /// lost before the commit are written again from a file or from bytes.
    ///
    /// # Errors
    /// `already_exists` without `overwrite`, `not_found` or `not_a_directory` for its directory, `permission_denied`,
    /// `insufficient_datanodes`, `safe_mode`, `local_io` for the source, `unreachable`, `timeout`; `interrupted` when
    /// cancelled: a cancel that comes while the file is being committed leaves open whether it is there.
    pub async fn put(
        &self,
        source: Source,
        path: &DfsPath,
        options: PutOptions,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Stat> {
        write::put(self, source, path, options, progress, cancel).await
    }

    /// Reads a file, every byte verified against the checksums of its writer; the attributes of what was read.
    /// A file that is replaced meanwhile is read again from its beginning, but into a writer.
    ///
    /// Uses up to `parallel_chunks` threads with one frame (512 KiB) of memory each; into a writer one thread and at most
    /// 10 MiB. Replicas that are damaged, slow or gone are passed over without the caller seeing it.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`, `no_healthy_replica`, `checksum_mismatch`, `already_exists`
    /// and `local_io` for the destination, `unreachable`, `timeout`; `interrupted` when cancelled.
    pub async fn get(
        &self,
        path: &DfsPath,
        dest: Dest,
        options: GetOptions,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<Stat> {
        read::get(self, path, dest, options, progress, cancel).await
    }

    /// The bytes of a file from `offset` on, `length` of them or up to its end, verified.
    ///
    /// # Errors
    /// As [`Client::get`]; `invalid_argument` for more than 1 GiB at once.
    pub async fn read_range(&self, path: &DfsPath, offset: u64, length: u64) -> Result<Vec<u8>> {
        read::read_range(self, path, offset, length).await
    }
}
