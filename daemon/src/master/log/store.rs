//! The log: append, read, truncate, purge.

use super::close::Kept;
use super::error::LogError;
use super::figures::Figures;
use super::open;
use super::options::LogOptions;
use super::record::{self, Record, StoredEntry};
use super::roll::{recycle, roll};
use super::segment::RECORDS_AT;
use super::spare::{Outlook, Spares};
use super::state::State;
use super::tail::weight;
use crate::clock;
use crate::master::raft::types::{Entry, LogId, Vote};
use parking_lot::{Mutex, MutexGuard};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Entries of one append are written in records of about this many bytes.
const RECORD_BYTES_MAX: usize = 4 << 20;
/// The space that is reserved in a segment for the writes of Raft itself (elections, purges; about
/// a hundred bytes each) while it is unknown whether there will be another segment.
const OWN_BYTES: usize = 4 << 10;

/// The log of one master. Clones refer to the same log.
#[derive(Debug, Clone)]
pub struct Log {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    spares: Spares,
    /// Bytes of records since the last purge; they decide when to take a snapshot.
    grown: AtomicU64,
    figures: Arc<Figures>,
    /// The durable snapshot; purging waits for it.
    pub(super) kept: OnceLock<watch::Receiver<Kept>>,
    failed: watch::Sender<Option<String>>,
}

impl Log {
    /// Opens the log, or creates an empty one, and cuts off a torn tail.
    ///
    /// # Errors
    /// Returns an error if it is corrupt, incomplete, of another cluster or version, or if the disk
    /// fails.
    pub fn open(options: LogOptions) -> Result<Self, LogError> {
        let (state, spares) = open::open(options)?;
        let grown = state.segments.iter().map(|segment| segment.end - RECORDS_AT).sum();
        let (state, grown) = (Mutex::new(state), AtomicU64::new(grown));
        let (figures, kept) = Default::default();
        let shared = Shared { state, spares, grown, figures, kept, failed: watch::Sender::new(None) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns true if commands may be accepted: false while the disk has no room for the next
    /// segment.
    pub fn has_room(&self) -> bool {
        *self.shared.spares.outlook().borrow() != Outlook::Full
    }

    /// Returns true if there is room in the log for commands of this [`weight`]. If that depends on
    /// a segment that is being made, waits until the segment is there or the disk is known to be
    /// full. Raft itself must never meet a full disk, because it could not continue.
    pub async fn admits(&self, weight: usize) -> bool {
        let needed = 2 * weight + OWN_BYTES;
        let mut outlook = self.shared.spares.outlook();
        loop {
            let now = *outlook.borrow_and_update();
            match now {
                Outlook::Ready => return true,
                Outlook::Full => return false,
                Outlook::Making if self.lock().segments.back().is_some_and(|segment| segment.has_room(needed)) => {
                    return true;
                }
                // The sender belongs to `self`, so it outlives this call.
                Outlook::Making => drop(outlook.changed().await),
            }
        }
    }

    /// Returns the bytes written since the last purge.
    pub fn grown(&self) -> u64 {
        self.shared.grown.load(Ordering::Relaxed)
    }

    /// Returns its counters since it was opened.
    pub fn figures(&self) -> Arc<Figures> {
        self.shared.figures.clone()
    }

    /// Returns a receiver of the failure that puts the log out of service. After a failure the
    /// process must end: the content of the disk is unknown.
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.failed.subscribe()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Runs a change. A failed change puts the log out of service for good.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut State, &Spares) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let mut state = self.lock();
        if let Some(failure) = self.shared.failed.borrow().clone() {
            return Err(LogError::Failed(failure));
        }
        if state.closed {
            return Err(LogError::Closed);
        }
        let changed = change(&mut state, &self.shared.spares);
        if let Err(error) = &changed {
            tracing::error!(%error, "the log is out of service; restart the master");
            self.shared.failed.send_replace(Some(error.to_string()));
        }
        changed
    }

    /// Makes entries durable. They must follow the last entry without a gap.
    ///
    /// # Errors
    /// Returns an error if the disk fails; the log is then out of service.
    pub fn append(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), LogError> {
        self.change(|state, spares| {
            let mut record = Vec::new();
            let mut bytes = 0;
            let purged = state.purged.map(|purged| purged.index);
            // Entries that a snapshot already holds are not written again.
            for entry in entries.into_iter().filter(|entry| Some(entry.log_id.index) > purged) {
                bytes += weight(&entry);
                record.push(entry);
                if bytes >= RECORD_BYTES_MAX {
                    self.write_entries(state, spares, std::mem::take(&mut record))?;
                    bytes = 0;
                }
            }
            self.write_entries(state, spares, record)
        })
    }

    fn write_entries(&self, state: &mut State, spares: &Spares, entries: Vec<Entry>) -> Result<(), LogError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let (first, last) = (first.log_id.index, last.log_id);
        // An empty log may begin with any entry.
        if first != state.next_index() && (state.last.is_some() || state.purged.is_some()) {
            return Err(LogError::Gap { expected: state.next_index(), found: first });
        }
        let stored: Result<Vec<StoredEntry>, _> = entries.iter().map(StoredEntry::try_from).collect();
        let stored = stored.map_err(|error| LogError::Failed(error.to_string()))?;
        let record = Record::Entries { committed: state.committed.map(Into::into), entries: stored };
        let offset = self.write(state, spares, &record)?;
        if let Some(segment) = state.segments.back_mut() {
            entries.iter().for_each(|entry| segment.note(entry.log_id.index, offset));
        }
        for entry in entries {
            let bytes = weight(&entry);
            state.tail.push(entry, bytes);
        }
        state.last = Some(last);
        state.note_end()
    }

    /// Writes and syncs one record; returns its offset.
    fn write(&self, state: &mut State, spares: &Spares, record: &Record) -> Result<u64, LogError> {
        let mut buffer = std::mem::take(&mut state.buffer);
        let written = self.write_with(state, spares, record, &mut buffer);
        buffer.clear();
        state.buffer = buffer;
        written
    }

    fn write_with(
        &self,
        state: &mut State,
        spares: &Spares,
        record: &Record,
        buffer: &mut Vec<u8>,
    ) -> Result<u64, LogError> {
        let too_large = |_| LogError::TooLarge(u32::MAX as usize);
        let mark = state.segments.back().map_or(0, |segment| segment.mark);
        record::encode(record, mark, buffer).map_err(too_large)?;
        if !state.segments.back().is_some_and(|segment| segment.has_room(buffer.len())) {
            let mark = roll(state, spares, buffer.len())?;
            buffer.clear();
            record::encode(record, mark, buffer).map_err(too_large)?;
        }
        let disk = state.options.disk.clone();
        let Some(segment) = state.segments.back_mut() else { return Err(LogError::TooLarge(buffer.len())) };
        debug_assert!(buffer.starts_with(&segment.mark.to_le_bytes()), "a record carries the mark of its segment");
        segment.file.write_all_at(buffer, segment.end).map_err(LogError::io("write", &segment.path))?;
        let began = clock::now();
        disk.sync(&segment.file).map_err(LogError::io("sync", &segment.path))?;
        self.shared.figures.synced(clock::since(began));
        let offset = segment.end;
        segment.end += buffer.len() as u64;
        debug_assert!(segment.end.is_multiple_of(record::ALIGN_BYTES as u64), "the log ends at {}", segment.end);
        self.shared.grown.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(offset)
    }

    /// Truncates the log: drops the entries from `since` on.
    ///
    /// # Errors
    /// Returns an error if the disk fails; the log is then out of service.
    pub fn truncate(&self, since: u64) -> Result<(), LogError> {
        self.change(|state, spares| {
            if state.next_index() <= since {
                return Ok(());
            }
            self.write(state, spares, &Record::Truncated { since })?;
            state.forget_since(since);
            state.last = state.find_last()?;
            state.note_end()
        })
    }

    /// Purges the entries up to `upto`, which a snapshot holds. Segments that are no longer needed
    /// become spares.
    ///
    /// # Errors
    /// Returns an error if the disk fails; the log is then out of service.
    pub fn purge(&self, upto: LogId) -> Result<(), LogError> {
        self.change(|state, spares| {
            if state.purged.is_some_and(|purged| purged.index >= upto.index) {
                return Ok(());
            }
            self.write(state, spares, &Record::Purged { upto: upto.into() })?;
            state.forget_upto(upto);
            state.note_end()?;
            recycle(state, spares)?;
            let kept: u64 = state.segments.iter().skip(1).map(|segment| segment.end - RECORDS_AT).sum();
            self.shared.grown.store(kept, Ordering::Relaxed);
            Ok(())
        })
    }

    /// Makes a vote durable.
    ///
    /// # Errors
    /// Returns an error if the disk fails; the log is then out of service.
    pub fn save_vote(&self, vote: &Vote) -> Result<(), LogError> {
        self.change(|state, _| {
            let disk = state.options.disk.clone();
            state.vote.save(vote, &*disk)?;
            state.note_end()
        })
    }

    pub fn vote(&self) -> Option<Vote> {
        self.lock().vote.get()
    }

    /// Records the last committed entry. It reaches the disk with the next entries.
    pub fn set_committed(&self, committed: Option<LogId>) {
        self.shared.figures.committed_at(committed.map_or(0, |committed| committed.index));
        self.lock().committed = committed;
    }

    pub fn committed(&self) -> Option<LogId> {
        self.lock().committed
    }

    /// Returns the last purged entry, and the last entry of the log.
    pub fn ends(&self) -> (Option<LogId>, Option<LogId>) {
        let state = self.lock();
        (state.purged, state.last.max(state.purged))
    }

    /// Returns the entries of `from..to` that exist, in order.
    ///
    /// # Errors
    /// Returns an error if they cannot be read from disk.
    pub fn read(&self, from: u64, to: u64) -> Result<Vec<Entry>, LogError> {
        self.lock().read(from, to)
    }
}
