//! The file `vote`: the candidate that this master voted for, and the term.
//!
//! Two slots of 4096 bytes. A slot is
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic `dfs-vote` |
//! | 8..12 | format version, 2 |
//! | 12..16 | 1: the vote was committed, that is, won |
//! | 16..24 | number of this vote: the higher one is newer |
//! | 24..32 | term |
//! | 32..40 | the candidate |
//! | 40..56 | cluster id |
//! | 56..60 | zero |
//! | 60..64 | crc32c of bytes 0..60 |
//!
//! **Invariant:** a vote is answered after both slots hold it. It is written to the first slot,
//! synced, written to the second slot, and synced again. So one bad slot never hides a vote that
//! was answered:
//!
//! | first | second | what happened | the vote that counts |
//! |---|---|---|---|
//! | good | good | nothing; or a crash between the writes, if the first is newer | the newer |
//! | good | bad | the second was torn, or is corrupt: it was equal or older | the first |
//! | bad | good | the first was torn, not answered; or is corrupt: both equal | the second |
//! | bad | empty | the very first write was torn, and not answered | none |
//! | empty | empty | no vote was ever answered | none |
//! | bad | bad | corruption | refused |
//! | empty | bad | corruption: the second slot is written after the first | refused |
//!
//! Elections are rare, so the second sync has no noticeable cost. The start writes a bad slot
//! again.

use super::error::LogError;
use super::slots::{self, Form, SlotFile};
use super::spare::Disk;
use crate::master::raft::types::Vote;
use dfs_types::ClusterId;
use std::path::{Path, PathBuf};

const FORM: Form<2> = Form { magic: b"dfs-vote", version: 2 };

/// The content of a slot.
pub type Slot = slots::Slot<Vote>;

/// The vote, and the file that stores it.
#[derive(Debug)]
pub struct VoteFile {
    path: PathBuf,
    /// None until [`VoteFile::ready`] has created it.
    file: Option<SlotFile>,
    cluster: ClusterId,
    number: u64,
    vote: Option<Vote>,
    /// True if both slots hold the vote.
    whole: bool,
}

impl VoteFile {
    /// Reads the file of a directory. Changes nothing; if there is no file, there is no vote.
    ///
    /// # Errors
    /// Returns an error if it cannot be read, is of another cluster or version, or if its slots do
    /// not show which vote was the last one.
    pub fn look(directory: &Path, cluster: ClusterId) -> Result<Self, LogError> {
        let path = directory.join("vote");
        let Some((file, [first, second])) = SlotFile::look(&path)? else {
            return Ok(Self { path, file: None, cluster, number: 0, vote: None, whole: true });
        };
        let slots = [decode_slot(&path, &first, cluster)?, decode_slot(&path, &second, cluster)?];
        let (number, vote) = match (slots::newest(slots), slots) {
            (Some((number, vote)), _) => (number, Some(vote)),
            (None, [_, Slot::Empty]) => (0, None),
            (None, _) => return Err(LogError::corrupt(&path, 0, "neither of its slots has a valid checksum")),
        };
        let whole = vote.is_none_or(|vote| slots == [Slot::Good(number, vote); 2]);
        Ok(Self { path, file: Some(file), cluster, number, vote, whole })
    }

    /// Creates the file if there is none, and writes a slot again that differs from the other one.
    ///
    /// # Errors
    /// Returns an error if the disk is full or fails.
    pub fn ready(&mut self, disk: &dyn Disk) -> Result<(), LogError> {
        if self.file.is_none() {
            self.file = Some(SlotFile::make(&self.path, &[], disk)?);
        }
        if let (false, Some(file), Some(vote)) = (self.whole, &self.file, &self.vote) {
            tracing::warn!(path = %self.path.display(), "one of the two slots did not hold the newest vote; it is written again");
            file.settle(&encode_slot(self.number, vote, self.cluster), disk)?;
            self.whole = true;
        }
        Ok(())
    }

    pub fn get(&self) -> Option<Vote> {
        self.vote
    }

    /// Returns the number of the vote, that is, how many votes were saved; zero if none was.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns true if the file exists.
    pub fn exists(&self) -> bool {
        self.file.is_some()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `vote` durable, in both slots.
    ///
    /// # Errors
    /// Returns an error if it fails; which vote counts is then unknown until the file is opened
    /// again.
    pub fn save(&mut self, vote: &Vote, disk: &dyn Disk) -> Result<(), LogError> {
        self.number += 1;
        self.ready(disk)?;
        if let Some(file) = &self.file {
            file.settle(&encode_slot(self.number, vote, self.cluster), disk)?;
        }
        self.vote = Some(*vote);
        Ok(())
    }
}

/// Encodes the used bytes of a slot.
pub fn encode_slot(number: u64, vote: &Vote, cluster: ClusterId) -> Vec<u8> {
    let Vote { leader_id, committed } = vote;
    FORM.encode(number, (*committed, [leader_id.term, leader_id.node_id]), cluster)
}

/// Decodes a slot of the file `path`.
///
/// # Errors
/// Returns an error if it is of another cluster or version.
pub fn decode_slot(path: &Path, bytes: &[u8], cluster: ClusterId) -> Result<Slot, LogError> {
    let slot = FORM.decode(path, bytes, cluster)?;
    Ok(slot.map(|(committed, [term, candidate])| Vote { committed, ..Vote::new(term, candidate) }))
}

#[cfg(test)]
mod tests {
    use super::super::slots::SLOT_BYTES;
    use super::super::spare::RealDisk;
    use super::*;
    use std::fs;

    const USED_BYTES: usize = 64;
    const CLUSTER: ClusterId = ClusterId([1; 16]);
    /// A torn write leaves each sector of the disk old or new.
    const SECTOR_BYTES: usize = 512;

    fn open(directory: &Path) -> Result<VoteFile, LogError> {
        let mut file = VoteFile::look(directory, CLUSTER)?;
        file.ready(&RealDisk)?;
        Ok(file)
    }

    fn vote_after(directory: &Path, bytes: &[u8]) -> Option<Vote> {
        fs::write(directory.join("vote"), bytes).expect("written");
        open(directory).expect("opens").get()
    }

    #[test]
    fn the_newest_vote_counts_and_looking_changes_nothing() {
        let directory = tempfile::tempdir().expect("temp directory");
        assert!(!VoteFile::look(directory.path(), CLUSTER).expect("nothing there").exists());
        assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 0);
        let mut file = open(directory.path()).expect("new");
        assert_eq!(file.get(), None);
        for term in 1..=3 {
            file.save(&Vote::new_committed(term, 9), &RealDisk).expect("saved");
            assert_eq!(open(directory.path()).expect("again").get(), Some(Vote::new_committed(term, 9)));
        }
        assert!(VoteFile::look(directory.path(), ClusterId([2; 16])).is_err());
    }

    /// Returns every state that a crash can leave while the third vote is saved, as `(file,
    /// answered)`.
    fn crashes(before: &[u8], after: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut states = vec![(before.to_vec(), false)];
        for slot in 0..2 {
            for sector in 0..SLOT_BYTES / SECTOR_BYTES {
                let at = slot * SLOT_BYTES + sector * SECTOR_BYTES;
                let mut torn = states.last().expect("one").0.clone();
                torn[at..at + SECTOR_BYTES].copy_from_slice(&after[at..at + SECTOR_BYTES]);
                states.push((torn, false));
            }
        }
        states.push((after.to_vec(), true));
        states
    }

    #[test]
    fn a_crash_at_any_sector_and_any_flipped_bit_lose_no_vote_that_was_answered() {
        let directory = tempfile::tempdir().expect("temp directory");
        let mut file = open(directory.path()).expect("new");
        let elsewhere = tempfile::tempdir().expect("temp directory");
        let (mut answered, mut before) = (None, vec![0; 2 * SLOT_BYTES]);
        for vote in [Vote::new(1, 1), Vote::new_committed(1, 1), Vote::new(2, 3)] {
            file.save(&vote, &RealDisk).expect("saved");
            let after = fs::read(directory.path().join("vote")).expect("there");
            for (bytes, done) in crashes(&before, &after) {
                let found = vote_after(elsewhere.path(), &bytes);
                assert!(found == Some(vote) || (found == answered && !done), "{found:?} after {vote:?}");
            }
            // Every single bit of both slots, and one bit after the used bytes.
            let path = elsewhere.path().join("vote");
            for bit in (0..2 * SLOT_BYTES * 8).filter(|bit| bit / 8 % SLOT_BYTES <= USED_BYTES) {
                let mut bytes = after.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                fs::write(&path, &bytes).expect("written");
                let mut found = VoteFile::look(elsewhere.path(), CLUSTER).expect("one slot is good");
                assert_eq!(found.get(), Some(vote), "bit {bit}");
                if bit % 100 == 0 && bit / 8 % SLOT_BYTES < USED_BYTES {
                    found.ready(&RealDisk).expect("ready");
                    assert!(fs::read(&path).expect("there") == after, "bit {bit}: the slot is written again");
                }
            }
            (answered, before) = (Some(vote), after);
        }
    }

    #[test]
    fn two_corrupt_slots_are_refused() {
        let directory = tempfile::tempdir().expect("temp directory");
        open(directory.path()).expect("new").save(&Vote::new(7, 1), &RealDisk).expect("saved");
        let path = directory.path().join("vote");
        let good = fs::read(&path).expect("there");
        let mut bad = good.clone();
        bad[20] ^= 1;
        bad[SLOT_BYTES + 20] ^= 1;
        fs::write(&path, &bad).expect("written");
        assert!(matches!(open(directory.path()), Err(LogError::Corrupt { .. })));
        bad[..SLOT_BYTES].fill(0);
        fs::write(&path, &bad).expect("written");
        assert!(
            matches!(open(directory.path()), Err(LogError::Corrupt { .. })),
            "the first is written before the second"
        );
        fs::write(&path, &good[..SLOT_BYTES]).expect("written");
        assert!(matches!(open(directory.path()), Err(LogError::Corrupt { .. })), "it is too short");
    }

    #[test]
    fn the_file_is_as_the_golden_file_has_it() {
        let directory = tempfile::tempdir().expect("temp directory");
        let cluster = ClusterId(*b"0123456789abcdef");
        let mut file = VoteFile::look(directory.path(), cluster).expect("new");
        for vote in [Vote::new(6, 2), Vote::new(7, 3), Vote::new_committed(7, 3)] {
            file.save(&vote, &RealDisk).expect("saved");
        }
        let bytes = fs::read(directory.path().join("vote")).expect("there");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/vote-2.bin");
        if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
            fs::write(&golden, &bytes).expect("written");
        }
        assert!(bytes == fs::read(&golden).expect("golden file"), "the format of votes changed: give it a new version");
        fs::copy(&golden, directory.path().join("vote")).expect("copied");
        let old = VoteFile::look(directory.path(), cluster).expect("an old vote is readable");
        assert_eq!((old.get(), old.number), (Some(Vote::new_committed(7, 3)), 3));
    }
}
