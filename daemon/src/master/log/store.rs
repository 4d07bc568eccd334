//! The log: appending, reading, taking back, letting go.

use super::error::LogError;
use super::figures::Figures;
use super::open;
use super::record::{self, Record, StoredEntry};
use super::segment::{Head, RECORDS_AT, Segment};
use super::spare::{Disk, Outlook, Spares};
use super::tail::{Tail, weight};
use super::vote::VoteFile;
use crate::durable;
use crate::master::raft::types::{Entry, LogId, Vote};
use dfs_types::ClusterId;
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Entries of one append are written in records of about this many bytes.
const RECORD_BYTES_MAX: usize = 4 << 20;
/// Left free in a segment for what Raft writes without being asked (elections, purges; about a hundred bytes each), while it
/// is not known whether there will be another one.
const OWN_BYTES: usize = 4 << 10;
/// The largest segment that can be asked for.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The smallest one: the head, and room for a few records.
pub const SEGMENT_BYTES_MIN: u64 = 16 << 10;

/// What a log must know to open.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The folder of the log alone.
    pub folder: PathBuf,
    pub cluster: ClusterId,
    /// Bytes of a segment, [`SEGMENT_BYTES_MIN`] to [`SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    pub disk: Arc<dyn Disk>,
}

/// The log of one master. Clones are the same log.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    spares: Spares,
    /// Bytes of records since the last purge, for deciding when to take a snapshot.
    grown: AtomicU64,
    figures: Arc<Figures>,
    failed: watch::Sender<Option<String>>,
}

/// What is open.
#[derive(Debug)]
pub(super) struct State {
    pub options: LogOptions,
    /// Oldest first; the last one is being written. Never empty.
    pub segments: VecDeque<Segment>,
    pub purged: Option<LogId>,
    pub last: Option<LogId>,
    pub committed: Option<LogId>,
    pub vote: VoteFile,
    pub tail: Tail,
    pub buffer: Vec<u8>,
}

impl Log {
    /// Opens the log, or makes an empty one, and cuts off a torn tail.
    ///
    /// # Errors
    /// When it is damaged, of another cluster or version, or the disk fails.
    pub fn open(options: LogOptions) -> Result<Self, LogError> {
        let (state, spares) = open::open(options)?;
        let grown = state.segments.iter().map(|segment| segment.end - RECORDS_AT).sum();
        let (state, grown) = (Mutex::new(state), AtomicU64::new(grown));
        let shared = Shared { state, spares, grown, figures: Arc::default(), failed: watch::Sender::new(None) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether commands may be taken: false while the disk has no room for the next segment.
    pub fn has_room(&self) -> bool {
        *self.shared.spares.outlook().borrow() != Outlook::Full
    }

    /// Whether commands of this [`weight`] have their place in the log. Where that depends on a segment that is being made,
    /// waits until it is there or the disk has turned out to be full: Raft itself must never find out, it could not go on.
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
                // The sender is ours, so it is there for as long as this.
                Outlook::Making => drop(outlook.changed().await),
            }
        }
    }

    /// Bytes written since the last purge.
    pub fn grown(&self) -> u64 {
        self.shared.grown.load(Ordering::Relaxed)
    }

    /// What it has done since it was opened.
    pub fn figures(&self) -> Arc<Figures> {
        self.shared.figures.clone()
    }

    /// Tells of the failure that put the log out of service. After it the process must end: what is on the disk is unknown.
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.failed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change. A failed one puts the log out of service for good.
    fn change<T>(&self, change: impl FnOnce(&mut State, &Spares) -> Result<T, LogError>) -> Result<T, LogError> {
        let mut state = self.lock();
        if let Some(failure) = self.shared.failed.borrow().clone() {
            return Err(LogError::Failed(failure));
        }
        let changed = change(&mut state, &self.shared.spares);
        if let Err(error) = &changed {
            tracing::error!(%error, "the log is out of service; the master must be started again");
            self.shared.failed.send_replace(Some(error.to_string()));
        }
        changed
    }

    /// Makes entries durable. They follow the last entry without a gap.
    ///
    /// # Errors
    /// When the disk fails; the log is out of service then.
    pub fn append(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), LogError> {
        self.change(|state, spares| {
            let mut record = Vec::new();
            let mut bytes = 0;
            let purged = state.purged.map(|purged| purged.index);
            // What a snapshot has already is not written again.
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
        // An empty log may begin anywhere.
        if first != state.next_index() && (state.last.is_some() || state.purged.is_some()) {
            return Err(LogError::Gap { expected: state.next_index(), found: first });
        }
        let stored: Vec<StoredEntry> = entries.iter().map(StoredEntry::from).collect();
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
        Ok(())
    }

    /// Writes and syncs one record; says where it begins.
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
            let mark = state.roll(spares, buffer.len())?;
            buffer.clear();
            record::encode(record, mark, buffer).map_err(too_large)?;
        }
        let disk = state.options.disk.clone();
        let Some(segment) = state.segments.back_mut() else { return Err(LogError::TooLarge(buffer.len())) };
        segment.file.write_all_at(buffer, segment.end).map_err(LogError::io("write", &segment.path))?;
        let began = Instant::now();
        disk.sync(&segment.file).map_err(LogError::io("sync", &segment.path))?;
        self.shared.figures.synced(began.elapsed());
        let offset = segment.end;
        segment.end += buffer.len() as u64;
        self.shared.grown.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(offset)
    }

    /// Takes back the entries from `since` on.
    ///
    /// # Errors
    /// When the disk fails; the log is out of service then.
    pub fn truncate(&self, since: u64) -> Result<(), LogError> {
        self.change(|state, spares| {
            if state.next_index() <= since {
                return Ok(());
            }
            self.write(state, spares, &Record::Truncated { since })?;
            state.forget_since(since);
            state.last = state.find_last()?;
            Ok(())
        })
    }

    /// Lets go of the entries up to `upto`, which a snapshot holds. Segments that are needed no more become spares.
    ///
    /// # Errors
    /// When the disk fails; the log is out of service then.
    pub fn purge(&self, upto: LogId) -> Result<(), LogError> {
        self.change(|state, spares| {
            if state.purged.is_some_and(|purged| purged.index >= upto.index) {
                return Ok(());
            }
            self.write(state, spares, &Record::Purged { upto: upto.into() })?;
            state.forget_upto(upto);
            state.recycle(spares)?;
            let kept: u64 = state.segments.iter().skip(1).map(|segment| segment.end - RECORDS_AT).sum();
            self.shared.grown.store(kept, Ordering::Relaxed);
            Ok(())
        })
    }

    /// Makes a vote durable.
    ///
    /// # Errors
    /// When the disk fails; the log is out of service then.
    pub fn save_vote(&self, vote: &Vote) -> Result<(), LogError> {
        self.change(|state, _| {
            let disk = state.options.disk.clone();
            state.vote.save(vote, &*disk)
        })
    }

    pub fn vote(&self) -> Option<Vote> {
        self.lock().vote.get()
    }

    /// Notes what is committed. It goes to disk with the next entries.
    pub fn set_committed(&self, committed: Option<LogId>) {
        self.shared.figures.committed_at(committed.map_or(0, |committed| committed.index));
        self.lock().committed = committed;
    }

    pub fn committed(&self) -> Option<LogId> {
        self.lock().committed
    }

    /// The last purged entry, and the last entry of all.
    pub fn ends(&self) -> (Option<LogId>, Option<LogId>) {
        let state = self.lock();
        (state.purged, state.last.max(state.purged))
    }

    /// The entries `from..to` that are there, in order.
    ///
    /// # Errors
    /// When they cannot be read from disk.
    pub fn read(&self, from: u64, to: u64) -> Result<Vec<Entry>, LogError> {
        self.lock().read(from, to)
    }
}

impl State {
    pub fn next_index(&self) -> u64 {
        self.last.max(self.purged).map_or(0, |last| last.index + 1)
    }

    /// Begins the next segment, with room for a record of `bytes`; gives its mark.
    fn roll(&mut self, spares: &Spares, bytes: usize) -> Result<u32, LogError> {
        let folder = self.options.folder.clone();
        let Some(current) = self.segments.back() else { return Err(LogError::TooLarge(bytes)) };
        let head = Head {
            sequence: current.sequence + 1,
            mark: random_mark(),
            previous_end: current.end,
            cluster: self.options.cluster,
        };
        let needed = RECORDS_AT + bytes as u64;
        let from = if needed <= self.options.segment_bytes {
            spares.take().map_err(LogError::io("make a segment in", &folder))?
        } else if needed <= SEGMENT_BYTES_MAX {
            // A record larger than a segment: only where segments are set very small.
            let path = folder.join("large.new");
            self.options.disk.allocate(&path, needed).map_err(LogError::io("make", &path))?;
            path
        } else {
            return Err(LogError::TooLarge(bytes));
        };
        let segment = begin(&self.options, &from, head)?;
        let mark = segment.mark;
        self.segments.push_back(segment);
        Ok(mark)
    }

    pub fn forget_since(&mut self, index: u64) {
        self.segments.iter_mut().for_each(|segment| segment.forget_since(index));
        self.tail.forget_since(index);
        self.committed = self.committed.filter(|committed| committed.index < index);
    }

    pub fn forget_upto(&mut self, upto: LogId) {
        self.purged = Some(upto);
        self.tail.forget_upto(upto.index);
        if self.last.is_none_or(|last| last.index <= upto.index) {
            self.last = None;
            // What comes next need not follow what was here: a snapshot may have jumped ahead.
            self.segments.iter_mut().for_each(|segment| segment.offsets.clear());
        }
    }

    /// Gives away the oldest segments, as far as all their entries are purged. The record that says so is in the newest.
    fn recycle(&mut self, spares: &Spares) -> Result<(), LogError> {
        let purged = self.purged.map_or(0, |purged| purged.index + 1);
        while self.segments.len() > 1 {
            let Some(oldest) = self.segments.front() else { break };
            if !oldest.offsets.is_empty() && oldest.next_index() > purged {
                break;
            }
            spares.give(&oldest.path, oldest.size).map_err(LogError::io("set aside", &oldest.path))?;
            self.segments.pop_front();
        }
        sync_folder(&self.options.folder)
    }
}

/// Makes a segment of the file `from`: head, sync, rename, sync of the folder.
pub(super) fn begin(options: &LogOptions, from: &Path, head: Head) -> Result<Segment, LogError> {
    let path = options.folder.join(Segment::file_name(head.sequence));
    let file = OpenOptions::new().read(true).write(true).open(from).map_err(LogError::io("open", from))?;
    file.write_all_at(&head.encode(), 0).map_err(LogError::io("write", from))?;
    options.disk.sync(&file).map_err(LogError::io("sync", from))?;
    fs::rename(from, &path).map_err(LogError::io("rename", from))?;
    sync_folder(&options.folder)?;
    let size = file.metadata().map_err(LogError::io("look at", &path))?.len();
    Ok(Segment::new(path, file, size, &head))
}

/// A mark for a new segment, never zero.
pub(super) fn random_mark() -> u32 {
    let mut bytes = [0; 4];
    // Without the system's random source the worst is a guessable mark.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    u32::from_le_bytes(bytes).max(1)
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), LogError> {
    durable::sync_folder(folder).map_err(LogError::io("sync", folder))
}
