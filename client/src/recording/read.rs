//! Reading a recording: where its frames are is found once, from front to back; what they hold is read when it is wanted.

use super::{
    FRAME_HEAD_BYTES, FRAMES_MAX, FrameKind, HEAD_BYTES, MAGIC, PAYLOAD_BYTES_MAX, RECORDING_BYTES_MAX, TIME_MS_MAX,
    VERSION, When, failed,
};
use dfs_rpc::board::Board;
use dfs_rpc::frame::decode_message;
use dfs_rpc::{hello, wire};
use dfs_types::{Error, ErrorCode, Result, Timestamp};
use std::io::{BufReader, Read, Seek, SeekFrom};

/// A recording that is read.
#[derive(Debug)]
pub struct Recording<R> {
    from: R,
    began: Timestamp,
    frames: Vec<Frame>,
    damage: Option<Damage>,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub when: When,
    pub kind: FrameKind,
    /// Where its payload begins, and how long it is.
    at: u64,
    bytes: u32,
    crc: u32,
}

/// Bytes that are not what was written. What is behind them is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The frame that they are in begins at this byte of the file.
    pub at: u64,
    /// From there to the end.
    pub bytes: u64,
    pub what: &'static str,
}

/// What a master told, or that none did.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Board(Box<Board>),
    Lost(Error),
}

impl<R: Read + Seek> Recording<R> {
    /// Looks through a recording. One whose last frame is torn ends before it: who wrote it was killed, or writes on.
    ///
    /// # Errors
    /// `local_io` when it cannot be read. `unsupported` for another version. `invalid_argument` for what is no recording, or
    /// has no picture to begin with.
    pub fn open(mut from: R) -> Result<Self> {
        let length = from.seek(SeekFrom::End(0)).map_err(failed)?;
        from.seek(SeekFrom::Start(0)).map_err(failed)?;
        if length > RECORDING_BYTES_MAX {
            return Err(wrong("this is no recording: it is larger than 1 GiB"));
        }
        let mut scan = Scan { from: BufReader::new(&mut from), at: 0, length };
        let began = scan.head()?;
        let (frames, damage) = scan.frames()?;
        let recording = Self { from, began, frames, damage };
        match recording.frames.iter().find(|frame| frame.kind != FrameKind::Lost) {
            Some(Frame { kind: FrameKind::News, .. }) => {
                Err(wrong("the recording begins with news that build on nothing: its begin is missing"))
            }
            None if recording.frames.is_empty() => Err(match &recording.damage {
                Some(damage) => wrong(&damage.to_string()),
                None => wrong("the recording is empty: it ended before the first picture"),
            }),
            _ => Ok(recording),
        }
    }

    /// When it began, by the clock of who recorded it.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// All frames, in the order in which they came.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The time of the last frame, in milliseconds since it began.
    pub fn length_ms(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.when.came_ms)
    }

    /// Where reading had to end, if it was before the end.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// What a frame holds.
    ///
    /// # Errors
    /// `local_io`; `internal` for what is no answer of a master.
    pub fn read(&mut self, frame: &Frame) -> Result<Answer> {
        let mut payload = vec![0; frame.bytes as usize];
        self.from.seek(SeekFrom::Start(frame.at)).map_err(failed)?;
        self.from.read_exact(&mut payload).map_err(failed)?;
        if crc32c::crc32c(&payload) != frame.crc {
            return Err(Error::new(ErrorCode::Internal, "the recording has changed while it was read"));
        }
        match frame.kind {
            FrameKind::Whole | FrameKind::News => Ok(Answer::Board(Box::new(Board::decode(&payload)?))),
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
        write!(f, "the recording is damaged at byte {at} ({what}): it ends there, {bytes} bytes are left out")
    }
}

/// One way through the file.
struct Scan<R> {
    from: R,
    at: u64,
    length: u64,
}

/// How one frame is.
enum Found {
    Good(Frame),
    /// The file ends within it.
    Torn,
    Damaged(&'static str),
}

impl<R: Read> Scan<R> {
    fn head(&mut self) -> Result<Timestamp> {
        let no_recording = || wrong("this is no recording of dfs-top");
        let mut head = [0; HEAD_BYTES];
        if self.length < HEAD_BYTES as u64 {
            return Err(if self.length == 0 {
                wrong("this is no recording: the file is empty")
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
            return Err(wrong("the recording is damaged: its head is not what was written"));
        }
        // Boards are the same in all versions that are spoken.
        let (theirs, (from, to)) = (number(&head, 12, 2), (hello::VERSIONS.start(), hello::VERSIONS.end()));
        if !(u64::from(*from)..=u64::from(*to)).contains(&theirs) {
            let what = format!(
                "the pictures in the recording are of protocol version {theirs}, this program reads {from} to {to}"
            );
            return Err(Error::new(ErrorCode::Unsupported, what).hint("replay it with the dfs-top that recorded it"));
        }
        Ok(Timestamp(number(&head, 16, 8)))
    }

    fn frames(&mut self) -> Result<(Vec<Frame>, Option<Damage>)> {
        let mut frames: Vec<Frame> = Vec::new();
        while self.at < self.length {
            let at = self.at;
            if frames.len() >= FRAMES_MAX {
                return Ok((frames, Some(Damage { at, bytes: self.left(), what: "more frames than it may have" })));
            }
            let after_ms = frames.last().map_or(0, |frame| frame.when.came_ms);
            match self.frame(after_ms)? {
                Found::Good(frame) => frames.push(frame),
                Found::Torn => break,
                Found::Damaged(what) => return Ok((frames, Some(Damage { at, bytes: self.length - at, what }))),
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
            // A file system that lost its power may leave zeros at the end of what it was given.
            let zeros = head.iter().all(|byte| *byte == 0) && self.is_zero_to_the_end()?;
            return Ok(if zeros { Found::Torn } else { Found::Damaged("a head is not what was written") });
        }
        let when = When { asked_ms: number(&head, 8, 8), came_ms: number(&head, 16, 8) };
        let bytes = number(&head, 0, 4);
        let Some(kind) = FrameKind::from_repr(head[4]) else { return Ok(Found::Damaged("a frame of an unknown kind")) };
        if bytes > PAYLOAD_BYTES_MAX as u64 {
            return Ok(Found::Damaged("a frame that is too long"));
        }
        if when.asked_ms > when.came_ms || when.came_ms < after_ms || when.came_ms > TIME_MS_MAX {
            return Ok(Found::Damaged("a time that cannot be"));
        }
        if bytes > self.left() {
            return Ok(Found::Torn);
        }
        let (at, crc) = (self.at, number(&head, 24, 4) as u32);
        if self.crc(bytes)? == crc {
            return Ok(Found::Good(Frame { when, kind, at, bytes: bytes as u32, crc }));
        }
        Ok(if self.left() == 0 { Found::Torn } else { Found::Damaged("a frame is not what was written") })
    }

    fn left(&self) -> u64 {
        self.length.saturating_sub(self.at)
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.from.read_exact(bytes).map_err(failed)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Hands the next bytes on, in pieces.
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

/// The number of so many bytes at `at`.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let part = bytes.iter().skip(at).take(length);
    part.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
