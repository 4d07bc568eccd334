//! `put`, seen from the caller.

use super::places::{Hold, Places, Shape, plan_write};
use super::source::Source;
use super::watch::Watch;
use super::writer::Writer;
use crate::client::{Client, request_id};
use crate::progress::{Event, Progress};
use crate::transfer::{Transfer, supervise};
use dfs_rpc::CONTROL_BYTES_MAX;
use dfs_rpc::client::{CommitWrite, CommittedChunk, PlanWrite};
use dfs_types::path::PATH_BYTES_MAX;
use dfs_types::{DfsPath, Error, ErrorCode, Result, Stat, Timestamp};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a put that is under way tells the master that its chunks are still wanted.
const RENEW_EVERY: Duration = Duration::from_secs(30);

/// Bytes of a chunk in a commit, at most, without its receipts: id, generation, length, checksum, count (postcard).
const CHUNK_BYTES_MAX: usize = 10 + 5 + 5 + 5 + 2;
/// Bytes of a receipt, at most: datanode, key, seal.
const RECEIPT_BYTES_MAX: usize = 3 + 5 + 16;

/// How a file is written.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// Replace a file that is there.
    pub overwrite: bool,
    /// Copies; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// Permission bits; `0o644` if none.
    pub mode: Option<u16>,
    /// When the content was last changed; now if none.
    pub modified: Option<Timestamp>,
}

impl Client {
    /// Writes a file. It appears whole, or not at all; a file that it replaces is there until then.
    ///
    /// Uses one thread, and memory of one frame (512 KiB); for a source that can be read only once, the larger of 80 MiB
    /// and one chunk. Datanodes that fail are replaced by others without the caller seeing it.
    ///
    /// # Errors
    /// `already_exists` without `overwrite`, `not_found` or `not_a_directory` for its folder, `permission_denied`,
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
        let transfer = Transfer::new(self, path, progress, cancel);
        let hold = Hold::new();
        let watch = Arc::new(Watch::default());
        let patient = source.is_ready();
        let writing = {
            let (transfer, options, hold, watch) = (transfer.clone(), options.clone(), hold.clone(), watch.clone());
            move || {
                let places = Places::new(transfer.clone(), options.clone(), hold);
                write(&transfer, source, &options, places, watch)
            }
        };
        let result = tokio::select! {
            result = supervise(&transfer, cancel, patient, writing) => result,
            never = renew(&transfer, &options, &hold) => match never {},
            never = watch.run(&transfer) => match never {},
        };
        match &result {
            Ok(stat) => progress.tell(Event::Ended { path: path.to_string(), bytes: stat.size }),
            Err(error) => progress.tell(Event::Failed { path: path.to_string(), error: error.clone() }),
        }
        result
    }
}

fn write(
    transfer: &Arc<Transfer>,
    source: Source,
    options: &PutOptions,
    places: Places,
    watch: Arc<Watch>,
) -> Result<Stat> {
    let input = source.open(transfer)?;
    let original = input.original()?;
    transfer.progress.tell(Event::Started { path: transfer.path.to_string(), bytes: input.length() });
    let (chunks, shape) = Writer::new(transfer.clone(), input, places, watch).run()?;
    original.map_or(Ok(()), |original| original.check_same())?;
    commit(transfer, options, chunks, shape)
}

/// # Errors
/// `invalid_argument` when the commit would be larger than a message may be.
fn check_size(chunks: &[CommittedChunk]) -> Result<()> {
    let bytes: usize = chunks.iter().map(|chunk| CHUNK_BYTES_MAX + chunk.receipts.len() * RECEIPT_BYTES_MAX).sum();
    if bytes + PATH_BYTES_MAX * 2 <= CONTROL_BYTES_MAX {
        return Ok(());
    }
    let what = format!("{} chunks are too many to be committed at once", chunks.len());
    Err(Error::new(ErrorCode::InvalidArgument, what).hint("choose larger chunks with --chunk-size"))
}

fn commit(
    transfer: &Transfer,
    options: &PutOptions,
    chunks: Vec<CommittedChunk>,
    shape: Option<Shape>,
) -> Result<Stat> {
    check_size(&chunks).map_err(|error| error.at(&transfer.path))?;
    let commit = CommitWrite {
        request: request_id(),
        path: transfer.path.clone(),
        overwrite: options.overwrite,
        replication: shape.map(|shape| shape.replication).or(options.replication),
        chunk_size: shape.map(|shape| shape.chunk_size).or(options.chunk_size),
        chunks,
        modified: options.modified,
        mode: options.mode,
    };
    transfer.wait(transfer.client.call(|master, context| {
        let commit = commit.clone();
        async move { master.commit_write(context, commit).await }
    }))
}

/// Keeps the chunks written so far from collection while the put goes on, however slow its source is.
async fn renew(transfer: &Transfer, options: &PutOptions, hold: &Hold) -> Infallible {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let Some(oldest) = hold.oldest() else { continue };
        let plan = PlanWrite {
            path: transfer.path.clone(),
            overwrite: options.overwrite,
            replication: options.replication,
            chunk_size: options.chunk_size,
            chunks: 1,
            exclude: Vec::new(),
            oldest: Some(oldest),
        };
        // The put itself will meet what is wrong.
        if let Err(error) = plan_write(transfer, plan).await {
            tracing::debug!(path = %transfer.path, %error, "the hold was not renewed");
        }
    }
}
