//! Reads entries from a segment.

use super::error::LogError;
use super::record::{self, Record};
use super::segment::Segment;
use crate::master::raft::types::Entry;

/// The number of bytes that one read from disk fetches.
const READ_AHEAD_BYTES: usize = 256 << 10;

/// Reads the entries `from..to` of one segment, many records with one call.
pub(super) fn read_segment(segment: &Segment, mut from: u64, to: u64, into: &mut Vec<Entry>) -> Result<(), LogError> {
    let offset_of = |index: u64| segment.offsets.get((index - segment.first) as usize).map(|offset| u64::from(*offset));
    while from < to {
        let (Some(start), Some(last)) = (offset_of(from), offset_of(to - 1)) else { break };
        let ahead = (last - start) as usize + record::HEAD_BYTES.next_multiple_of(record::ALIGN_BYTES);
        let bytes = segment.read(start, ahead.clamp(4096, READ_AHEAD_BYTES))?;
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(|bytes| record::find(bytes, segment.mark)) {
            let offset = start + at as u64;
            at += found.bytes;
            let bad = |error: postcard::Error| LogError::corrupt(&segment.path, offset, error.to_string());
            let Record::Entries { entries, .. } = record::decode(found.payload).map_err(bad)? else { continue };
            for entry in entries {
                // An entry that was truncated has the offset of its successor, or none.
                if entry.id.index == from && from < to && offset_of(from) == Some(offset) {
                    into.push(Entry::try_from(entry).map_err(LogError::stored(&segment.path, offset))?);
                    from += 1;
                }
            }
        }
        if at == 0 {
            return Err(LogError::corrupt(&segment.path, start, "the record differs from what was written"));
        }
    }
    Ok(())
}
