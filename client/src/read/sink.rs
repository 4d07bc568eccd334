//! The destinations of a get's data.

use crate::transfer::{interrupted, local};
use dfs_types::{Error, ErrorCode, Result};
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The number of frames between the fetching and the writing thread: 8 MiB of read-ahead.
const AHEAD_FRAMES_MAX: usize = 16;

/// Receives verified bytes from several threads.
pub(super) trait Sink: Sync {
    /// Accepts `part` of `frame`, which is at `position` of the output. The sink may keep the frame
    /// and put another one in its place.
    fn take(&self, position: u64, frame: &mut Vec<u8>, part: Range<usize>) -> Result<()>;
}

/// Discards the verified bytes.
pub(super) struct Discard;

impl Sink for Discard {
    fn take(&self, _: u64, _: &mut Vec<u8>, _: Range<usize>) -> Result<()> {
        Ok(())
    }
}

/// A file that is written at any offset in any order.
pub(super) struct FileSink {
    pub file: File,
    /// The path, for error messages.
    pub path: PathBuf,
}

impl Sink for FileSink {
    fn take(&self, position: u64, frame: &mut Vec<u8>, part: Range<usize>) -> Result<()> {
        let bytes = frame.get(part).unwrap_or_default();
        self.file.write_all_at(bytes, position).map_err(|error| local(&self.path, &error))
    }
}

/// A buffer of known size.
pub(super) struct Memory(pub Mutex<Vec<u8>>);

impl Sink for Memory {
    fn take(&self, position: u64, frame: &mut Vec<u8>, part: Range<usize>) -> Result<()> {
        let mut memory = self.0.lock();
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        let bytes = frame.get(part).unwrap_or_default();
        match memory.get_mut(start..start.saturating_add(bytes.len())) {
            Some(place) => place.copy_from_slice(bytes),
            None => return Err(Error::new(ErrorCode::Internal, "more bytes were received than requested")),
        }
        Ok(())
    }
}

/// A writer that receives its bytes in order; one thread fetches, another one writes.
pub(super) struct Ordered {
    full: SyncSender<(Vec<u8>, Range<usize>)>,
    empty: Mutex<Receiver<Vec<u8>>>,
}

/// The writing end of [`Ordered`].
pub(super) struct Drain {
    full: Receiver<(Vec<u8>, Range<usize>)>,
    empty: SyncSender<Vec<u8>>,
}

pub(super) fn ordered() -> (Ordered, Drain) {
    let (full, to_write) = sync_channel(AHEAD_FRAMES_MAX);
    let (empty, written) = sync_channel(AHEAD_FRAMES_MAX + 2);
    (Ordered { full, empty: Mutex::new(written) }, Drain { full: to_write, empty })
}

impl Sink for Ordered {
    fn take(&self, _: u64, frame: &mut Vec<u8>, part: Range<usize>) -> Result<()> {
        let spare = self.empty.lock().try_recv().unwrap_or_default();
        let frame = std::mem::replace(frame, spare);
        // The writer failed; its own error is reported.
        self.full.send((frame, part)).map_err(|_| interrupted())
    }
}

impl Drain {
    /// Writes until the fetching end is dropped.
    pub(super) fn run(self, writer: &mut dyn Write) -> io::Result<()> {
        while let Ok((frame, part)) = self.full.recv() {
            writer.write_all(frame.get(part).unwrap_or_default())?;
            // Buffers that do not fit into the channel are freed.
            let _ = self.empty.try_send(frame);
        }
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_writes_in_order_and_gives_buffers_back() {
        let (sink, drain) = ordered();
        let mut written = Vec::new();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| drain.run(&mut written));
            let mut frame = Vec::new();
            for number in 0..200u8 {
                frame.clear();
                frame.extend_from_slice(&[0, number, number, 9]);
                sink.take(0, &mut frame, 1..3).expect("the drain exists");
            }
            drop(sink);
            writing.join().expect("no panic").expect("writing to memory succeeds");
        });
        assert_eq!(written, (0..200u8).flat_map(|number| [number, number]).collect::<Vec<_>>());
    }

    #[test]
    fn a_failed_writer_stops_the_sink() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (sink, drain) = ordered();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| drain.run(&mut Full));
            let stopped = (0..1_000).find_map(|_| sink.take(0, &mut vec![1], 0..1).err());
            assert_eq!(stopped.map(|error| error.code), Some(ErrorCode::Interrupted));
            assert!(writing.join().expect("no panic").is_err());
        });
    }

    #[test]
    fn memory_refuses_what_does_not_fit() {
        let memory = Memory(Mutex::new(vec![0; 4]));
        assert_eq!(memory.take(1, &mut vec![7, 8, 9], 0..2), Ok(()));
        assert!(memory.take(3, &mut vec![7, 8, 9], 0..2).is_err());
        assert!(memory.take(u64::MAX, &mut vec![7], 0..1).is_err());
        assert_eq!(memory.0.into_inner(), [0, 7, 8, 0]);
    }
}
