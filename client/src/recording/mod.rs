//! Recordings of dashboards: the answers of masters, in a file. docs/formats.md describes every
//! byte.
//!
//! After a header come frames, one for each answer: an encoded [`ClusterView`](dfs_rpc::view::ClusterView), or
//! the error of the request. At least one frame per minute is a whole view, so that a moment can be
//! shown without reading the whole file. Frames are only appended.

mod read;
#[cfg(test)]
mod tests;

pub use read::{Answer, Damage, Frame, Recording};

use dfs_rpc::frame::encode_message;
use dfs_rpc::{CONTROL_BYTES_MAX, hello, wire};
use dfs_types::{Error, ErrorCode, Result, Timestamp};
use std::io::{self, Write};
use strum::FromRepr;

/// The maximum size of a recording: 1 GiB.
pub const RECORDING_BYTES_MAX: u64 = 1 << 30;
/// The maximum number of frames: six days at four frames per second.
pub const FRAMES_MAX: usize = 1 << 21;
/// The length of the header of the file, and of the header of a frame.
pub const HEAD_BYTES: usize = 32;
pub const FRAME_HEAD_BYTES: usize = 32;

const MAGIC: [u8; 8] = *b"dfs-rec\n";
const VERSION: u32 = 1;
/// The largest payload of a frame: one answer of a master.
const PAYLOAD_BYTES_MAX: usize = CONTROL_BYTES_MAX;
/// The maximum length of a recording in milliseconds: less than 35 years.
const TIME_MS_MAX: u64 = 1 << 40;

/// The kind of a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRepr)]
#[repr(u8)]
pub enum FrameKind {
    /// A whole view.
    Whole = 1,
    /// A delta to the previous view.
    News = 2,
    /// The error of a request without a view: an [`Error`] in postcard.
    Lost = 3,
}

/// The times of a request and of its answer, in milliseconds since the recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct When {
    pub asked_ms: u64,
    pub came_ms: u64,
}

/// Writes a recording.
#[derive(Debug)]
pub struct Recorder<W> {
    into: W,
    bytes: u64,
    frames: usize,
}

impl<W: Write> Recorder<W> {
    /// Begins a recording at this time.
    ///
    /// # Errors
    /// `local_io`.
    pub fn begin(mut into: W, began: Timestamp) -> Result<Self> {
        into.write_all(&head(began)).map_err(failed)?;
        Ok(Self { into, bytes: HEAD_BYTES as u64, frames: 0 })
    }

    /// Appends a view or a delta, in the encoding of
    /// [`ClusterView::encode`](dfs_rpc::view::ClusterView::encode).
    ///
    /// # Errors
    /// `local_io`; also if the recording is full, which is then unchanged.
    pub fn view(&mut self, when: When, whole: bool, view: &[u8]) -> Result<()> {
        self.append(when, if whole { FrameKind::Whole } else { FrameKind::News }, view)
    }

    /// Appends the error of a request without a view.
    ///
    /// # Errors
    /// Those of [`Recorder::view`].
    pub fn lost(&mut self, when: When, error: &Error) -> Result<()> {
        self.append(when, FrameKind::Lost, &encode_message(&wire::Error::from(error)))
    }

    fn append(&mut self, when: When, kind: FrameKind, payload: &[u8]) -> Result<()> {
        let bytes = (FRAME_HEAD_BYTES + payload.len()) as u64;
        if self.bytes + bytes > RECORDING_BYTES_MAX || self.frames >= FRAMES_MAX {
            return Err(Error::new(
                ErrorCode::LocalIo,
                "the recording is full: it has reached its maximum size of 1 GiB",
            ));
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Error::new(ErrorCode::LocalIo, "a view of the cluster is too large to be recorded"));
        }
        // A single write, so that at most one frame is torn if the process is killed.
        self.into.write_all(&[&frame_head(when, kind, payload), payload].concat()).map_err(failed)?;
        self.into.flush().map_err(failed)?;
        (self.bytes, self.frames) = (self.bytes + bytes, self.frames + 1);
        Ok(())
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorCode::LocalIo, error.to_string())
}

/// Returns the protocol version of the recorded views.
fn protocol() -> u16 {
    *hello::VERSIONS.end()
}

fn head(began: Timestamp) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..14].copy_from_slice(&protocol().to_le_bytes());
    head[16..24].copy_from_slice(&began.0.to_le_bytes());
    let crc = crc32c::crc32c(&head[..28]);
    head[28..].copy_from_slice(&crc.to_le_bytes());
    head
}

fn frame_head(when: When, kind: FrameKind, payload: &[u8]) -> [u8; FRAME_HEAD_BYTES] {
    let mut head = [0; FRAME_HEAD_BYTES];
    head[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[4] = kind as u8;
    head[8..16].copy_from_slice(&when.asked_ms.to_le_bytes());
    head[16..24].copy_from_slice(&when.came_ms.to_le_bytes());
    head[24..28].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    let crc = crc32c::crc32c(&head[..28]);
    head[28..].copy_from_slice(&crc.to_le_bytes());
    head
}
