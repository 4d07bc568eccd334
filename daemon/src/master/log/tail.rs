//! The newest entries, kept in memory: openraft reads an entry back as soon as it is written.

use crate::master::raft::types::{Entry, LogId};
use openraft::EntryPayload;
use std::collections::VecDeque;

/// The maximum size of the records whose entries are kept, in bytes.
const BYTES_MAX: usize = 16 << 20;
/// The maximum number of entries that are kept.
const ENTRIES_MAX: usize = 16_384;

/// A sequence of entries without a gap, the newest last.
#[derive(Debug, Default)]
pub struct Tail {
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
}

impl Tail {
    /// Adds the next entry, of about `bytes` bytes, and drops the oldest entries beyond the bounds.
    pub fn push(&mut self, entry: Entry, bytes: usize) {
        let next = entry.log_id.index;
        debug_assert!(self.last().is_none_or(|last| last.index + 1 == next), "entry {next} leaves a gap");
        self.bytes += bytes;
        self.entries.push_back((entry, bytes));
        while self.bytes > BYTES_MAX || self.entries.len() > ENTRIES_MAX {
            let Some((_, bytes)) = self.entries.pop_front() else { break };
            self.bytes -= bytes;
        }
    }

    /// Returns the index of its first entry.
    pub fn first(&self) -> Option<u64> {
        self.entries.front().map(|(entry, _)| entry.log_id.index)
    }

    /// Returns the entry `index`, if it is in memory.
    pub fn get(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.first()?)?;
        self.entries.get(usize::try_from(place).ok()?).map(|(entry, _)| entry)
    }

    /// Drops the entries from `index` on.
    pub fn forget_since(&mut self, index: u64) {
        while self.entries.back().is_some_and(|(entry, _)| entry.log_id.index >= index) {
            self.bytes -= self.entries.pop_back().map_or(0, |(_, bytes)| bytes);
        }
    }

    /// Drops the entries up to `index`.
    pub fn forget_upto(&mut self, index: u64) {
        while self.entries.front().is_some_and(|(entry, _)| entry.log_id.index <= index) {
            self.bytes -= self.entries.pop_front().map_or(0, |(_, bytes)| bytes);
        }
    }

    /// Returns the id of its last entry.
    pub fn last(&self) -> Option<LogId> {
        self.entries.back().map(|(entry, _)| entry.log_id)
    }
}

/// Estimates the size of an entry on disk in bytes, which is also, within a factor of two, its size
/// in memory.
pub fn weight(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Blank => 32,
        EntryPayload::Normal(batch) => 32 + batch.0.iter().map(dfs_logic::stored::command::weight).sum::<usize>(),
        EntryPayload::Membership(members) => 64 + 64 * members.nodes().count(),
    }
}
