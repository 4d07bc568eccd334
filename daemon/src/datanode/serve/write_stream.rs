//! The receiving end of a chunk: open, data, finish.
//!
//! Per frame: receive into aligned memory, queue the write, pass the same memory on, then verify it. Nothing is
//! acknowledged before every checksum was verified, since only a verified chunk is ever finished.

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
    /// The most bytes that it may have.
    capacity: u32,
    received: u32,
    table: Vec<u32>,
    /// Whether the whole chunk fits into one buffer, which then is written together with the header.
    small: bool,
    whole: Option<Buffer>,
}

/// Connections to next datanodes, the last used in front.
#[derive(Debug, Default)]
pub struct Chains {
    open: VecDeque<Arc<Downstream>>,
}

impl Chains {
    /// Begins the chunk at the first datanode of `behind`, over a connection that is open if there is one.
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
            // It was closed while it was idle: not a failure of the datanode yet.
        }
        let downstream = Downstream::connect(context, *next, behind.len())?;
        let hop = downstream.open(open, behind)?;
        self.open.push_front(downstream);
        self.open.truncate(context.room.bounds.hops);
        Ok(Some(hop))
    }

    /// Closes the connections that no chunk is under way on.
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
    /// Checks the permission, opens the chain behind and the file here.
    ///
    /// # Errors
    /// Names the datanode that failed, if one did.
    pub fn open(
        context: &Context,
        chains: &mut Chains,
        peer: &Principal,
        (stream, busy): (u32, Busy),
        open: &OpenWrite,
    ) -> Result<Self, StreamError> {
        let allowed = context.authorise(&open.capability, Operation::Write, peer);
        let capability = allowed.map_err(|error| context.own(error))?;
        let capacity = check_open(context, &capability, open)?;
        let behind = capability.behind(context.node());
        let permit = context.enter_write(behind.len())?;
        let hop = chains.begin(context, open, behind)?;
        // A chunk of one frame is written in one go when it ends: nothing to reserve for it.
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

    /// Receives a frame of data. A `ConnError` ends the connection, a `StreamError` this chunk alone.
    ///
    /// # Errors
    /// The outer: the connection broke. The inner: the chunk failed, here or further down.
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
            // The payload is still on its way: without memory for it the connection is lost.
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
            let what = format!("data for {} came at {}", self.received, header.offset);
            return Err(context.nobodys(ErrorCode::InvalidArgument, &what));
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

    /// Sends data on first and verifies it then: the next datanode verifies for itself meanwhile.
    fn pass_on(&self, context: &Context, header: &FrameHeader, payload: &[u8]) -> Result<(), StreamError> {
        if let Some(hop) = &self.hop {
            hop.data(header, payload)?;
        }
        let damaged = |_| context.nobodys(ErrorCode::ChecksumMismatch, "the data was damaged on its way");
        header.verify(payload).map_err(damaged)
    }

    /// All data is here: compares length and checksum, and queues the chunk for its sync and acknowledgement.
    ///
    /// # Errors
    /// When the writer meant another chunk, or the chain broke.
    pub fn finish(mut self, context: &Context, disk: &DiskThreads, finish: &FinishWrite) -> Result<(), StreamError> {
        let checksum = table_checksum(&self.table);
        let Capability { checksum: committed, length_max, .. } = self.capability;
        let other = committed.is_some_and(|committed| (committed, length_max) != (checksum, self.received));
        if finish.length != self.received || finish.checksum != checksum || self.received == 0 || other {
            let what = match other {
                true => "the bytes are others than those that the masters named".to_owned(),
                false => format!("the writer ended a chunk of {} bytes after {}", finish.length, self.received),
            };
            self.abort();
            return Err(context.nobodys(ErrorCode::ChecksumMismatch, &what));
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

    /// Gives the chunk up, here and further down.
    pub fn abort(&mut self) {
        self.hop.take().into_iter().for_each(Hop::abort);
    }
}

fn submit(context: &Context, disk: &DiskThreads, job: DiskJob) -> Result<(), StreamError> {
    let gone = || context.own(Error::new(ErrorCode::LocalIo, format!("{}: the disk thread has ended", context.node())));
    if disk.submit(job) { Ok(()) } else { Err(gone()) }
}

/// The most bytes that the chunk may have.
fn check_open(context: &Context, capability: &Capability, open: &OpenWrite) -> Result<u32, StreamError> {
    let capacity = open.length.unwrap_or(capability.length_max);
    if capacity == 0 || capacity > capability.length_max.min(CAPACITY_MAX) {
        let what = format!("a chunk of {capacity} bytes is not allowed here");
        return Err(context.nobodys(ErrorCode::InvalidArgument, &what));
    }
    Ok(capacity)
}
