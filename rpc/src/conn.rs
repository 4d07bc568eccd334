//! The blocking connection of the data plane. One thread may read while another writes.

use crate::frame::{FrameError, FrameHeader, FrameKind, HEADER_BYTES, decode_message, encode_message};
use crate::transport::Connected;
use parking_lot::Mutex;
use rustls::Connection;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tokio_rustls::TlsStream;

/// What can go wrong with a connection. None of it is mended on the same connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("a frame of kind {0:?} has no place here")]
    Unexpected(FrameKind),
}

impl ConnError {
    /// Whether the peer was silent for longer than the connection's time limit.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

/// A data connection behind its hello, plain or TLS.
#[derive(Debug)]
pub struct DataConn {
    socket: TcpStream,
    /// Held for the length of a frame, so that frames of two threads do not mix.
    writing: Mutex<Vec<u8>>,
    tls: Option<Mutex<Connection>>,
    /// Locked by the reading thread alone.
    inbound: Mutex<Inbound>,
}

/// What was received and not yet asked for.
#[derive(Debug, Default)]
struct Inbound {
    /// The beginning of the next header. It is received together with the payload before it, which saves a call each, and
    /// it outlives a read that timed out.
    header: HeaderBytes,
    header_filled: usize,
    tls: TlsBytes,
}

/// Bytes of TLS received and not yet given to it.
#[derive(Debug, Default)]
struct TlsBytes {
    bytes: Vec<u8>,
    start: usize,
}

/// An own type for its `Default`, which long arrays do not have.
#[derive(Debug)]
struct HeaderBytes([u8; HEADER_BYTES]);

impl Default for HeaderBytes {
    fn default() -> Self {
        Self([0; HEADER_BYTES])
    }
}

impl DataConn {
    /// Takes over from the async world. The socket becomes a blocking one.
    ///
    /// # Errors
    /// When the socket cannot be changed.
    pub fn new(connected: Connected) -> io::Result<Self> {
        let plain = connected.plain;
        let (tcp, tls): (_, Connection) = match connected.stream {
            TlsStream::Client(stream) => {
                let (tcp, session) = stream.into_inner();
                (tcp, session.into())
            }
            TlsStream::Server(stream) => {
                let (tcp, session) = stream.into_inner();
                (tcp, session.into())
            }
        };
        let socket = tcp.into_std()?;
        socket.set_nonblocking(false)?;
        let tls = (!plain).then(|| Mutex::new(tls));
        Ok(Self { socket, writing: Mutex::default(), tls, inbound: Mutex::default() })
    }

    /// A read or write that makes no progress for this long fails; see [`ConnError::is_timeout`]. None waits for ever.
    ///
    /// # Errors
    /// When the socket refuses.
    pub fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(limit)?;
        self.socket.set_write_timeout(limit)
    }

    /// Like [`DataConn::set_timeout`], for reads alone.
    ///
    /// # Errors
    /// When the socket refuses.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(limit)
    }

    /// Ends both directions; a thread that waits in a read or write comes back at once.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Whether the payload goes through TLS.
    pub fn is_private(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the peer is gone or does not take it in time.
    pub fn send(&self, header: &FrameHeader, payload: &[u8]) -> io::Result<()> {
        let head = header.encode();
        self.send_parts(&mut [IoSlice::new(&head), IoSlice::new(payload)])
    }

    /// Sends two frames in one go.
    ///
    /// # Errors
    /// As [`DataConn::send`].
    pub fn send_two(&self, first: (&FrameHeader, &[u8]), second: (&FrameHeader, &[u8])) -> io::Result<()> {
        let heads = [first.0.encode(), second.0.encode()];
        let [first_head, second_head] = &heads;
        self.send_parts(&mut [
            IoSlice::new(first_head),
            IoSlice::new(first.1),
            IoSlice::new(second_head),
            IoSlice::new(second.1),
        ])
    }

    /// Sends three frames in one go.
    ///
    /// # Errors
    /// As [`DataConn::send`].
    pub fn send_three(
        &self,
        first: (&FrameHeader, &[u8]),
        second: (&FrameHeader, &[u8]),
        third: (&FrameHeader, &[u8]),
    ) -> io::Result<()> {
        let heads = [first.0.encode(), second.0.encode(), third.0.encode()];
        let [first_head, second_head, third_head] = &heads;
        self.send_parts(&mut [
            IoSlice::new(first_head),
            IoSlice::new(first.1),
            IoSlice::new(second_head),
            IoSlice::new(second.1),
            IoSlice::new(third_head),
            IoSlice::new(third.1),
        ])
    }

    /// Sends bytes that need not be a frame: for tests of what the other end makes of them.
    ///
    /// # Errors
    /// As [`DataConn::send`].
    pub fn send_raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.send_parts(&mut [IoSlice::new(bytes)])
    }

    fn send_parts(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut scratch = self.writing.lock();
        match &self.tls {
            None => write_all(&self.socket, parts),
            Some(tls) => parts.iter().try_for_each(|part| self.send_private(tls, &mut scratch, part)),
        }
    }

    /// Sends a message frame.
    ///
    /// # Errors
    /// As [`DataConn::send`].
    pub fn send_message<M: Serialize>(&self, kind: FrameKind, stream: u32, message: &M) -> io::Result<()> {
        let payload = encode_message(message);
        self.send(&FrameHeader::message(kind, stream, &payload), &payload)
    }

    /// Encrypts under the session's lock, writes without it, so that the reading thread is not held up by a slow peer.
    fn send_private(&self, tls: &Mutex<Connection>, scratch: &mut Vec<u8>, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            scratch.clear();
            let mut session = tls.lock();
            let taken = session.writer().write(bytes)?;
            while session.wants_write() {
                session.write_tls(scratch)?;
            }
            drop(session);
            (&self.socket).write_all(scratch)?;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The next header; none when the peer closed the connection between two frames.
    ///
    /// After a time limit ([`ConnError::is_timeout`]) it may be called again: nothing is lost.
    ///
    /// # Errors
    /// When the connection broke, or these bytes are no frame.
    pub fn receive_header(&self) -> Result<Option<FrameHeader>, ConnError> {
        let mut inbound = self.inbound.lock();
        let Inbound { header, header_filled, tls } = &mut *inbound;
        while let Some(rest) = header.0.get_mut(*header_filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest, &mut [], tls) {
                Ok(0) if *header_filled == 0 => return Ok(None),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => *header_filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        *header_filled = 0;
        Ok(Some(FrameHeader::decode(&header.0)?))
    }

    /// Whether a part of a header is there: the peer stopped in the middle of one.
    pub fn is_in_header(&self) -> bool {
        self.inbound.lock().header_filled > 0
    }

    /// The payload of the header just received, as long as `payload` is. It is not verified.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn receive_payload(&self, mut payload: &mut [u8]) -> Result<(), ConnError> {
        let mut inbound = self.inbound.lock();
        let Inbound { header, header_filled, tls } = &mut *inbound;
        while !payload.is_empty() {
            match self.read(payload, &mut header.0, tls) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => {
                    *header_filled = count.saturating_sub(payload.len());
                    payload = payload.get_mut(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The message of the header just received, verified.
    ///
    /// # Errors
    /// When the connection broke, the checksum does not match, or it is no such message.
    pub fn receive_message<M: DeserializeOwned>(&self, header: &FrameHeader) -> Result<M, ConnError> {
        // The header was checked: at most `MESSAGE_BYTES_MAX`, or for stray data frames `DATA_BYTES_MAX`.
        let mut payload = vec![0; header.length as usize];
        self.receive_payload(&mut payload)?;
        header.verify(&payload)?;
        Ok(decode_message(&payload)?)
    }

    /// Reads into `into`; what comes behind it may go into `behind`.
    fn read(&self, into: &mut [u8], behind: &mut [u8], kept: &mut TlsBytes) -> io::Result<usize> {
        match &self.tls {
            None if behind.is_empty() => (&self.socket).read(into),
            None => (&self.socket).read_vectored(&mut [IoSliceMut::new(into), IoSliceMut::new(behind)]),
            Some(tls) => self.read_private(tls, kept, into),
        }
    }

    fn read_private(&self, tls: &Mutex<Connection>, kept: &mut TlsBytes, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut session = tls.lock();
            while kept.start < kept.bytes.len() && session.wants_read() {
                let mut rest = kept.bytes.get(kept.start..).unwrap_or_default();
                let before = rest.len();
                session.read_tls(&mut rest)?;
                kept.start += before - rest.len();
                session.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            match session.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            drop(session);
            // All that was there is used up; the session is not held while the socket is waited for.
            kept.start = 0;
            kept.bytes.resize(TLS_READ_BYTES, 0);
            let count = (&self.socket).read(&mut kept.bytes);
            kept.bytes.truncate(count.as_ref().copied().unwrap_or(0));
            if count? == 0 {
                return Ok(0);
            }
        }
    }
}

/// Bytes read from the socket at once for TLS: four of its largest records.
const TLS_READ_BYTES: usize = 64 << 10;

fn write_all(mut socket: &TcpStream, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match socket.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
