//! The state of the open log: its segments, its entries in memory, and its end.

use super::end::{End, EndFile};
use super::error::LogError;
use super::options::LogOptions;
use super::read::read_segment;
use super::segment::Segment;
use super::tail::Tail;
use super::vote::VoteFile;
use crate::master::raft::types::{Entry, LogId};
use std::collections::VecDeque;

/// The open log.
#[derive(Debug)]
pub(super) struct State {
    pub options: LogOptions,
    /// Oldest first; the last one is being written. Never empty.
    pub segments: VecDeque<Segment>,
    pub purged: Option<LogId>,
    pub last: Option<LogId>,
    pub committed: Option<LogId>,
    pub vote: VoteFile,
    pub end: EndFile,
    /// Numbers of end marks: the one at the last call of [`Log::rest`](super::Log::rest), and the
    /// last one that was synced.
    pub end_seen: u64,
    pub end_synced: u64,
    /// True if the log was closed: nothing may be written any more.
    pub closed: bool,
    pub tail: Tail,
    pub buffer: Vec<u8>,
}

impl State {
    pub(super) fn next_index(&self) -> u64 {
        self.last.max(self.purged).map_or(0, |last| last.index + 1)
    }

    /// Returns the end mark of the current end of the log.
    pub(super) fn end_here(&self, closed: bool) -> End {
        let (sequence, offset) = self.segments.back().map_or((0, 0), |newest| (newest.sequence, newest.end));
        End { closed, sequence, offset, next_index: self.next_index(), vote: self.vote.number() }
    }

    /// Writes the end mark. Everything up to the end of the log must have been synced.
    pub(super) fn note_end(&mut self) -> Result<(), LogError> {
        let (before, here) = (self.end.get(), self.end_here(false));
        let place = |end: End| (end.sequence, end.offset, end.vote);
        debug_assert!(before.is_none_or(|before| place(before) <= place(here)), "{before:?}, and then {here:?}");
        self.end.note(here)
    }

    pub(super) fn forget_since(&mut self, index: u64) {
        self.segments.iter_mut().for_each(|segment| segment.forget_since(index));
        self.tail.forget_since(index);
        self.committed = self.committed.filter(|committed| committed.index < index);
    }

    pub(super) fn forget_upto(&mut self, upto: LogId) {
        self.purged = Some(upto);
        debug_assert!(self.next_index() > upto.index, "the log continues after {upto}");
        self.tail.forget_upto(upto.index);
        if self.last.is_none_or(|last| last.index <= upto.index) {
            self.last = None;
            // The next entry need not follow the entries that were here: a snapshot may have jumped
            // ahead.
            self.segments.iter_mut().for_each(|segment| segment.offsets.clear());
        }
    }

    /// Finds the id of the last entry after a truncation.
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

    /// Returns the entries of `from..to` that exist: the older ones from disk, the newer ones from
    /// memory.
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
