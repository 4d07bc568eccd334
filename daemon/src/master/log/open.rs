//! Opens the log: reads all segments, refuses a corrupt or incomplete log, and cuts off a torn
//! tail.
//!
//! Nothing on the disk is changed before everything was read and found good.

use super::check::{Facts, check_newest};
use super::end::EndFile;
use super::error::LogError;
use super::options::{LogOptions, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use super::record::{self, ALIGN_BYTES, Record};
use super::roll::{begin, random_mark, sync_directory};
use super::segment::{Head, RECORDS_AT, Segment};
use super::spare::{self, Spares};
use super::state::State;
use super::tail::Tail;
use super::vote::VoteFile;
use crate::durable;
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(super) fn open(mut options: LogOptions) -> Result<(State, Spares), LogError> {
    options.segment_bytes = options.segment_bytes.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    let directory = options.directory.clone();
    let files = Files::of(&directory)?;
    let mut state = State {
        segments: VecDeque::new(),
        purged: None,
        last: None,
        committed: None,
        vote: VoteFile::look(&directory, options.cluster)?,
        end: EndFile::look(&directory, options.cluster)?,
        end_seen: 0,
        end_synced: 0,
        closed: false,
        tail: Tail::default(),
        buffer: Vec::new(),
        options,
    };
    if let Some(end) = state.end.get() {
        check_newest(&directory, files.segments.last().map_or(0, |(sequence, _)| *sequence), end)?;
    }
    state.read_all(&files.segments)?;
    state.check(&files)?;
    // Up to here nothing was changed.
    state.begin(files)
}

/// The files of the directory.
#[derive(Default)]
struct Files {
    /// Sorted by sequence number, ascending.
    segments: Vec<(u64, PathBuf)>,
    spares: Vec<PathBuf>,
    /// Unfinished files that a crash left.
    leftovers: Vec<PathBuf>,
}

impl Files {
    /// Lists the directory; a missing directory counts as empty.
    fn of(directory: &Path) -> Result<Self, LogError> {
        let mut files = Self::default();
        let read = || LogError::io("read the directory", directory);
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            entries => entries.map_err(read())?,
        };
        for entry in entries {
            let path = entry.map_err(read())?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(sequence) = Segment::sequence_of(name) {
                files.segments.push((sequence, path));
            } else if spare::number(&path).is_some() {
                files.spares.push(path);
            } else if name.ends_with(".new") {
                files.leftovers.push(path);
            }
        }
        files.segments.sort();
        Ok(files)
    }

    /// Removes unfinished files that a crash left, and returns the spares that can be used. A spare
    /// shorter than the segment size is deleted and made again instead of being extended when it is
    /// needed.
    fn tidy(self) -> Result<Vec<PathBuf>, LogError> {
        for path in &self.leftovers {
            fs::remove_file(path).map_err(LogError::io("remove the unfinished file", path))?;
        }
        let mut found = Vec::new();
        for path in self.spares {
            let size = fs::metadata(&path).map_err(LogError::io("read the size of", &path))?.len();
            found.push((size, path));
        }
        let largest = found.iter().map(|(size, _)| *size).max().unwrap_or_default();
        let (kept, short): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(size, _)| *size == largest && *size > RECORDS_AT);
        for (_, path) in short {
            fs::remove_file(&path).map_err(LogError::io("remove", &path))?;
        }
        Ok(kept.into_iter().map(|(_, path)| path).collect())
    }
}

impl State {
    /// Checks everything that was found against each other.
    fn check(&self, files: &Files) -> Result<(), LogError> {
        let oldest_and_newest = self.segments.front().zip(self.segments.back());
        let facts = Facts {
            directory: &self.options.directory,
            segments: oldest_and_newest.map(|(oldest, newest)| (oldest.sequence, newest.sequence)),
            offset: self.segments.back().map_or(0, |newest| newest.end),
            spares: !files.spares.is_empty(),
            purged: self.purged,
            last: self.last,
            end: self.end.get(),
            end_path: self.end.path(),
            vote: self.vote.get(),
            vote_number: self.vote.number(),
            vote_path: self.vote.path(),
            vote_exists: self.vote.exists(),
            basis: &self.options.basis,
        };
        facts.check()
    }

    /// Continues from the files that were found. At the very first start, the vote, the first
    /// segment and the end mark are created in this order: if there is an end mark, a missing vote
    /// or segment is an error.
    fn begin(mut self, files: Files) -> Result<(Self, Spares), LogError> {
        let (directory, disk) = (self.options.directory.clone(), self.options.disk.clone());
        durable::create_directory(&directory).map_err(LogError::io("create the directory", &directory))?;
        let mut spares = files.tidy()?;
        self.vote.ready(&*disk)?;
        if self.segments.is_empty() {
            self.begin_first(&mut spares)?;
        }
        self.end.settle(self.end_here(false), &*disk)?;
        let spares = Spares::new(&directory, self.options.segment_bytes, spares, disk);
        Ok((self, spares.map_err(LogError::io("start a thread for", &directory))?))
    }

    fn begin_first(&mut self, spares: &mut Vec<PathBuf>) -> Result<(), LogError> {
        let path = self.options.directory.join("first.new");
        let from = match spares.pop() {
            Some(spare) => spare,
            None => {
                self.options.disk.allocate(&path, self.options.segment_bytes).map_err(LogError::io("make", &path))?;
                path
            }
        };
        let head = Head { sequence: 1, mark: random_mark(), previous_end: 0, size: 0, cluster: self.options.cluster };
        let first = begin(&self.options, &from, head)?;
        self.segments.push_back(first);
        sync_directory(&self.options.directory)
    }

    fn read_all(&mut self, files: &[(u64, PathBuf)]) -> Result<(), LogError> {
        let mut heads = Vec::new();
        for (sequence, path) in files {
            heads.push(read_head(path, *sequence, self.options.cluster)?);
        }
        for (number, ((_, path), head)) in files.iter().zip(&heads).enumerate() {
            let next = heads.get(number + 1);
            if let Some(next) = next.filter(|next| next.sequence != head.sequence + 1) {
                let missing = Segment::file_name(head.sequence + 1);
                let what =
                    format!("it is missing between two other segments: {} exists", Segment::file_name(next.sequence));
                return Err(LogError::missing(self.options.directory.join(missing), what));
            }
            self.read_segment(path, head, next.map(|next| next.previous_end))?;
        }
        self.check_start(files)
    }

    /// Reads one segment. `end` is known for all segments but the newest.
    fn read_segment(&mut self, path: &Path, head: &Head, end: Option<u64>) -> Result<(), LogError> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(LogError::io("open", path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(LogError::io("read", path))?;
        let size = bytes.len() as u64;
        if size < head.size {
            let what = format!("the file ends there, but should have {} bytes", head.size);
            return Err(LogError::corrupt(path, size, what));
        }
        self.segments.push_back(Segment::new(path.to_owned(), file, size, head));
        let mut at = RECORDS_AT as usize;
        while let Some(found) = bytes.get(at..).and_then(|bytes| record::find(bytes, head.mark)) {
            if end.is_some_and(|end| at as u64 >= end) {
                break;
            }
            self.replay(found.payload, at as u64)?;
            at += found.bytes;
            if let Some(segment) = self.segments.back_mut() {
                segment.end = at as u64;
            }
        }
        self.check_end(&bytes, at, head.mark, end)
    }

    /// Checks the bytes after the last good record of a segment.
    ///
    /// In the newest segment a single record may be torn: the one that was being written at a
    /// crash. It lies after the end mark, and no good record follows it, because a record is begun
    /// only after the one before was synced.
    fn check_end(&mut self, bytes: &[u8], at: usize, mark: u32, end: Option<u64>) -> Result<(), LogError> {
        let Some(segment) = self.segments.back_mut() else { return Ok(()) };
        segment.end = at as u64;
        let corrupt = |what: String| Err(LogError::corrupt(&segment.path, at as u64, what));
        match end {
            Some(end) if end == at as u64 => return Ok(()),
            Some(_) => {
                return corrupt(
                    "the checksum of the record there does not match, and later records are good".to_owned(),
                );
            }
            None => {}
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let later = (0..rest.len())
            .step_by(ALIGN_BYTES)
            .skip(1)
            .find(|later| rest.get(*later..).is_some_and(|rest| record::find(rest, mark).is_some()));
        if let Some(later) = later {
            let good = at + later;
            return corrupt(format!(
                "the checksum of the record there does not match, and the record at byte {good} is good"
            ));
        }
        let known = self.end.get().filter(|known| known.sequence == segment.sequence);
        match known {
            Some(known) if (at as u64) < known.offset => {
                let (last, end) = (known.next_index.saturating_sub(1), known.offset);
                return corrupt(format!("the log ends too early: it was synced up to byte {end}, with entry {last}"));
            }
            Some(known) if known.closed => return Ok(()),
            _ => {}
        }
        if rest.starts_with(&mark.to_le_bytes()) {
            let path = segment.path.display();
            tracing::warn!(%path, offset = at, "a crash tore a record before it was acknowledged; the log is cut there");
        }
        Ok(())
    }

    fn replay(&mut self, payload: &[u8], offset: u64) -> Result<(), LogError> {
        let next = self.next_index();
        let Some(segment) = self.segments.back_mut() else { return Ok(()) };
        let path = segment.path.clone();
        let corrupt = |what: String| LogError::corrupt(&path, offset, what);
        let read = record::decode(payload);
        match read.map_err(|error| corrupt(format!("a record that this version cannot read: {error}")))? {
            Record::Entries { committed, entries } => {
                let oldest = self.segments.len() == 1 && self.last.is_none() && self.purged.is_none();
                for (number, entry) in entries.iter().enumerate() {
                    entry.check_version().map_err(LogError::stored(&path, offset))?;
                    let expected = if oldest && number == 0 { entry.id.index } else { self.next_index().max(next) };
                    if entry.id.index != expected {
                        return Err(corrupt(format!("it holds entry {} in place of entry {expected}", entry.id.index)));
                    }
                    if let Some(segment) = self.segments.back_mut() {
                        segment.note(entry.id.index, offset);
                    }
                    self.last = Some(entry.id.into());
                }
                self.committed = self.committed.max(committed.map(Into::into));
            }
            Record::Truncated { since } => {
                self.forget_since(since);
                self.last = self.find_last()?;
            }
            Record::Purged { upto } => self.forget_upto(upto.into()),
        }
        Ok(())
    }

    /// Checks the first entry: entries may be missing at the start only as far as they were purged.
    fn check_start(&mut self, files: &[(u64, PathBuf)]) -> Result<(), LogError> {
        let needed = self.purged.map_or(0, |purged| purged.index + 1);
        let first = self.segments.iter().find(|segment| !segment.offsets.is_empty()).map(|segment| segment.first);
        match (first, files.first()) {
            (Some(first), Some((_, path))) if first > needed => {
                let directory = &self.options.directory;
                let before = self.segments.front().map_or(0, |oldest| oldest.sequence.saturating_sub(1));
                let what = format!(
                    "{} begins with entry {first}, but the entries from {needed} on are needed",
                    path.display()
                );
                Err(LogError::missing(directory.join(Segment::file_name(before)), what))
            }
            _ => Ok(()),
        }
    }
}

fn read_head(path: &Path, sequence: u64, cluster: dfs_types::ClusterId) -> Result<Head, LogError> {
    let mut bytes = Vec::new();
    let file = OpenOptions::new().read(true).open(path).map_err(LogError::io("open", path))?;
    file.take(RECORDS_AT).read_to_end(&mut bytes).map_err(LogError::io("read", path))?;
    let head = Head::decode(path, &bytes)?;
    if head.cluster != cluster {
        return Err(LogError::Foreign { path: path.to_owned() });
    }
    if head.sequence != sequence {
        return Err(LogError::corrupt(path, 16, format!("it says that it is segment {}", head.sequence)));
    }
    Ok(head)
}
