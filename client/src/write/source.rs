//! The sources of a put's data.

#![expect(clippy::disallowed_methods, reason = "the content is read from a local file")]

use super::split::span;
use crate::bridge::Bridge;
use crate::transfer::{Transfer, local};
use bytes::Bytes;
use dfs_rpc::frame::DATA_BYTES_MAX;
use dfs_types::{Error, ErrorCode, Result};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use tokio::io::AsyncRead;

/// The content of a file to be written.
pub enum Source {
    /// A local file. It is read up to its length at the start of the put; chunks that must be sent
    /// again are read again.
    File(PathBuf),
    Bytes(Bytes),
    /// A reader that is read to its end. Chunks are kept in memory until they are acknowledged.
    Reader(Box<dyn Read + Send>),
    /// An async [`Source::Reader`].
    Async(Box<dyn AsyncRead + Send>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Reader(_) => f.write_str("Reader"),
            Self::Async(_) => f.write_str("Async"),
        }
    }
}

impl Source {
    /// Returns true if reading ends in bounded time, as for a regular file; a pipe may block.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::File(path) => std::fs::metadata(path).is_ok_and(|found| found.is_file()),
            Self::Bytes(_) => true,
            Self::Reader(_) | Self::Async(_) => false,
        }
    }

    /// Opens the source. May block, for example on a pipe without a writer.
    pub(super) fn open(self, transfer: &Transfer) -> Result<Input> {
        match self {
            Self::Bytes(bytes) => Ok(Input::Bytes(bytes)),
            Self::Reader(reader) => Ok(Input::stream(reader, None)),
            Self::Async(stream) => {
                let (runtime, cancel) = (transfer.runtime(), transfer.cancel.clone());
                Ok(Input::stream(Box::new(Bridge { runtime, cancel, stream: stream.into() }), None))
            }
            Self::File(path) => {
                let file = File::open(&path).map_err(|error| local(&path, &error))?;
                let found = file.metadata().map_err(|error| local(&path, &error))?;
                if found.is_dir() {
                    return Err(Error::new(ErrorCode::LocalIo, "is a directory").at(path.display()));
                }
                // Files without a length may still have content: pipes, devices, files under /proc.
                if found.is_file() && found.len() > 0 {
                    return Ok(Input::File { file, path, length: found.len() });
                }
                Ok(Input::stream(Box::new(file), Some(path)))
            }
        }
    }
}

/// An open source.
pub(super) enum Input {
    File { file: File, path: PathBuf, length: u64 },
    Bytes(Bytes),
    Stream(Stream),
}

/// The attributes of a local file before it was read.
pub(super) struct Original {
    file: File,
    path: PathBuf,
    found: Metadata,
}

impl Original {
    /// # Errors
    /// `local_io` if it was changed, deleted or replaced since: the data read may be a mixture of
    /// two versions.
    pub(super) fn check_same(&self) -> Result<()> {
        let now = self.file.metadata().map_err(|error| local(&self.path, &error))?;
        let content = |found: &Metadata| (found.len(), found.mtime(), found.mtime_nsec());
        let what = if content(&now) != content(&self.found) {
            "changed while it was read"
        } else if now.nlink() == 0 && self.found.nlink() > 0 {
            "was deleted or replaced while it was read"
        } else {
            return Ok(());
        };
        let error = Error::new(ErrorCode::LocalIo, format!("{what}; nothing was uploaded")).at(self.path.display());
        Err(error.hint("run put again when no other program changes the file"))
    }
}

/// A source that can be read only once.
pub(super) struct Stream {
    reader: Box<dyn Read + Send>,
    path: Option<PathBuf>,
    /// The beginning of the next chunk, read to detect the end of the source.
    ahead: Option<Vec<u8>>,
    ended: bool,
    /// The total number of bytes read.
    position: u64,
    /// Buffers for reuse.
    spare: Vec<Vec<u8>>,
}

/// The content of one chunk.
#[derive(Debug)]
pub(super) struct Content {
    /// Its offset in the file.
    pub offset: u64,
    pub length: u32,
    /// Its frames, if the source cannot be read again.
    pub kept: Vec<Vec<u8>>,
}

impl Input {
    fn stream(reader: Box<dyn Read + Send>, path: Option<PathBuf>) -> Self {
        let spare = Vec::new();
        Self::Stream(Stream { reader, path, ahead: None, ended: false, position: 0, spare })
    }

    /// Returns the length in bytes, if known.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File { length, .. } => Some(*length),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream(_) => None,
        }
    }

    /// Returns the attributes that a local file must still have after it was read.
    pub(super) fn original(&self) -> Result<Option<Original>> {
        let Self::File { file, path, .. } = self else { return Ok(None) };
        let failed = |error: io::Error| local(path, &error);
        let file = file.try_clone().map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        Ok(Some(Original { file, path: path.clone(), found }))
    }

    /// Returns true if the source is empty; reads the beginning of a stream to find out.
    pub(super) fn is_empty(&mut self) -> Result<bool> {
        match self {
            Self::Stream(stream) => {
                stream.look_ahead()?;
                Ok(stream.ahead.is_none())
            }
            _ => Ok(self.length() == Some(0)),
        }
    }

    /// Returns the content of chunk `index`, if it does not have to be read first.
    pub(super) fn known(&self, index: u64, chunk_size: u32) -> Option<Content> {
        let (offset, length) = span(index, chunk_size, self.length()?)?;
        Some(Content { offset, length, kept: Vec::new() })
    }

    /// Returns the frame of `content` at `at`; `buffer` is used to read it.
    pub(super) fn frame<'a>(&'a self, content: &'a Content, at: u32, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let bytes = (content.length.saturating_sub(at) as usize).min(DATA_BYTES_MAX);
        let offset = content.offset + u64::from(at);
        match self {
            Self::Stream(_) => Ok(content.kept.get(at as usize / DATA_BYTES_MAX).map_or(&[], Vec::as_slice)),
            Self::Bytes(all) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                Ok(all.get(start..start.saturating_add(bytes)).unwrap_or_default())
            }
            Self::File { file, path, length } => {
                if buffer.len() < bytes {
                    buffer.resize(bytes, 0);
                }
                let frame = buffer.get_mut(..bytes).unwrap_or_default();
                file.read_exact_at(frame, offset).map_err(|error| {
                    let shrunk = file.metadata().is_ok_and(|now| now.len() < *length);
                    read_error(path, shrunk, &error)
                })?;
                Ok(frame)
            }
        }
    }

    /// Takes back the frames of an acknowledged chunk for reuse.
    pub(super) fn recycle(&mut self, content: Content) {
        if let Self::Stream(stream) = self {
            stream.spare.extend(content.kept);
        }
    }
}

fn read_error(path: &Path, shrunk: bool, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        // Files that the kernel makes up, as below /sys, announce more than they have.
        return match shrunk {
            true => Error::new(ErrorCode::LocalIo, "became shorter while it was read").at(path.display()),
            false => Error::new(ErrorCode::LocalIo, "has fewer bytes than its size says")
                .at(path.display())
                .hint("put - REMOTE takes what there is, from standard input"),
        };
    }
    local(path, error)
}

impl Stream {
    fn look_ahead(&mut self) -> Result<()> {
        if self.ahead.is_none() && !self.ended {
            let frame = self.spare.pop().map(|mut frame| (frame.clear(), frame).1).unwrap_or_default();
            let frame = self.read_frame(frame, DATA_BYTES_MAX)?;
            self.ahead = Some(frame).filter(|frame| !frame.is_empty());
        }
        Ok(())
    }

    /// Returns the next chunk, still empty.
    pub(super) fn begin(&self) -> Content {
        Content { offset: self.position, length: 0, kept: Vec::new() }
    }

    /// Reads one more frame of the chunk. Returns false if the chunk is full or the stream has
    /// ended.
    pub(super) fn fill(&mut self, content: &mut Content, chunk_size: u32) -> Result<bool> {
        let limit = ((chunk_size.saturating_sub(content.length)) as usize).min(DATA_BYTES_MAX);
        if limit == 0 {
            return Ok(false);
        }
        self.look_ahead()?;
        let Some(mut frame) = self.ahead.take() else { return Ok(false) };
        if frame.len() > limit {
            self.ahead = Some(frame.split_off(limit));
        } else {
            // A frame left from before may be short; all frames of a chunk except the last are
            // full.
            frame = self.read_frame(frame, limit)?;
        }
        content.length += frame.len() as u32;
        self.position += frame.len() as u64;
        content.kept.push(frame);
        Ok(true)
    }

    /// Fills `frame` up to `limit` bytes; fewer only at the end.
    fn read_frame(&mut self, mut frame: Vec<u8>, limit: usize) -> Result<Vec<u8>> {
        let mut filled = frame.len();
        frame.resize(limit, 0);
        while filled < limit && !self.ended {
            match self.reader.read(frame.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(local(self.path.as_deref().unwrap_or(Path::new("-")), &error)),
            }
        }
        frame.truncate(filled);
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(bytes: Vec<u8>) -> Stream {
        match Input::stream(Box::new(io::Cursor::new(bytes)), None) {
            Input::Stream(stream) => stream,
            _ => unreachable!("it is a stream"),
        }
    }

    #[test]
    fn an_empty_stream_is_found_empty() {
        let mut input = Input::Stream(stream(Vec::new()));
        assert_eq!(input.is_empty(), Ok(true));
        let mut input = Input::Stream(stream(vec![1]));
        assert_eq!(input.is_empty(), Ok(false));
        assert_eq!(Input::Bytes(Bytes::new()).is_empty(), Ok(true));
    }

    #[test]
    fn bytes_are_framed_in_place() {
        let bytes: Bytes = (0..DATA_BYTES_MAX + 5).map(|i| i as u8).collect::<Vec<_>>().into();
        let input = Input::Bytes(bytes.clone());
        let content = input.known(0, 1 << 20).expect("it has content");
        let mut buffer = Vec::new();
        assert_eq!(input.frame(&content, 0, &mut buffer), Ok(&bytes[..DATA_BYTES_MAX]));
        assert_eq!(input.frame(&content, DATA_BYTES_MAX as u32, &mut buffer), Ok(&bytes[DATA_BYTES_MAX..]));
        assert!(input.known(1, 1 << 20).is_none());
    }

    /// Returns one byte, then seven, and so on: never the requested number.
    struct Dribble(Vec<u8>, usize);

    impl Read for Dribble {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = (self.1 % 9 * 40_000 + 1).min(into.len()).min(self.0.len());
            self.1 += 1;
            into[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    #[test]
    fn streams_are_cut_into_full_chunks_of_full_frames() {
        let all: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
        for chunk_size in [65_536, 100_000, DATA_BYTES_MAX as u32, 700_000, 1 << 20, 4 << 20] {
            let mut input = Input::stream(Box::new(Dribble(all.clone(), 0)), None);
            assert_eq!(input.is_empty(), Ok(false));
            let mut seen = Vec::new();
            loop {
                let Input::Stream(stream) = &mut input else { unreachable!("it is a stream") };
                let mut content = stream.begin();
                while stream.fill(&mut content, chunk_size).expect("reads") {}
                if content.length == 0 {
                    break;
                }
                assert_eq!(content.offset, seen.len() as u64);
                let mut buffer = Vec::new();
                let mut at = 0;
                while at < content.length {
                    let frame = input.frame(&content, at, &mut buffer).expect("kept");
                    assert_eq!(frame.len(), ((content.length - at) as usize).min(DATA_BYTES_MAX));
                    seen.extend_from_slice(frame);
                    at += frame.len() as u32;
                }
                assert!(content.length == chunk_size || seen.len() == all.len());
                input.recycle(content);
            }
            assert!(seen == all, "chunk size {chunk_size}");
        }
    }
}
