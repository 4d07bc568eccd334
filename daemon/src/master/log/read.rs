//! Reading entries back.

use super::error::LogError;
use super::record::{self, Record};
use super::segment::Segment;
use super::store::State;
use crate::master::raft::types::{Entry, LogId};

/// Reading entries from disk fetches this many bytes at once.
const READ_AHEAD_BYTES: usize = 256 << 10;

impl State {
    /// The id of the last entry, after entries were taken back.
    pub(super) fn find_last(&self) -> Result<Option<LogId>, LogError> {
        if let Some(last) = self.tail.last() {
            return Ok(Some(last));
        }
        let next = self.segments.iter().filter(|segment| !segment.offsets.is_empty()).map(Segment::next_index).max();
        let purged = self.purged.map_or(0, |purged| purged.index + 1);
        match next.filter(|next| *next > purged) {
            Some(next) => Ok(self.read(next - 1, next)?.pop().map(|entry| entry.log_id)),
            None => Ok(None),
        }
    }

    /// The entries `from..to` that are there: the older ones from disk, the newer ones from memory.
    pub(super) fn read(&self, from: u64, to: u64) -> Result<Vec<Entry>, LogError> {
        let from = from.max(self.purged.map_or(0, |purged| purged.index + 1));
        let mut entries = Vec::new();
        let in_memory = self.tail.first().unwrap_or(u64::MAX);
        for segment in self.segments.iter().filter(|segment| !segment.offsets.is_empty()) {
            let end = to.min(in_memory).min(segment.next_index());
            read_segment(segment, from.max(segment.first), end, &mut entries)?;
        }
        entries.extend((from.max(in_memory)..to).map_while(|index| self.tail.get(index)).cloned());
        Ok(entries)
    }
}

/// Reads the entries `from..to` of one segment, many records with one call.
fn read_segment(segment: &Segment, mut from: u64, to: u64, into: &mut Vec<Entry>) -> Result<(), LogError> {
    let offset_of = |index: u64| segment.offsets.get((index - segment.first) as usize).map(|offset| u64::from(*offset));
    while from < to {
        let (Some(start), Some(last)) = (offset_of(from), offset_of(to - 1)) else { break };
        let ahead = (last - start) as usize + record::HEAD_BYTES.next_multiple_of(record::ALIGN_BYTES);
        let bytes = segment.read(start, ahead.clamp(4096, READ_AHEAD_BYTES))?;
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(|bytes| record::find(bytes, segment.mark)) {
            let offset = start + at as u64;
            at += found.bytes;
            let bad = |error: postcard::Error| LogError::damaged(&segment.path, offset, error.to_string());
            let Record::Entries { entries, .. } = record::decode(found.payload).map_err(bad)? else { continue };
            for entry in entries {
                // An entry that was taken back has the offset of its successor, or none.
                if entry.id.index == from && from < to && offset_of(from) == Some(offset) {
                    into.push(Entry::try_from(entry).map_err(LogError::stored(&segment.path, offset))?);
                    from += 1;
                }
            }
        }
        if at == 0 {
            return Err(LogError::damaged(&segment.path, start, "the record is not as it was written"));
        }
    }
    Ok(())
}
