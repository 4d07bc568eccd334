//! The file `vote`: whom this master gave its vote, and in which term.
//!
//! Two slots of 4096 bytes; the newer good one counts, the other one is written next. So a torn write leaves the vote
//! before it, and a full disk cannot keep a master from voting: the file never grows. A slot is
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic `dfs-vote` |
//! | 8..12 | format version, 1 |
//! | 12..16 | 1: the vote was committed, that is, won |
//! | 16..24 | number of this vote: the higher one is newer |
//! | 24..32 | term |
//! | 32..40 | the candidate |
//! | 40..56 | cluster id |
//! | 56..60 | zero |
//! | 60..64 | crc32c of bytes 0..60 |

use super::error::LogError;
use super::spare::Disk;
use crate::durable;
use crate::master::raft::types::Vote;
use dfs_types::ClusterId;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"dfs-vote";
const VERSION: u32 = 1;
const SLOT_BYTES: usize = 4096;
const USED_BYTES: usize = 64;

/// The open file.
#[derive(Debug)]
pub struct VoteFile {
    path: PathBuf,
    file: File,
    cluster: ClusterId,
    number: u64,
    vote: Option<Vote>,
}

impl VoteFile {
    /// Opens the file, or makes an empty one.
    ///
    /// # Errors
    /// When it cannot be read, is of another cluster or version, or both slots are damaged.
    pub fn open(folder: &Path, cluster: ClusterId, disk: &dyn Disk) -> Result<Self, LogError> {
        let path = folder.join("vote");
        let io = |action| LogError::io(action, &path);
        if !path.exists() {
            let young = folder.join("vote.new");
            disk.allocate(&young, 2 * SLOT_BYTES as u64).map_err(io("make"))?;
            std::fs::rename(&young, &path).map_err(io("make"))?;
            durable::sync_folder(folder).map_err(io("sync the folder of"))?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(io("open"))?;
        let mut bytes = vec![0; 2 * SLOT_BYTES];
        file.read_exact_at(&mut bytes, 0).map_err(io("read"))?;
        let (first, second) = bytes.split_at(SLOT_BYTES);
        let slots = [decode_slot(&path, first, cluster)?, decode_slot(&path, second, cluster)?];
        let newest = slots
            .iter()
            .filter_map(|slot| if let Slot::Good(number, vote) = slot { Some((*number, *vote)) } else { None });
        let newest = newest.max_by_key(|(number, _)| *number);
        let Some((number, vote)) = newest else {
            // The first vote of all may be torn in its slot, but then the other slot was never written.
            if slots.iter().any(|slot| matches!(slot, Slot::Empty)) {
                return Ok(Self { path, file, cluster, number: 0, vote: None });
            }
            return Err(LogError::damaged(&path, 0, "no slot of it has a good checksum"));
        };
        Ok(Self { path, file, cluster, number, vote: Some(vote) })
    }

    pub fn get(&self) -> Option<Vote> {
        self.vote
    }

    /// Makes `vote` durable.
    ///
    /// # Errors
    /// When it fails; which vote counts is then unknown until the file is opened again.
    pub fn save(&mut self, vote: &Vote, disk: &dyn Disk) -> Result<(), LogError> {
        self.number += 1;
        let bytes = encode_slot(self.number, vote, self.cluster);
        let at = if self.number.is_multiple_of(2) { SLOT_BYTES as u64 } else { 0 };
        self.file.write_all_at(&bytes, at).map_err(LogError::io("write", &self.path))?;
        disk.sync(&self.file).map_err(LogError::io("sync", &self.path))?;
        self.vote = Some(*vote);
        Ok(())
    }
}

/// What is in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Never written.
    Empty,
    /// Not what a whole write leaves.
    Torn,
    /// A vote and its number.
    Good(u64, Vote),
}

/// The used bytes of a slot.
pub fn encode_slot(number: u64, vote: &Vote, cluster: ClusterId) -> [u8; USED_BYTES] {
    let mut bytes = [0; USED_BYTES];
    bytes[0..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&u32::from(vote.committed).to_le_bytes());
    bytes[16..24].copy_from_slice(&number.to_le_bytes());
    bytes[24..32].copy_from_slice(&vote.leader_id.term.to_le_bytes());
    bytes[32..40].copy_from_slice(&vote.leader_id.node_id.to_le_bytes());
    bytes[40..56].copy_from_slice(&cluster.0);
    let crc = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads a slot of the file `path`.
///
/// # Errors
/// When it is of another cluster or version.
pub fn decode_slot(path: &Path, bytes: &[u8], cluster: ClusterId) -> Result<Slot, LogError> {
    let bytes = bytes.get(..USED_BYTES).unwrap_or_default();
    let word = |at: usize| bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
    let long = |at: usize| bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b));
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(Slot::Empty);
    }
    if !bytes.starts_with(MAGIC) || crc32c::crc32c(bytes.get(..60).unwrap_or_default()) != word(60) {
        return Ok(Slot::Torn);
    }
    if word(8) != VERSION {
        return Err(LogError::Version { path: path.to_owned(), found: word(8), known: VERSION });
    }
    if bytes.get(40..56) != Some(&cluster.0[..]) {
        return Err(LogError::Foreign { path: path.to_owned() });
    }
    let mut vote = Vote::new(long(24), long(32));
    vote.committed = word(12) == 1;
    Ok(Slot::Good(long(16), vote))
}

#[cfg(test)]
mod tests {
    use super::super::spare::RealDisk;
    use super::*;

    #[test]
    fn the_newest_good_vote_counts() {
        let folder = tempfile::tempdir().expect("temp folder");
        let cluster = ClusterId([1; 16]);
        let open = || VoteFile::open(folder.path(), cluster, &RealDisk);
        let mut file = open().expect("new");
        assert_eq!(file.get(), None);
        for term in 1..=3 {
            file.save(&Vote::new_committed(term, 9), &RealDisk).expect("saved");
            assert_eq!(open().expect("again").get(), Some(Vote::new_committed(term, 9)));
        }
        // A torn write of the next vote goes into the second slot.
        let raw = OpenOptions::new().write(true).open(folder.path().join("vote")).expect("there");
        raw.write_all_at(b"dfs-vote\x01\0\0\0 torn", SLOT_BYTES as u64).expect("written");
        assert_eq!(open().expect("again").get(), Some(Vote::new_committed(3, 9)));
        raw.write_all_at(b"x", 20).expect("written");
        assert!(matches!(open(), Err(LogError::Damaged { .. })));
        assert!(VoteFile::open(folder.path(), ClusterId([2; 16]), &RealDisk).is_err());
    }

    #[test]
    fn the_file_is_as_the_golden_file_has_it() {
        let folder = tempfile::tempdir().expect("temp folder");
        let cluster = ClusterId(*b"0123456789abcdef");
        let mut file = VoteFile::open(folder.path(), cluster, &RealDisk).expect("new");
        for vote in [Vote::new(6, 2), Vote::new(7, 3), Vote::new_committed(7, 3)] {
            file.save(&vote, &RealDisk).expect("saved");
        }
        let bytes = std::fs::read(folder.path().join("vote")).expect("there");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/vote-1.bin");
        if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
            std::fs::write(&golden, &bytes).expect("written");
        }
        assert!(
            bytes == std::fs::read(&golden).expect("golden file"),
            "the format of votes changed: give it a new version"
        );
        std::fs::copy(&golden, folder.path().join("vote")).expect("copied");
        let old = VoteFile::open(folder.path(), cluster, &RealDisk).expect("an old vote is readable");
        assert_eq!((old.get(), old.number), (Some(Vote::new_committed(7, 3)), 3));
    }
}
