//! Sends blocks of a chunk. Its table of checksums goes first; the reader verifies both, so nothing
//! is computed here.

use super::context::Context;
use super::disk::{DiskJob, DiskThreads};
use super::limits::READ_AHEAD;
use crate::datanode::store::{Buffers, ChunkStore, OpenReplica, StoreError};
use dfs_logic::chunk_file::{ALIGN_BYTES, BLOCK_BYTES};
use dfs_rpc::capability::Operation;
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{Read, StreamError};
use dfs_rpc::frame::{DATA_BYTES_MAX, FrameHeader, FrameKind, encode_table};
use dfs_types::{ChunkRef, ErrorCode, Principal};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// The reason why a read was not completed.
#[derive(Debug)]
pub enum ReadEnd {
    /// The connection failed.
    Conn(io::Error),
    /// The read failed; the reader receives this error.
    Stream(StreamError),
}

impl From<io::Error> for ReadEnd {
    fn from(error: io::Error) -> Self {
        Self::Conn(error)
    }
}

/// The parameters of a read.
#[derive(Debug)]
pub struct ReadStream<'a> {
    pub context: &'a Context,
    pub conn: &'a DataConn,
    pub buffers: &'a Arc<Buffers>,
    /// Its number on this connection.
    pub stream: u32,
}

/// The blocks of a replica that are to be sent.
struct Range {
    replica: Arc<OpenReplica>,
    start: u32,
    end: u32,
}

impl ReadStream<'_> {
    /// Serves a read. `disk` returns the thread that reads ahead; a short range does not need it.
    ///
    /// # Errors
    /// See [`ReadEnd`].
    pub fn serve<'d>(
        &self,
        peer: &Principal,
        read: &Read,
        disk: impl FnOnce() -> io::Result<&'d DiskThreads>,
    ) -> Result<(), ReadEnd> {
        let _permit = self.context.enter_read().map_err(ReadEnd::Stream)?;
        let range = self.find(peer, read).map_err(ReadEnd::Stream)?;
        let _counted = self.context.store.counters().read_begins();
        if (range.end - range.start) as usize <= DATA_BYTES_MAX {
            self.send_short(&range)
        } else {
            let disk = disk().map_err(|error| self.stream_error(StoreError::Io { what: "start thread", error }))?;
            self.send_long(&range, disk)
        }
    }

    fn find(&self, peer: &Principal, read: &Read) -> Result<Range, StreamError> {
        let allowed = self.context.authorise(&read.capability, Operation::Read, peer);
        let capability = allowed.map_err(|error| self.context.own(error))?;
        let unnamed = || self.context.unattributed(ErrorCode::PermissionDenied, "the capability names no checksum");
        let key = capability.key().ok_or_else(unnamed)?;
        let length = capability.length_max;
        let left = ChunkRef { id: key.chunk, generation: key.generation, length, checksum: key.checksum };
        let opened =
            self.context.patiently(|| self.context.store.read_or_salvage(left, (read.offset / BLOCK_BYTES) as usize));
        let replica = opened.map_err(|error| self.context.own(error.into_error(self.context.node())))?;
        let length = replica.header().length;
        match read.offset.checked_add(read.length) {
            Some(end) if read.length > 0 && end <= length => {
                let start = read.offset - read.offset % BLOCK_BYTES;
                Ok(Range { replica, start, end: end.next_multiple_of(BLOCK_BYTES).min(length) })
            }
            _ => {
                let what =
                    format!("{} bytes from {} on are outside a chunk of {length} bytes", read.length, read.offset);
                Err(self.context.unattributed(ErrorCode::InvalidArgument, &what))
            }
        }
    }

    fn stream_error(&self, error: StoreError) -> ReadEnd {
        ReadEnd::Stream(self.context.own(error.into_error(self.context.node())))
    }

    /// Converts a failed read; data that the disk does not return makes the replica suspect.
    fn failed(&self, range: &Range, error: StoreError) -> ReadEnd {
        let store: &ChunkStore = &self.context.store;
        self.stream_error(match error {
            StoreError::Corrupt(corruption) => store.suspect(range.replica.key(), corruption),
            error => error,
        })
    }

    fn header(&self, range: &Range, offset: u32, length: usize) -> FrameHeader {
        FrameHeader {
            kind: FrameKind::Data,
            length: length as u32,
            stream: self.stream,
            offset: u64::from(offset),
            crcs: range.replica.crcs(offset, length),
        }
    }

    /// Returns the table of the whole chunk.
    fn table(&self, range: &Range) -> (FrameHeader, Vec<u8>) {
        let table = encode_table(&range.replica.header().table);
        (FrameHeader::message(FrameKind::Table, self.stream, &table), table)
    }

    fn done(&self) -> FrameHeader {
        FrameHeader::message(FrameKind::ReadDone, self.stream, &[])
    }

    /// Sends one frame: one read of the disk, one write to the socket, no other thread.
    fn send_short(&self, range: &Range) -> Result<(), ReadEnd> {
        let length = range.replica.frame_bytes(range.start, range.end);
        let mut buffer = self.context.buffer(self.buffers).map_err(ReadEnd::Stream)?;
        let aligned = buffer.payload_mut(length.next_multiple_of(ALIGN_BYTES));
        range.replica.read(range.start, aligned).map_err(|error| self.failed(range, error))?;
        let data = self.header(range, range.start, length);
        let (header, table) = self.table(range);
        self.conn.send_three((&header, &table), (&data, buffer.payload(length)), (&self.done(), &[]))?;
        self.context.store.counters().sent(length as u64);
        Ok(())
    }

    /// Sends many frames: the disk thread reads [`READ_AHEAD`] frames ahead of the one that is
    /// sent.
    fn send_long(&self, range: &Range, disk: &DiskThreads) -> Result<(), ReadEnd> {
        let (header, table) = self.table(range);
        self.conn.send(&header, &table)?;
        let (done, frames) = sync_channel(READ_AHEAD + 1);
        let mut ahead = range.start;
        let mut in_flight = 0;
        let mut sent = range.start;
        while sent < range.end {
            while ahead < range.end && in_flight <= READ_AHEAD {
                let length = range.replica.frame_bytes(ahead, range.end);
                let buffer = self.context.buffer(self.buffers).map_err(ReadEnd::Stream)?;
                let (replica, done) = (range.replica.clone(), done.clone());
                disk.submit(DiskJob::Read { replica, buffer, offset: ahead, length, done });
                ahead += length as u32;
                in_flight += 1;
            }
            // This end holds a sender, too, so the wait ends with a frame or, if a thread has
            // panicked, with an error.
            let gone = |_| io::Error::other("the disk thread has ended");
            let frame = frames.recv_timeout(super::limits::DISK_STALL).map_err(gone)?;
            in_flight -= 1;
            let (buffer, offset, length) = frame.map_err(|error| self.failed(range, error))?;
            self.conn.send(&self.header(range, offset, length), buffer.payload(length))?;
            sent = offset + length as u32;
        }
        self.context.store.counters().sent(u64::from(range.end - range.start));
        Ok(self.conn.send(&self.done(), &[])?)
    }
}
