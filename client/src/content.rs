//! Calls that transfer file content.

use crate::client::Client;
use crate::progress::Progress;
use crate::read::{self, Dest, GetOptions};
use crate::write::{self, PutOptions, Source};
use dfs_types::{DfsPath, Result, Stat};
use tokio_util::sync::CancellationToken;

impl Client {
    /// Writes a file atomically: it appears with all its content or not at all, and a file that it
    /// replaces is kept until then.
    ///
    /// A put that does not complete, because of an error, a cancellation or a dropped future,
    /// notifies the masters, so that the data already written is deleted at once; the notification
    /// takes at most two seconds.
    ///
    /// Uses one thread and one frame (512 KiB) of memory; for a source that can be read only once,
    /// 80 MiB or one chunk, whichever is larger. Datanodes that fail are replaced transparently;
    /// chunks that lose replicas before the commit are written again if the source is a file or
    /// bytes.
    ///
    /// # Errors
    /// `already_exists` without `overwrite`, `not_found` or `not_a_directory` for its directory,
    /// `permission_denied`, `insufficient_datanodes`, `safe_mode`, `local_io` for the source,
    /// `unreachable`, `timeout`; `interrupted` if cancelled: after a cancellation during the
    /// commit, the file may or may not exist.
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

    /// Reads a file, verifies every byte against the checksums of its writer, and returns its
    /// attributes. If the file is replaced during the read, the read restarts from the beginning,
    /// unless it goes to a writer.
    ///
    /// Uses up to `parallel_chunks` threads with one frame (512 KiB) of memory each; for a writer,
    /// one thread and at most 10 MiB. Replicas that are corrupt, slow or unreachable are skipped
    /// transparently.
    ///
    /// # Errors
    /// `not_found`, `is_a_directory`, `permission_denied`, `no_healthy_replica`,
    /// `checksum_mismatch`, `already_exists` and `local_io` for the destination, `unreachable`,
    /// `timeout`; `interrupted` if cancelled.
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

    /// Returns up to `length` verified bytes of a file, from `offset`.
    ///
    /// # Errors
    /// Those of [`Client::get`]; `invalid_argument` for more than 1 GiB at once.
    pub async fn read_range(&self, path: &DfsPath, offset: u64, length: u64) -> Result<Vec<u8>> {
        read::read_range(self, path, offset, length).await
    }
}
