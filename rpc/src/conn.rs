//! The blocking connection of the data plane. One thread may read while another one writes.

use crate::frame::{FrameError, FrameHeader, FrameKind, HEADER_BYTES, decode_message, encode_message};
use crate::transport::Connected;
use parking_lot::Mutex;
use rustls::Connection;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tokio_rustls::TlsStream;

/// The error of a connection. After any of them the connection cannot be used further.
#[derive(Debug, thiserror::Error)]
pub enum ConnError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("a frame of kind {0:?} is not expected here")]
    Unexpected(FrameKind),
}

impl ConnError {
    /// Returns true if the peer sent nothing for longer than the connection's time limit.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

/// A data connection after its hello, plain or TLS.
#[derive(Debug)]
pub struct DataConn {
    socket: TcpStream,
    /// Locked while a frame is sent, so that frames of two threads are not interleaved.
    writing: Mutex<Vec<u8>>,
    tls: Option<Mutex<Connection>>,
    /// Locked only by the reading thread.
    inbound: Mutex<Inbound>,
}

/// Received data that has not been requested yet.
#[derive(Debug, Default)]
struct Inbound {
    /// The beginning of the next header. It is received together with the payload before it, which
    /// saves one system call each, and it is kept when a read times out.
    header: HeaderBytes,
    header_filled: usize,
    tls: TlsBytes,
}

/// TLS bytes that were received and not yet passed to the session.
#[derive(Debug, Default)]
struct TlsBytes {
    bytes: Vec<u8>,
    start: usize,
}

/// A type of its own, because long arrays do not implement `Default`.
#[derive(Debug)]
struct HeaderBytes([u8; HEADER_BYTES]);

impl Default for HeaderBytes {
    fn default() -> Self {
        Self([0; HEADER_BYTES])
    }
}

impl DataConn {
    /// Converts an asynchronous connection. The socket becomes a blocking one.
    ///
    /// # Errors
    /// Returns an error if the socket cannot be changed.
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

    /// Sets the time limit: a read or write without progress for this long fails; see
    /// [`ConnError::is_timeout`]. `None` waits without limit.
    ///
    /// # Errors
    /// Returns an error if the socket rejects the limit.
    pub fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(limit)?;
        self.socket.set_write_timeout(limit)
    }

    /// Like [`DataConn::set_timeout`], for reads only.
    ///
    /// # Errors
    /// Returns an error if the socket rejects the limit.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(limit)
    }

    /// Closes both directions; a thread that waits in a read or write returns at once.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Returns true if the payload is encrypted with TLS.
    pub fn is_private(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// Returns an error if the peer has gone or does not accept the frame in time.
    pub fn send(&self, header: &FrameHeader, payload: &[u8]) -> io::Result<()> {
        let head = header.encode();
        self.send_parts(&mut [IoSlice::new(&head), IoSlice::new(payload)])
    }

    /// Sends two frames in one write.
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

    /// Sends three frames in one write.
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

    /// Sends bytes that need not be a valid frame, for tests of the other end.
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

    /// Encrypts under the lock of the session and writes without it, so that a slow peer does not
    /// block the reading thread.
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

    /// Receives the next header. Returns `None` if the peer closed the connection between two
    /// frames.
    ///
    /// After a timeout ([`ConnError::is_timeout`]) it can be called again: no data is lost.
    ///
    /// # Errors
    /// Returns an error if the connection failed, or the bytes are not a valid header.
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

    /// Returns true if a part of a header was received: the peer stopped in the middle of it.
    pub fn is_in_header(&self) -> bool {
        self.inbound.lock().header_filled > 0
    }

    /// Receives the payload of the last header; its length is that of `payload`. It is not
    /// verified.
    ///
    /// # Errors
    /// Returns an error if the connection failed.
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

    /// Receives the message of the last header and verifies it.
    ///
    /// # Errors
    /// Returns an error if the connection failed, the checksum does not match, or the message is
    /// not of this type.
    pub fn receive_message<M: DeserializeOwned>(&self, header: &FrameHeader) -> Result<M, ConnError> {
        // The header was checked: at most `MESSAGE_BYTES_MAX`, or `DATA_BYTES_MAX` for an
        // unexpected data frame.
        let mut payload = vec![0; header.length as usize];
        self.receive_payload(&mut payload)?;
        header.verify(&payload)?;
        Ok(decode_message(&payload)?)
    }

    /// Reads into `into`; data after it may be read into `behind`.
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
            // All received bytes are consumed; the session is not locked while waiting for the
            // socket.
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

/// The number of TLS bytes read from the socket at once: four records of the largest size.
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
