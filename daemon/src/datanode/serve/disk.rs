//! The two threads behind a connection: one does disk I/O, one finishes chunks and acknowledges
//! them.
//!
//! They start with the first chunk that needs them and end with the connection. Their queues are
//! bounded: a slow disk blocks the connection, and through it the peer.

use super::connections::Busy;
use super::context::Context;
use super::downstream::Hop;
use super::limits::{DISK_QUEUE, FINISHING_QUEUE, STACK_BYTES};
use super::work::Permit;
use crate::datanode::store::{Buffer, ChunkStore, ChunkWriter, OpenReplica, StoreError};
use crate::descriptors::Scarcity;
use dfs_rpc::capability::Stored;
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{StreamError, WriteDone};
use dfs_rpc::frame::FrameKind;
use dfs_types::ErrorCode;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

/// A chunk being written, shared by the connection and its disk thread.
#[derive(Debug)]
pub struct Incoming {
    pub writer: ChunkWriter,
    /// The first error of the disk.
    pub failed: OnceLock<StreamError>,
    /// Counts it among the writes in flight.
    pub counted: WriteInFlight,
    /// Marks its connection as busy.
    pub busy: Busy,
    /// Its descriptors.
    pub permit: Permit,
}

/// A write that is counted until it is dropped.
#[derive(Debug)]
pub struct WriteInFlight(Arc<ChunkStore>);

impl WriteInFlight {
    pub fn begin(store: &Arc<ChunkStore>) -> Self {
        store.counters().write_begins();
        Self(store.clone())
    }
}

impl Drop for WriteInFlight {
    fn drop(&mut self) {
        self.0.counters().write_ends();
    }
}

/// A chunk whose data was completely received and verified.
#[derive(Debug)]
pub struct Finishing {
    /// Its number on this connection.
    pub stream: u32,
    pub incoming: Arc<Incoming>,
    pub stored: Stored,
    pub table: Vec<u32>,
    /// The data of a small chunk that is not written yet.
    pub whole: Option<Buffer>,
    pub hop: Option<Hop>,
}

/// Work for the disk.
#[derive(Debug)]
pub enum DiskJob {
    /// Write `length` bytes of a buffer, padded, at `offset` of the chunk.
    Write { incoming: Arc<Incoming>, buffer: Arc<Buffer>, offset: u32, length: usize },
    /// Finish this chunk: all its data was written before this job.
    Finish(Finishing),
    /// Read a frame that is to be sent.
    Read { replica: Arc<OpenReplica>, buffer: Buffer, offset: u32, length: usize, done: SyncSender<ReadResult> },
}

/// A frame read ahead.
pub type ReadResult = Result<(Buffer, u32, usize), StoreError>;

/// The queues of a connection's threads.
#[derive(Debug)]
pub struct DiskThreads {
    disk: SyncSender<DiskJob>,
    finish: SyncSender<Finishing>,
}

impl DiskThreads {
    /// Starts both threads.
    ///
    /// # Errors
    /// Returns an error if the system cannot start more threads.
    pub fn start(context: &Arc<Context>, conn: &Arc<DataConn>) -> io::Result<Self> {
        let (disk, jobs) = sync_channel(DISK_QUEUE);
        let (finish, finished) = sync_channel(FINISHING_QUEUE);
        let to_finish = finish.clone();
        let builder = |name: &str| std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
        let (context_disk, context_finish, conn) = (context.clone(), context.clone(), conn.clone());
        builder("disk").spawn(move || work(&context_disk, &jobs, &to_finish))?;
        builder("finish").spawn(move || acknowledge(&context_finish, &conn, &finished))?;
        Ok(Self { disk, finish })
    }

    /// Queues a job; blocks while the queue is full. Returns false if the threads have ended.
    pub fn submit(&self, job: DiskJob) -> bool {
        match job {
            // None of its data is in the queue of the disk, so it need not wait there.
            DiskJob::Finish(finishing) if finishing.whole.is_some() => self.finish.send(finishing).is_ok(),
            job => self.disk.send(job).is_ok(),
        }
    }
}

fn work(context: &Context, jobs: &Receiver<DiskJob>, finish: &SyncSender<Finishing>) {
    while let Ok(job) = jobs.recv() {
        match job {
            DiskJob::Write { incoming, buffer, offset, length } => {
                if incoming.failed.get().is_none() {
                    let written = incoming.writer.write(offset, buffer.payload(length));
                    if let Err(error) = written {
                        let _ = incoming.failed.set(disk_failure(context, error));
                    }
                }
            }
            DiskJob::Finish(finishing) => {
                if finish.send(finishing).is_err() {
                    return;
                }
            }
            DiskJob::Read { replica, mut buffer, offset, length, done } => {
                let aligned = length.next_multiple_of(dfs_logic::chunk_file::ALIGN_BYTES);
                let read = replica.read(offset, buffer.payload_mut(aligned));
                // If the connection failed, nothing waits for the result.
                let _ = done.send(read.map(|()| (buffer, offset, length)));
            }
        }
    }
}

fn disk_failure(context: &Context, error: StoreError) -> StreamError {
    if error.is_scarcity() {
        tracing::warn!(%error, "a chunk could not be stored at the moment");
    } else {
        tracing::error!(%error, "a chunk could not be stored");
        context.store.counters().disk_error();
    }
    context.own(error.into_error(context.node()))
}

fn acknowledge(context: &Context, conn: &DataConn, finished: &Receiver<Finishing>) {
    while let Ok(finishing) = finished.recv() {
        let stream = finishing.stream;
        let answer = finish(context, finishing);
        let sent = match &answer {
            Ok(done) => conn.send_message(FrameKind::WriteDone, stream, done),
            Err(error) => conn.send_message(FrameKind::Error, stream, error),
        };
        if sent.is_err() {
            // The thread of the connection notices it, and ends this one by dropping the queue.
            conn.close();
        }
    }
}

fn finish(context: &Context, finishing: Finishing) -> Result<WriteDone, StreamError> {
    let Finishing { incoming, stored, table, whole, hop, .. } = finishing;
    // If a later datanode of the pipeline failed, the replica here is useless and is not synced.
    if let Some(error) = hop.as_ref().and_then(Hop::failure) {
        return Err(error);
    }
    let shared = || context.unattributed(ErrorCode::Internal, "a finished chunk is still being written");
    let Incoming { writer, failed, counted: _counted, busy: _busy, permit: _permit } =
        Arc::into_inner(incoming).ok_or_else(shared)?;
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    writer.commit(stored.length, table, whole).map_err(|error| disk_failure(context, error))?;
    context.store.counters().stored(u64::from(stored.length));
    let mut receipts = vec![context.receipt(&stored).map_err(|error| context.own(error))?];
    if let Some(hop) = hop {
        receipts.extend(hop.wait()?);
    }
    Ok(WriteDone { receipts })
}
