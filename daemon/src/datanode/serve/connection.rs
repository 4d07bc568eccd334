//! One data connection: a thread that reads its frames and carries them out.

use super::connections::Activity;
use super::context::Context;
use super::disk::DiskThreads;
use super::limits::{IDLE_TICKS, SEND_STALL, SILENT_TICKS, TICK};
use super::read_stream::{ReadEnd, ReadStream};
use super::write_stream::{NextConnections, WriteStream};
use crate::datanode::store::Buffers;
use dfs_rpc::conn::{ConnError, DataConn};
use dfs_rpc::data::{OpenWrite, StreamError};
use dfs_rpc::frame::{FrameHeader, FrameKind};
use dfs_types::{Error, ErrorCode, Principal};
use std::io;
use std::sync::Arc;

/// A connection and its open streams.
#[derive(Debug)]
pub struct Connection {
    context: Arc<Context>,
    conn: Arc<DataConn>,
    peer: Principal,
    buffers: Arc<Buffers>,
    next: NextConnections,
    disk: Option<DiskThreads>,
    write: Option<WriteStream>,
    /// The stream that failed; its remaining frames are dropped.
    dropping: Option<u32>,
    /// Shared with other threads, which close idle connections when they need room.
    activity: Arc<Activity>,
}

impl Connection {
    pub fn new(context: Arc<Context>, conn: Arc<DataConn>, peer: Principal, activity: Arc<Activity>) -> Self {
        let buffers = Buffers::new(context.budget.clone());
        let (next, disk, write, dropping) = (NextConnections::default(), None, None, None);
        Self { context, conn, peer, buffers, next, disk, write, dropping, activity }
    }

    /// Serves until the peer closes the connection, violates the protocol, or sends nothing for too
    /// long.
    ///
    /// # Errors
    /// The reason why the connection ended, unless the peer closed it or it was idle for long.
    pub fn run(mut self) -> Result<(), ConnError> {
        self.conn.set_timeout(Some(SEND_STALL))?;
        self.conn.set_read_timeout(Some(TICK))?;
        let ended = self.serve();
        if let Some(write) = &mut self.write {
            write.abort();
        }
        self.conn.close();
        ended
    }

    fn serve(&mut self) -> Result<(), ConnError> {
        let mut ticks = 0;
        loop {
            match self.conn.receive_header() {
                Ok(None) => return Ok(()),
                Ok(Some(header)) => {
                    ticks = 0;
                    self.handle(&header)?;
                }
                Err(error) if error.is_timeout() => {
                    ticks += 1;
                    let busy = self.write.is_some() || self.conn.is_in_header();
                    if busy && ticks >= SILENT_TICKS {
                        return Err(error);
                    }
                    if !busy {
                        self.buffers.release();
                        self.next.clear();
                    }
                    if ticks >= IDLE_TICKS {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn handle(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        match header.kind {
            FrameKind::OpenWrite => self.open(header),
            FrameKind::Data => self.data(header),
            FrameKind::FinishWrite => self.finish(header),
            FrameKind::AbortWrite => self.abort(header),
            FrameKind::Read => self.read(header),
            other @ (FrameKind::WriteDone | FrameKind::Table | FrameKind::ReadDone | FrameKind::Error) => {
                Err(ConnError::Unexpected(other))
            }
        }
    }

    fn threads(&mut self) -> io::Result<&DiskThreads> {
        if self.disk.is_none() {
            self.disk = Some(DiskThreads::start(&self.context, &self.conn)?);
        }
        self.disk.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Reports to the peer that a stream failed; the remaining frames of the stream are dropped.
    fn fail(&mut self, stream: u32, error: &StreamError) -> Result<(), ConnError> {
        tracing::debug!(peer = %self.peer, stream, error = %error.error, "stream failed");
        if let Some(mut write) = self.write.take() {
            write.abort();
        }
        self.dropping = Some(stream);
        Ok(self.conn.send_message(FrameKind::Error, stream, error)?)
    }

    fn open(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        let open: OpenWrite = self.conn.receive_message(header)?;
        if self.write.is_some() {
            // Streams do not interleave.
            return Err(ConnError::Unexpected(header.kind));
        }
        self.dropping = None;
        let stream = header.stream;
        if let Err(error) = self.threads() {
            let error = Error::new(ErrorCode::LocalIo, format!("{}: start thread: {error}", self.context.node()));
            let error = self.context.own(error);
            return self.fail(stream, &error);
        }
        let busy = self.activity.begin();
        match WriteStream::open(&self.context, &mut self.next, &self.peer, (stream, busy), &open) {
            Ok(write) => {
                self.write = Some(write);
                Ok(())
            }
            Err(error) => self.fail(stream, &error),
        }
    }

    fn data(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        let (Some(write), Some(disk)) = (&mut self.write, &self.disk) else { return self.drop_payload(header) };
        if write.stream != header.stream {
            return Err(ConnError::Unexpected(header.kind));
        }
        match write.data(&self.context, &self.conn, disk, &self.buffers, header)? {
            Ok(()) => Ok(()),
            Err(error) => self.fail(header.stream, &error),
        }
    }

    /// Receives a frame of a failed stream, and drops it.
    fn drop_payload(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        if self.dropping != Some(header.stream) {
            return Err(ConnError::Unexpected(header.kind));
        }
        let stalled = |error: StreamError| ConnError::Io(io::Error::other(error.error.to_string()));
        let mut buffer = self.context.buffer(&self.buffers).map_err(stalled)?;
        self.conn.receive_payload(buffer.payload_mut(header.length as usize))
    }

    fn finish(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        let (Some(write), Some(disk)) = (self.write.take_if(|write| write.stream == header.stream), &self.disk) else {
            return self.drop_payload(header);
        };
        let finish = self.conn.receive_message(header)?;
        match write.finish(&self.context, disk, &finish) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(header.stream, &error),
        }
    }

    fn abort(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        if let Some(mut write) = self.write.take_if(|write| write.stream == header.stream) {
            write.abort();
        }
        // Its payload should be empty; if there is one, it is dropped too.
        self.dropping = Some(header.stream);
        self.drop_payload(header)
    }

    fn read(&mut self, header: &FrameHeader) -> Result<(), ConnError> {
        let read = self.conn.receive_message(header)?;
        let _busy = self.activity.begin();
        if self.write.is_some() {
            return Err(ConnError::Unexpected(header.kind));
        }
        let (context, conn, peer) = (self.context.clone(), self.conn.clone(), self.peer.clone());
        let buffers = self.buffers.clone();
        let stream = ReadStream { context: &context, conn: &conn, buffers: &buffers, stream: header.stream };
        match stream.serve(&peer, &read, || self.threads()) {
            Ok(()) => Ok(()),
            Err(ReadEnd::Conn(error)) => Err(error.into()),
            Err(ReadEnd::Stream(error)) => Ok(self.conn.send_message(FrameKind::Error, header.stream, &error)?),
        }
    }
}
