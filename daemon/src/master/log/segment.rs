//! One file of the log.
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic `dfs-log` and a line feed |
//! | 8..12 | format version, 3 |
//! | 12..16 | mark: drawn at random for this use of the file; every record of it carries it |
//! | 16..24 | sequence number: 1 for the first segment of a log, then one more each |
//! | 24..32 | offset at which the records of the segment before this one end |
//! | 32..48 | cluster id |
//! | 48..56 | size of the file in bytes: a shorter file has lost its end |
//! | 56..60 | zero |
//! | 60..64 | crc32c of bytes 0..60 |
//! | 4096.. | records, see [`record`](super::record), then zeros or bytes of an earlier use |
//!
//! The head has a block of its own, so that a torn write of a record cannot reach it. It holds the
//! end of the previous segment, so that only the end of the newest segment must be searched for.

use super::error::LogError;
use super::record::{self, ALIGN_BYTES};
use crate::format::field;
use dfs_types::ClusterId;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"dfs-log\n";
const VERSION: u32 = 3;
const HEAD_BYTES: usize = 64;
/// The offset at which the records begin.
pub const RECORDS_AT: u64 = 4096;

/// The content of the head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    /// The word that each record of the segment begins with. It is random, so that no client can
    /// plant a valid record inside of another one.
    pub mark: u32,
    /// The offset at which the records of the previous segment end.
    pub previous_end: u64,
    /// The size of the file in bytes.
    pub size: u64,
    pub cluster: ClusterId,
}

impl Head {
    pub fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.mark.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.previous_end.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.cluster.0);
        bytes[48..56].copy_from_slice(&self.size.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Decodes the head of the file `path`.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a head that this version understands.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, LogError> {
        let Some(bytes) = bytes.first_chunk::<HEAD_BYTES>() else {
            return Err(LogError::corrupt(path, 0, "it is too short"));
        };
        let word = |at| u32::from_le_bytes(field(bytes, at));
        let long = |at| u64::from_le_bytes(field(bytes, at));
        if bytes[0..8] != *MAGIC {
            return Err(LogError::corrupt(path, 0, "it is not a log segment: its first bytes are wrong"));
        }
        if word(60) != crc32c::crc32c(&bytes[..60]) {
            return Err(LogError::corrupt(path, 0, "the checksum of its head does not match"));
        }
        if word(8) != VERSION {
            return Err(LogError::Version { path: path.to_owned(), found: word(8), known: VERSION });
        }
        let mut cluster = ClusterId([0; 16]);
        cluster.0.copy_from_slice(&bytes[32..48]);
        Ok(Self { sequence: long(16), mark: word(12), previous_end: long(24), size: long(48), cluster })
    }
}

/// An open segment.
#[derive(Debug)]
pub struct Segment {
    pub sequence: u64,
    pub mark: u32,
    pub path: PathBuf,
    pub file: File,
    /// The size of the file in bytes.
    pub size: u64,
    /// The offset of the next record.
    pub end: u64,
    /// The index of the first entry in it.
    pub first: u64,
    /// The offset of the record of each entry, from the first on.
    pub offsets: Vec<u32>,
}

impl Segment {
    /// Makes a segment of the file at `path`, of which no record has been read yet.
    pub fn new(path: PathBuf, file: File, size: u64, head: &Head) -> Self {
        let (sequence, mark) = (head.sequence, head.mark);
        Self { sequence, mark, path, file, size, end: RECORDS_AT, first: 0, offsets: Vec::new() }
    }

    pub fn file_name(sequence: u64) -> String {
        format!("segment-{sequence:016x}.log")
    }

    /// Returns the sequence number in a file name.
    pub fn sequence_of(name: &str) -> Option<u64> {
        let digits = name.strip_prefix("segment-")?.strip_suffix(".log")?;
        u64::from_str_radix(digits, 16).ok().filter(|sequence| Self::file_name(*sequence) == name)
    }

    /// Returns the index after its last entry.
    pub fn next_index(&self) -> u64 {
        self.first + self.offsets.len() as u64
    }

    /// Returns true if `bytes` more fit.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.end + bytes as u64 <= self.size
    }

    /// Records that the entry `index` begins with the record at `offset`.
    pub fn note(&mut self, index: u64, offset: u64) {
        if self.offsets.is_empty() {
            self.first = index;
        }
        debug_assert_eq!(index, self.next_index(), "entries follow each other without a gap");
        debug_assert!(offset < self.size, "an entry at {offset}, of a segment of {} bytes", self.size);
        // The cast is exact: segments are at most 1 GiB.
        self.offsets.push(offset as u32);
    }

    /// Drops the entries from `index` on.
    pub fn forget_since(&mut self, index: u64) {
        self.offsets.truncate(index.saturating_sub(self.first) as usize);
    }

    /// Reads the record that begins at `offset`, with all its entries.
    ///
    /// # Errors
    /// Returns an error if it cannot be read, or has become corrupt.
    pub fn read(&self, offset: u64, ahead: usize) -> Result<Vec<u8>, LogError> {
        let most = self.end.saturating_sub(offset) as usize;
        let mut bytes = vec![0; ahead.min(most)];
        self.file.read_exact_at(&mut bytes, offset).map_err(LogError::io("read", &self.path))?;
        let Some(length) = bytes.get(4..8).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b) as usize)
        else {
            return Err(LogError::corrupt(&self.path, offset, "the record has no head"));
        };
        let whole = (record::HEAD_BYTES + length).next_multiple_of(ALIGN_BYTES);
        if whole > bytes.len() && whole <= most {
            bytes.resize(whole, 0);
            self.file.read_exact_at(&mut bytes, offset).map_err(LogError::io("read", &self.path))?;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_read_back_and_every_flipped_bit_is_found() {
        let head = Head { sequence: 77, mark: 0xfeed, previous_end: 8192, size: 1 << 40, cluster: ClusterId([3; 16]) };
        let path = Path::new("segment");
        assert_eq!(Head::decode(path, &head.encode()).expect("good"), head);
        for bit in 0..HEAD_BYTES * 8 {
            let mut bytes = head.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::decode(path, &bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn names_read_back() {
        assert_eq!(Segment::sequence_of(&Segment::file_name(0xabc)), Some(0xabc));
        for name in [
            "segment-1.log",
            "segment-000000000000000g.log",
            "spare-1.log",
            "segment-+000000000000001.log",
            "segment-000000000000000A.log",
        ] {
            assert_eq!(Segment::sequence_of(name), None, "{name}");
        }
    }
}
