//! The implementation of `put`.

use super::allocator::ChunkAllocator;
use super::ending::{Ending, Flight};
use super::source::{Original, Source};
use super::stall::StallDetector;
use super::writer::Writer;
use crate::client::{Client, request_id};
use crate::progress::{Event, Progress};
use crate::transfer::{Transfer, supervise};
use dfs_rpc::CONTROL_BYTES_MAX;
use dfs_rpc::frame::encode_message;
use dfs_rpc::wire::{CommitWrite, Committed, CommittedChunk};
use dfs_types::path::PATH_BYTES_MAX;
use dfs_types::{Detail, DfsPath, Error, ErrorCode, Result, Stat, Timestamp, WriteId};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The maximum number of times that a put rewrites chunks that lost replicas before the commit.
const REWRITES_MAX: u32 = 4;

/// Options of [`Client::put`].
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// Replaces an existing file.
    pub overwrite: bool,
    /// The number of replicas; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// Permission bits; `0o644` if none.
    pub mode: Option<u16>,
    /// The modification time; the time of the commit if none.
    pub modified: Option<Timestamp>,
}

/// Implements [`Client::put`].
pub(crate) async fn put(
    client: &Client,
    source: Source,
    path: &DfsPath,
    options: PutOptions,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Stat> {
    let transfer = Transfer::new(client, path, progress, cancel);
    let flight = Flight::new();
    let ending = Ending::new(client, &flight);
    let stalls = Arc::new(StallDetector::default());
    let patient = source.is_ready();
    let writing = {
        let (transfer, flight, stalls) = (transfer.clone(), flight.clone(), stalls.clone());
        move || {
            let allocator = ChunkAllocator::new(transfer.clone(), options.clone(), flight.clone());
            write(&transfer, source, &options, flight.id, allocator, stalls)
        }
    };
    let result = tokio::select! {
        result = supervise(&transfer, cancel, patient, writing) => result,
        given_up = flight.renew(client) => Err(given_up.at(path)),
        never = stalls.run(&transfer) => match never {},
    };
    match &result {
        Ok(stat) => progress.tell(Event::Ended { path: path.to_string(), bytes: stat.size }),
        Err(error) => progress.tell(Event::Failed { path: path.to_string(), error: error.clone() }),
    }
    match &result {
        Ok(_) => ending.committed(),
        Err(_) => ending.abandoned().await,
    }
    result
}

fn write(
    transfer: &Arc<Transfer>,
    source: Source,
    options: &PutOptions,
    id: WriteId,
    allocator: ChunkAllocator,
    stalls: Arc<StallDetector>,
) -> Result<Stat> {
    let input = source.open(transfer)?;
    let original = input.original()?;
    transfer.progress.tell(Event::Started { path: transfer.path.to_string(), bytes: input.length() });
    let mut writer = Writer::new(transfer.clone(), input, allocator, stalls);
    writer.run()?;
    let mut rewrites = 0;
    loop {
        original.as_ref().map_or(Ok(()), Original::check_same)?;
        let lost = match commit(transfer, options, id, &writer)? {
            Committed::File(stat) => return Ok(stat),
            Committed::Lost(lost) => lost,
        };
        if let Some(first) = lost.first().filter(|_| rewrites == REWRITES_MAX) {
            return Err(writer.lost(*first));
        }
        rewrites += 1;
        writer.rewrite(&lost)?;
    }
}

/// # Errors
/// `invalid_argument` if the commit would exceed the largest message.
fn check_size(chunks: &[CommittedChunk]) -> Result<()> {
    let bytes: usize = chunks.iter().map(|chunk| encode_message(chunk).len()).sum();
    if bytes + PATH_BYTES_MAX * 2 <= CONTROL_BYTES_MAX {
        return Ok(());
    }
    Err(Error::of(ErrorCode::InvalidArgument, Detail::CommitTooLarge { chunks: chunks.len() as u64 }))
}

fn commit(transfer: &Transfer, options: &PutOptions, write: WriteId, writer: &Writer) -> Result<Committed> {
    let (chunks, shape) = (writer.chunks()?, writer.shape());
    check_size(&chunks).map_err(|error| error.at(&transfer.path))?;
    let commit = CommitWrite {
        request: request_id(),
        write,
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
        async move { master.files.commit_write(context, commit).await }
    }))
}
