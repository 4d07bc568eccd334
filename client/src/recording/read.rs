//! Reads recordings: the frames are located once, from front to back; their payloads are read on
//! demand.

use super::{
    FRAME_HEAD_BYTES, FRAMES_MAX, FrameKind, HEAD_BYTES, MAGIC, PAYLOAD_BYTES_MAX, RECORDING_BYTES_MAX, TIME_MS_MAX,
    VERSION, When, failed,
};
use dfs_rpc::frame::decode_message;
use dfs_rpc::view::ClusterView;
use dfs_rpc::{hello, wire};
use dfs_types::{Error, ErrorCode, Result, Timestamp};
use std::io::{BufReader, Read, Seek, SeekFrom};

/// A recording that is opened for reading.
#[derive(Debug)]
pub struct Recording<R> {
    from: R,
    began: Timestamp,
    frames: Vec<Frame>,
    damage: Option<Damage>,
}

/// The location of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub when: When,
    pub kind: FrameKind,
    /// The offset of its payload, and its length.
    at: u64,
    bytes: u32,
    crc: u32,
}

/// A corrupt part of the file. The bytes after it are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The offset of the frame that has the corruption.
    pub at: u64,
    /// The number of bytes from there to the end.
    pub bytes: u64,
    pub what: &'static str,
}

/// The answer of a master, or the error of the request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    ClusterView(Box<ClusterView>),
    Lost(Error),
}

impl<R: Read + Seek> Recording<R> {
    /// Scans a recording. If the last frame is torn, because the recorder was killed or is still
    /// writing, the recording ends before it.
    ///
    /// # Errors
    /// `local_io` if it cannot be read. `unsupported` for another version. `invalid_argument` if it
    /// is not a recording, or does not begin with a whole view.
    pub fn open(mut from: R) -> Result<Self> {
        let length = from.seek(SeekFrom::End(0)).map_err(failed)?;
        from.seek(SeekFrom::Start(0)).map_err(failed)?;
        if length > RECORDING_BYTES_MAX {
            return Err(wrong("this is not a recording: it is larger than 1 GiB"));
        }
        let mut scan = Scan { from: BufReader::new(&mut from), at: 0, length };
        let began = scan.head()?;
        let (frames, damage) = scan.frames()?;
        let recording = Self { from, began, frames, damage };
        match recording.frames.iter().find(|frame| frame.kind != FrameKind::Lost) {
            Some(Frame { kind: FrameKind::News, .. }) => {
                Err(wrong("the recording begins with a delta: its beginning is missing"))
            }
            None if recording.frames.is_empty() => Err(match &recording.damage {
                Some(damage) => wrong(&damage.to_string()),
                None => wrong("the recording is empty: it ended before the first view"),
            }),
            _ => Ok(recording),
        }
    }

    /// Returns the time at which it began, by the clock of the recorder.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Returns all frames, in the order of the answers.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Returns the time of the last frame, in milliseconds since it began.
    pub fn length_ms(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.when.came_ms)
    }

    /// Returns the corruption that ended the scan, if any.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// `local_io`; `internal` if it is not an answer of a master.
    pub fn read(&mut self, frame: &Frame) -> Result<Answer> {
        let mut payload = vec![0; frame.bytes as usize];
        self.from.seek(SeekFrom::Start(frame.at)).map_err(failed)?;
        self.from.read_exact(&mut payload).map_err(failed)?;
        if crc32c::crc32c(&payload) != frame.crc {
            return Err(Error::new(ErrorCode::Internal, "the recording has changed while it was read"));
        }
        match frame.kind {
            FrameKind::Whole | FrameKind::News => Ok(Answer::ClusterView(Box::new(ClusterView::decode(&payload)?))),
            FrameKind::Lost => decode_message::<wire::Error>(&payload)
                .map(|error| Answer::Lost(error.into()))
                .map_err(|error| Error::new(ErrorCode::Internal, format!("the recording: {error}"))),
        }
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorCode::InvalidArgument, what)
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, bytes, what } = self;
        write!(f, "the recording is corrupt at byte {at} ({what}): the last {bytes} bytes are ignored")
    }
}

/// A scan of the file.
struct Scan<R> {
    from: R,
    at: u64,
    length: u64,
}

/// The result of reading one frame.
enum Found {
    Good(Frame),
    /// The file ends within the frame.
    Torn,
    Corrupt(&'static str),
}

impl<R: Read> Scan<R> {
    fn head(&mut self) -> Result<Timestamp> {
        let no_recording = || wrong("this is not a recording of dfs-top");
        let mut head = [0; HEAD_BYTES];
        if self.length < HEAD_BYTES as u64 {
            return Err(if self.length == 0 {
                wrong("this is not a recording: the file is empty")
            } else {
                no_recording()
            });
        }
        self.take(&mut head)?;
        if !head.starts_with(&MAGIC) {
            return Err(no_recording());
        }
        let version = number(&head, 8, 4);
        if version != u64::from(VERSION) {
            let what = format!("the recording is of version {version}, this program reads {VERSION}");
            return Err(Error::new(ErrorCode::Unsupported, what));
        }
        if number(&head, 28, 4) != u64::from(crc32c::crc32c(&head[..28])) {
            return Err(wrong("the recording is corrupt: the checksum of its header does not match"));
        }
        // Boards have the same encoding in all supported versions.
        let (theirs, (from, to)) = (number(&head, 12, 2), (hello::VERSIONS.start(), hello::VERSIONS.end()));
        if !(u64::from(*from)..=u64::from(*to)).contains(&theirs) {
            let what = format!("the recording is of protocol version {theirs}, this program reads {from} to {to}");
            return Err(Error::new(ErrorCode::Unsupported, what).hint("replay it with the dfs-top that recorded it"));
        }
        Ok(Timestamp(number(&head, 16, 8)))
    }

    fn frames(&mut self) -> Result<(Vec<Frame>, Option<Damage>)> {
        let mut frames: Vec<Frame> = Vec::new();
        while self.at < self.length {
            let at = self.at;
            if frames.len() >= FRAMES_MAX {
                return Ok((
                    frames,
                    Some(Damage { at, bytes: self.left(), what: "more than the maximum number of frames" }),
                ));
            }
            let after_ms = frames.last().map_or(0, |frame| frame.when.came_ms);
            match self.frame(after_ms)? {
                Found::Good(frame) => frames.push(frame),
                Found::Torn => break,
                Found::Corrupt(what) => return Ok((frames, Some(Damage { at, bytes: self.length - at, what }))),
            }
        }
        Ok((frames, None))
    }

    fn frame(&mut self, after_ms: u64) -> Result<Found> {
        if self.left() < FRAME_HEAD_BYTES as u64 {
            return Ok(Found::Torn);
        }
        let mut head = [0; FRAME_HEAD_BYTES];
        self.take(&mut head)?;
        if number(&head, 28, 4) != u64::from(crc32c::crc32c(&head[..28])) {
            // After a power failure, the file system may leave zeros at the end of the file.
            let zeros = head.iter().all(|byte| *byte == 0) && self.is_zero_to_the_end()?;
            return Ok(if zeros { Found::Torn } else { Found::Corrupt("the checksum of a header does not match") });
        }
        let when = When { asked_ms: number(&head, 8, 8), came_ms: number(&head, 16, 8) };
        let bytes = number(&head, 0, 4);
        let Some(kind) = FrameKind::from_repr(head[4]) else { return Ok(Found::Corrupt("a frame of an unknown kind")) };
        if bytes > PAYLOAD_BYTES_MAX as u64 {
            return Ok(Found::Corrupt("a frame that is too long"));
        }
        if when.asked_ms > when.came_ms || when.came_ms < after_ms || when.came_ms > TIME_MS_MAX {
            return Ok(Found::Corrupt("an impossible time"));
        }
        if bytes > self.left() {
            return Ok(Found::Torn);
        }
        let (at, crc) = (self.at, number(&head, 24, 4) as u32);
        if self.crc(bytes)? == crc {
            return Ok(Found::Good(Frame { when, kind, at, bytes: bytes as u32, crc }));
        }
        Ok(if self.left() == 0 { Found::Torn } else { Found::Corrupt("the checksum of a frame does not match") })
    }

    fn left(&self) -> u64 {
        self.length.saturating_sub(self.at)
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.from.read_exact(bytes).map_err(failed)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Passes the next bytes to `each` in pieces.
    fn pieces(&mut self, mut bytes: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut piece = vec![0; 16 << 10];
        while bytes > 0 {
            // Only the last piece is shorter.
            piece.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.take(&mut piece)?;
            each(&piece);
            bytes -= piece.len() as u64;
        }
        Ok(())
    }

    fn crc(&mut self, bytes: u64) -> Result<u32> {
        let mut crc = 0;
        self.pieces(bytes, |piece| crc = crc32c::crc32c_append(crc, piece))?;
        Ok(crc)
    }

    fn is_zero_to_the_end(&mut self) -> Result<bool> {
        let mut zero = true;
        self.pieces(self.left(), |piece| zero &= piece.iter().all(|byte| *byte == 0))?;
        Ok(zero)
    }
}

/// Returns the little-endian number of `length` bytes at `at`.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let part = bytes.iter().skip(at).take(length);
    part.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
