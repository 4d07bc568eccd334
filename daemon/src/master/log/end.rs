//! The file `end`, which holds the end mark: the position that the log is known to reach. It is
//! separate from the log, so that a log that has lost its end cannot be taken for a shorter one.
//!
//! Two slots of 4096 bytes; the good one with the higher number counts. A slot is
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic `dfs-end` and a line feed |
//! | 8..12 | format version, 1 |
//! | 12..16 | 1: closed, 0: open |
//! | 16..24 | number of this mark: the higher one is newer |
//! | 24..32 | sequence number of the newest segment |
//! | 32..40 | offset at which the records of that segment end |
//! | 40..48 | index of the next entry |
//! | 48..56 | number of the newest vote |
//! | 56..72 | cluster id |
//! | 72..76 | zero |
//! | 76..80 | crc32c of bytes 0..76 |
//!
//! *Open* means that the log reaches at least to this position; *closed* means that it ends exactly
//! there.
//!
//! | moment | what is written | sync |
//! |---|---|---|
//! | start, log was checked | both slots: open, the end that was found | after each slot |
//! | record synced, not acknowledged yet | the slots in turn: open, the new end | none |
//! | a new segment, before its first record | one slot: open, its beginning | yes |
//! | a vote, after it was saved | one slot | none |
//! | nothing was written for a second | nothing | yes |
//! | clean stop | both slots: closed, the end | after each slot |
//!
//! **Invariant:** a mark is written after the records that it covers were synced. So it is never
//! ahead of the log, whichever of the two slots has reached the disk at a crash.
//!
//! **Invariant:** after a start and after a clean stop both slots are equal. So one corrupt slot
//! never hides a clean stop.
//!
//! A mark that is not synced survives the end of the process (`kill -9`), but not a power cut.
//! After a power cut the mark may be older than the log by whatever the system had not yet written
//! back: about 30 s at most, and nothing if the log was idle before.

use super::error::LogError;
use super::slots::{self, Form, SlotFile};
use super::spare::Disk;
use dfs_types::ClusterId;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FORM: Form<4> = Form { magic: b"dfs-end\n", version: 1 };

/// The position that the log is known to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// True if the log was closed and ends exactly here; otherwise it reaches at least this
    /// position.
    pub closed: bool,
    /// The sequence number of the newest segment.
    pub sequence: u64,
    /// The offset at which the records of that segment end.
    pub offset: u64,
    /// The index of the next entry.
    pub next_index: u64,
    /// The number of the newest vote.
    pub vote: u64,
}

/// The content of a slot.
pub type Slot = slots::Slot<End>;

/// The end mark, and the file that stores it.
#[derive(Debug)]
pub struct EndFile {
    path: PathBuf,
    /// None until [`EndFile::settle`] has created it.
    file: Option<SlotFile>,
    cluster: ClusterId,
    number: u64,
    end: Option<End>,
}

impl EndFile {
    /// Reads the file of a directory. Changes nothing; if there is no file, there is no mark.
    ///
    /// # Errors
    /// Returns an error if it cannot be read, is of another cluster or version, or has no good
    /// slot.
    pub fn look(directory: &Path, cluster: ClusterId) -> Result<Self, LogError> {
        let path = directory.join("end");
        let Some((file, [first, second])) = SlotFile::look(&path)? else {
            return Ok(Self { path, file: None, cluster, number: 0, end: None });
        };
        let slots = [decode_slot(&path, &first, cluster)?, decode_slot(&path, &second, cluster)?];
        let Some((number, end)) = slots::newest(slots) else {
            return Err(LogError::corrupt(&path, 0, "neither of its slots has a valid checksum"));
        };
        if slots.iter().any(|slot| !matches!(slot, Slot::Good(..))) {
            tracing::warn!(path = %path.display(), "one slot of the end mark is corrupt; the other slot is used");
        }
        Ok(Self { path, file: Some(file), cluster, number, end: Some(end) })
    }

    /// Returns the mark; none if there is no file.
    pub fn get(&self) -> Option<End> {
        self.end
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a mark to one slot, without a sync. It survives the process, but not a power cut.
    ///
    /// # Errors
    /// Returns an error if the write fails.
    pub fn note(&mut self, end: End) -> Result<(), LogError> {
        self.number += 1;
        if let Some(file) = &self.file {
            file.write((self.number % 2) as usize, &encode_slot(self.number, &end, self.cluster))?;
        }
        self.end = Some(end);
        Ok(())
    }

    /// Does the same as [`EndFile::note`], and syncs the file.
    ///
    /// # Errors
    /// Returns an error if the write or the sync fails.
    pub fn note_durably(&mut self, end: End, disk: &dyn Disk) -> Result<(), LogError> {
        self.note(end)?;
        self.file.as_ref().map_or(Ok(()), |file| file.sync(disk))
    }

    /// Makes a mark durable in both slots; creates the file if there is none.
    ///
    /// # Errors
    /// Returns an error if the disk is full or fails.
    pub fn settle(&mut self, end: End, disk: &dyn Disk) -> Result<(), LogError> {
        self.number += 1;
        let bytes = encode_slot(self.number, &end, self.cluster);
        match &self.file {
            Some(file) => file.settle(&bytes, disk)?,
            None => self.file = Some(SlotFile::make(&self.path, &bytes, disk)?),
        }
        self.end = Some(end);
        Ok(())
    }

    /// Returns the number of marks written, and the file, so that the caller can sync it without
    /// holding a lock.
    pub fn written(&self) -> (u64, Option<Arc<File>>) {
        (self.number, self.file.as_ref().map(SlotFile::file))
    }
}

/// Encodes the used bytes of a slot.
pub fn encode_slot(number: u64, end: &End, cluster: ClusterId) -> Vec<u8> {
    let End { closed, sequence, offset, next_index, vote } = *end;
    FORM.encode(number, (closed, [sequence, offset, next_index, vote]), cluster)
}

/// Decodes a slot of the file `path`.
///
/// # Errors
/// Returns an error if it is of another cluster or version.
pub fn decode_slot(path: &Path, bytes: &[u8], cluster: ClusterId) -> Result<Slot, LogError> {
    let slot = FORM.decode(path, bytes, cluster)?;
    Ok(slot.map(|(closed, [sequence, offset, next_index, vote])| End { closed, sequence, offset, next_index, vote }))
}

#[cfg(test)]
mod tests {
    use super::super::slots::SLOT_BYTES;
    use super::super::spare::RealDisk;
    use super::*;
    use std::fs;

    const USED_BYTES: usize = 80;
    const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");

    fn mark(closed: bool, offset: u64) -> End {
        End { closed, sequence: 3, offset, next_index: offset / 8, vote: 2 }
    }

    fn look(directory: &Path) -> Option<End> {
        EndFile::look(directory, CLUSTER).expect("good").get()
    }

    #[test]
    fn the_newest_mark_counts_and_one_corrupt_slot_never_hides_a_clean_stop() {
        let directory = tempfile::tempdir().expect("temp directory");
        let mut file = EndFile::look(directory.path(), CLUSTER).expect("nothing there");
        assert_eq!((file.get(), fs::read_dir(directory.path()).expect("there").count()), (None, 0));
        file.settle(mark(false, 4096), &RealDisk).expect("made");
        for offset in [5000, 6000, 7000] {
            file.note(mark(false, offset)).expect("noted");
            assert_eq!(look(directory.path()), Some(mark(false, offset)));
        }
        let path = directory.path().join("end");
        let running = fs::read(&path).expect("there");
        file.settle(mark(true, 7000), &RealDisk).expect("closed");
        let closed = fs::read(&path).expect("there");
        for bit in (0..2 * SLOT_BYTES * 8).filter(|bit| bit / 8 % SLOT_BYTES < USED_BYTES) {
            for (whole, at_least) in [(&running, mark(false, 6000)), (&closed, mark(true, 7000))] {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                fs::write(&path, &bytes).expect("written");
                let found = look(directory.path()).expect("one slot is good");
                assert!(found.closed == at_least.closed && found.offset >= at_least.offset, "bit {bit}: {found:?}");
            }
        }
        let mut bytes = closed;
        bytes[30] ^= 1;
        bytes[SLOT_BYTES + 30] ^= 1;
        fs::write(&path, &bytes).expect("written");
        assert!(matches!(EndFile::look(directory.path(), CLUSTER), Err(LogError::Corrupt { .. })));
        assert!(matches!(EndFile::look(directory.path(), ClusterId([0; 16])), Err(LogError::Corrupt { .. })));
    }

    #[test]
    fn the_file_is_as_the_golden_file_has_it() {
        let directory = tempfile::tempdir().expect("temp directory");
        let mut file = EndFile::look(directory.path(), CLUSTER).expect("nothing there");
        file.settle(mark(true, 4096), &RealDisk).expect("made");
        file.note(mark(false, 8192)).expect("noted");
        let bytes = fs::read(directory.path().join("end")).expect("there");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/log-end-1.bin");
        if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
            fs::write(&golden, &bytes).expect("written");
        }
        assert!(
            bytes == fs::read(&golden).expect("golden file"),
            "the format of the end mark changed: give it a new version"
        );
    }
}
