//! The receiving end of a chunk: open, data, finish.
//!
//! For each frame: receives into aligned memory, queues the write, forwards the same memory, then
//! verifies it. Nothing is acknowledged before every checksum was verified, because only a verified
//! chunk is ever finished.

use super::connections::Busy;
use super::context::Context;
use super::disk::{DiskJob, DiskThreads, Finishing, Incoming, WriteInFlight};
use super::downstream::{Downstream, Hop};
use crate::datanode::store::{Buffer, Buffers, Intent};
use dfs_logic::chunk_file::CAPACITY_MAX;
use dfs_rpc::capability::{Capability, Operation, Stored};
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::{FinishWrite, OpenWrite, StreamError};
use dfs_rpc::frame::{DATA_BYTES_MAX, FrameHeader, table_checksum};
use dfs_rpc::wire::NodeAddress;
use dfs_types::{Error, ErrorCode, Principal};
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

/// A chunk that is being received.
#[derive(Debug)]
pub struct WriteStream {
    /// Its number on this connection.
    pub stream: u32,
    capability: Capability,
    incoming: Arc<Incoming>,
    hop: Option<Hop>,
    /// The maximum length of the chunk in bytes.
    capacity: u32,
    received: u32,
    table: Vec<u32>,
    /// True if the whole chunk fits in one buffer; it is then written together with the header.
    small: bool,
    whole: Option<Buffer>,
}

/// Connections to next datanodes, the most recently used first.
#[derive(Debug, Default)]
pub struct NextConnections {
    open: VecDeque<Arc<Downstream>>,
}

impl NextConnections {
    /// Begins the chunk at the first datanode of `behind`, over an open connection if there is one.
    fn begin(
        &mut self,
        context: &Context,
        open: &OpenWrite,
        behind: &[NodeAddress],
    ) -> Result<Option<Hop>, StreamError> {
        let Some(next) = behind.first() else { return Ok(None) };
        if let Some(downstream) = self.find(*next) {
            let begun = downstream.open(open, behind);
            if begun.is_ok() {
                self.open.push_front(downstream);
                return begun.map(Some);
            }
            // The connection was closed while it was idle: this is not a failure of the datanode
            // yet.
        }
        let downstream = Downstream::connect(context, *next, behind.len())?;
        let hop = downstream.open(open, behind)?;
        self.open.push_front(downstream);
        self.open.truncate(context.room.bounds.hops);
        Ok(Some(hop))
    }

    /// Closes the connections without a chunk in progress.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    fn find(&mut self, next: NodeAddress) -> Option<Arc<Downstream>> {
        self.open.retain(|downstream| !downstream.is_closed());
        let place = self.open.iter().position(|downstream| downstream.next() == next)?;
        self.open.remove(place)
    }
}

impl WriteStream {
    /// Checks the permission, opens the rest of the pipeline and the file here.
    ///
    /// # Errors
    /// The error names the datanode that failed, if one did.
    pub fn open(
        context: &Context,
        next: &mut NextConnections,
        peer: &Principal,
        (stream, busy): (u32, Busy),
        open: &OpenWrite,
    ) -> Result<Self, StreamError> {
        let allowed = context.authorise(&open.capability, Operation::Write, peer);
        let capability = allowed.map_err(|error| context.own(error))?;
        let capacity = check_open(context, &capability, open)?;
        let behind = capability.behind(context.node());
        let permit = context.enter_write(behind.len())?;
        let hop = next.begin(context, open, behind)?;
        // A chunk of one frame is written at once when it ends: there is nothing to reserve.
        let reserve = open.length.is_some() && capacity as usize > DATA_BYTES_MAX;
        let Capability { chunk, generation, checksum, .. } = capability;
        let begin = || context.store.begin(Intent { chunk, generation, checksum }, capacity, reserve);
        let begun = context.patiently(begin);
        let writer = match begun {
            Ok(writer) => writer,
            Err(error) => {
                hop.into_iter().for_each(Hop::abort);
                return Err(context.own(error.into_error(context.node())));
            }
        };
        let small = open.length.is_some() && writer.fits_one_buffer(capacity);
        let counted = WriteInFlight::begin(&context.store);
        let incoming = Arc::new(Incoming { writer, failed: OnceLock::new(), counted, busy, permit });
        Ok(Self { stream, capability, incoming, hop, capacity, received: 0, table: Vec::new(), small, whole: None })
    }

    /// Receives a frame of data. A `ConnError` ends the connection, a `StreamError` only this
    /// chunk.
    ///
    /// # Errors
    /// The outer error: the connection failed. The inner error: the chunk failed, here or further
    /// down the pipeline.
    pub fn data(
        &mut self,
        context: &Context,
        conn: &DataConn,
        disk: &DiskThreads,
        buffers: &Arc<Buffers>,
        header: &FrameHeader,
    ) -> Result<Result<(), StreamError>, ConnError> {
        let length = header.length as usize;
        let mut buffer = match context.buffer(buffers) {
            Ok(buffer) => buffer,
            // The payload is still on its way: without memory for it the connection cannot
            // continue.
            Err(error) => return Err(std::io::Error::other(error.error.to_string()).into()),
        };
        conn.receive_payload(buffer.payload_mut(length))?;
        Ok(self.take(context, disk, header, buffer))
    }

    fn take(
        &mut self,
        context: &Context,
        disk: &DiskThreads,
        header: &FrameHeader,
        mut buffer: Buffer,
    ) -> Result<(), StreamError> {
        let length = header.length as usize;
        let end = u64::from(self.received) + u64::from(header.length);
        if header.offset != u64::from(self.received) || end > u64::from(self.capacity) {
            let what =
                format!("expected data for offset {}, but received data for offset {}", self.received, header.offset);
            return Err(context.unattributed(ErrorCode::InvalidArgument, &what));
        }
        if let Some(error) = self.incoming.failed.get().cloned().or_else(|| self.hop.as_ref()?.failure()) {
            return Err(error);
        }
        let offset = self.received;
        self.received = end as u32;
        self.table.extend(header.crcs.iter().take(header.blocks()));
        if self.small {
            self.pass_on(context, header, buffer.payload(length))?;
            self.whole = Some(buffer);
            return Ok(());
        }
        let padded = buffer.pad(length);
        let buffer = Arc::new(buffer);
        let job = DiskJob::Write { incoming: self.incoming.clone(), buffer: buffer.clone(), offset, length: padded };
        submit(context, disk, job)?;
        self.pass_on(context, header, buffer.payload(length))
    }

    /// Forwards data first and verifies it then: the next datanode verifies it at the same time.
    fn pass_on(&self, context: &Context, header: &FrameHeader, payload: &[u8]) -> Result<(), StreamError> {
        if let Some(hop) = &self.hop {
            hop.data(header, payload)?;
        }
        let corrupt = |_| context.unattributed(ErrorCode::ChecksumMismatch, "the data was corrupted on its way");
        header.verify(payload).map_err(corrupt)
    }

    /// Finishes the chunk: compares length and checksum, and queues the chunk for its sync and
    /// acknowledgement.
    ///
    /// # Errors
    /// Returns an error if the writer announced another chunk, or the pipeline failed.
    pub fn finish(mut self, context: &Context, disk: &DiskThreads, finish: &FinishWrite) -> Result<(), StreamError> {
        let checksum = table_checksum(&self.table);
        let Capability { checksum: committed, length_max, .. } = self.capability;
        let other = committed.is_some_and(|committed| (committed, length_max) != (checksum, self.received));
        if finish.length != self.received || finish.checksum != checksum || self.received == 0 || other {
            let what = match other {
                true => "the bytes differ from those that the masters named".to_owned(),
                false => format!("the writer ended a chunk of {} bytes after {}", finish.length, self.received),
            };
            self.abort();
            return Err(context.unattributed(ErrorCode::ChecksumMismatch, &what));
        }
        let hop = self.hop.take();
        if let Some(hop) = &hop {
            hop.finish(finish)?;
        }
        let stored = Stored {
            cluster: self.capability.cluster,
            node: context.node(),
            boot: context.boot,
            chunk: self.capability.chunk,
            generation: self.capability.generation,
            length: self.received,
            checksum,
        };
        let Self { stream, incoming, table, whole, .. } = self;
        submit(context, disk, DiskJob::Finish(Finishing { stream, incoming, stored, table, whole, hop }))
    }

    /// Abandons the chunk, here and further down the pipeline.
    pub fn abort(&mut self) {
        self.hop.take().into_iter().for_each(Hop::abort);
    }
}

fn submit(context: &Context, disk: &DiskThreads, job: DiskJob) -> Result<(), StreamError> {
    let gone = || context.own(Error::new(ErrorCode::LocalIo, format!("{}: the disk thread has ended", context.node())));
    if disk.submit(job) { Ok(()) } else { Err(gone()) }
}

/// Returns the maximum length of the chunk in bytes.
fn check_open(context: &Context, capability: &Capability, open: &OpenWrite) -> Result<u32, StreamError> {
    let capacity = open.length.unwrap_or(capability.length_max);
    if capacity == 0 || capacity > capability.length_max.min(CAPACITY_MAX) {
        let what = format!("a chunk of {capacity} bytes is not allowed here");
        return Err(context.unattributed(ErrorCode::InvalidArgument, &what));
    }
    Ok(capacity)
}
