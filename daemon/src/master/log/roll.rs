//! Begins new segments, and turns segments that are no longer needed into spares.

use super::error::LogError;
use super::options::{LogOptions, SEGMENT_BYTES_MAX};
use super::segment::{Head, RECORDS_AT, Segment};
use super::spare::Spares;
use super::state::State;
use crate::durable;
use crate::random;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Begins the next segment, with room for a record of `bytes`; returns its mark.
pub(super) fn roll(state: &mut State, spares: &Spares, bytes: usize) -> Result<u32, LogError> {
    let directory = state.options.directory.clone();
    let Some(current) = state.segments.back() else { return Err(LogError::TooLarge(bytes)) };
    let head = Head {
        sequence: current.sequence + 1,
        mark: random_mark(),
        previous_end: current.end,
        size: 0,
        cluster: state.options.cluster,
    };
    let needed = RECORDS_AT + bytes as u64;
    let from = if needed <= state.options.segment_bytes {
        spares.take().map_err(LogError::io("create a segment in", &directory))?
    } else if needed <= SEGMENT_BYTES_MAX {
        // A record larger than a segment occurs only if the segment size is set very small.
        let path = directory.join("large.new");
        state.options.disk.allocate(&path, needed).map_err(LogError::io("make", &path))?;
        path
    } else {
        return Err(LogError::TooLarge(bytes));
    };
    debug_assert!(head.mark != 0, "zeros would be a record");
    let segment = begin(&state.options, &from, head)?;
    debug_assert_eq!(segment.end, RECORDS_AT, "a new segment has no records yet");
    let mark = segment.mark;
    state.segments.push_back(segment);
    let disk = state.options.disk.clone();
    state.end.note_durably(state.end_here(false), &*disk)?;
    Ok(mark)
}

/// Recycles the oldest segments whose entries are all purged. The purge record is in the newest
/// segment.
pub(super) fn recycle(state: &mut State, spares: &Spares) -> Result<(), LogError> {
    let purged = state.purged.map_or(0, |purged| purged.index + 1);
    while state.segments.len() > 1 {
        let Some(oldest) = state.segments.front() else { break };
        if !oldest.offsets.is_empty() && oldest.next_index() > purged {
            break;
        }
        spares.give(&oldest.path, oldest.size).map_err(LogError::io("recycle", &oldest.path))?;
        state.segments.pop_front();
    }
    sync_directory(&state.options.directory)
}

/// Turns the whole file `from` into a segment: writes the head, syncs, renames, syncs the
/// directory.
pub(super) fn begin(options: &LogOptions, from: &Path, mut head: Head) -> Result<Segment, LogError> {
    let path = options.directory.join(Segment::file_name(head.sequence));
    let file = OpenOptions::new().read(true).write(true).open(from).map_err(LogError::io("open", from))?;
    head.size = file.metadata().map_err(LogError::io("read the size of", from))?.len();
    file.write_all_at(&head.encode(), 0).map_err(LogError::io("write", from))?;
    options.disk.sync(&file).map_err(LogError::io("sync", from))?;
    fs::rename(from, &path).map_err(LogError::io("rename", from))?;
    sync_directory(&options.directory)?;
    Ok(Segment::new(path, file, head.size, &head))
}

/// Returns a random mark for a new segment, never zero.
pub(super) fn random_mark() -> u32 {
    // If the random source of the system fails, the mark is only predictable.
    u32::from_le_bytes(random::secret().unwrap_or_default()).max(1)
}

pub(super) fn sync_directory(directory: &Path) -> Result<(), LogError> {
    durable::sync_directory(directory).map_err(LogError::io("sync", directory))
}
