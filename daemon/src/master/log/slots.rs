//! A small file of two slots that is overwritten in place. The vote and the end mark are stored in
//! one file each.
//!
//! A slot is 4,096 bytes, and its used bytes lie in its first sector. The file never grows, so it
//! can be written even on a full disk. A slot with `n` numbers has `48 + 8 n` used bytes:
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic |
//! | 8..12 | format version |
//! | 12..16 | a flag, 1 or 0 |
//! | 16..24 | number of this write: the higher one is newer |
//! | 24..24 + 8 n | the numbers |
//! | 16 bytes | cluster id |
//! | 4 bytes | zero |
//! | 4 bytes | crc32c of all bytes before |

use super::error::LogError;
use super::spare::Disk;
use crate::durable;
use crate::format::field;
use dfs_types::ClusterId;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The size of a slot in bytes.
pub const SLOT_BYTES: usize = 4096;

/// The content of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<T> {
    /// Zeros: it was never written.
    Empty,
    /// Bytes that no complete write leaves.
    Torn,
    /// A value and its number; the higher number is newer.
    Good(u64, T),
}

impl<T> Slot<T> {
    /// Returns the slot with its value converted by `change`.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Slot<U> {
        match self {
            Self::Empty => Slot::Empty,
            Self::Torn => Slot::Torn,
            Self::Good(number, value) => Slot::Good(number, change(value)),
        }
    }

    /// Returns the number and the value of a good slot.
    pub fn good(self) -> Option<(u64, T)> {
        match self {
            Self::Good(number, value) => Some((number, value)),
            Self::Empty | Self::Torn => None,
        }
    }
}

/// The format of a slot with `N` numbers.
#[derive(Debug)]
pub struct Form<const N: usize> {
    pub magic: &'static [u8; 8],
    pub version: u32,
}

/// The content of a slot: the flag and the numbers.
pub type Fields<const N: usize> = (bool, [u64; N]);

impl<const N: usize> Form<N> {
    const CLUSTER_AT: usize = 24 + 8 * N;
    const CRC_AT: usize = Self::CLUSTER_AT + 20;
    const USED_BYTES: usize = Self::CRC_AT + 4;

    /// Encodes the used bytes of a slot.
    pub fn encode(&self, number: u64, (flag, numbers): Fields<N>, cluster: ClusterId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::USED_BYTES);
        bytes.extend_from_slice(self.magic);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&u32::from(flag).to_le_bytes());
        bytes.extend_from_slice(&number.to_le_bytes());
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        bytes.extend_from_slice(&cluster.0);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Decodes a slot of the file `path`.
    ///
    /// # Errors
    /// Returns an error if it is of another cluster or version.
    pub fn decode(&self, path: &Path, bytes: &[u8], cluster: ClusterId) -> Result<Slot<Fields<N>>, LogError> {
        let bytes = bytes.get(..Self::USED_BYTES).unwrap_or_default();
        let word = |at: usize| u32::from_le_bytes(field(bytes, at));
        let long = |at: usize| u64::from_le_bytes(field(bytes, at));
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Slot::Empty);
        }
        let crc = crc32c::crc32c(bytes.get(..Self::CRC_AT).unwrap_or_default());
        if !bytes.starts_with(self.magic) || crc != word(Self::CRC_AT) {
            return Ok(Slot::Torn);
        }
        if word(8) != self.version {
            return Err(LogError::Version { path: path.to_owned(), found: word(8), known: self.version });
        }
        if bytes.get(Self::CLUSTER_AT..Self::CLUSTER_AT + 16) != Some(&cluster.0[..]) {
            return Err(LogError::Foreign { path: path.to_owned() });
        }
        let numbers = std::array::from_fn(|place| long(24 + 8 * place));
        Ok(Slot::Good(long(16), (word(12) == 1, numbers)))
    }
}

/// Returns the newest good value of two slots, with its number.
pub fn newest<T>(slots: [Slot<T>; 2]) -> Option<(u64, T)> {
    slots.into_iter().filter_map(Slot::good).max_by_key(|(number, _)| *number)
}

/// The open file, and the bytes of both slots.
pub type Looked = (SlotFile, [Vec<u8>; 2]);

/// The open file.
#[derive(Debug)]
pub struct SlotFile {
    path: PathBuf,
    file: Arc<File>,
}

impl SlotFile {
    /// Opens the file and reads both slots. Returns none if there is no such file. Changes nothing.
    ///
    /// # Errors
    /// Returns an error if it cannot be read, or is shorter than two slots.
    pub fn look(path: &Path) -> Result<Option<Looked>, LogError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LogError::io("open", path)(error)),
        };
        let mut slots = [vec![0; SLOT_BYTES], vec![0; SLOT_BYTES]];
        for (number, slot) in slots.iter_mut().enumerate() {
            match file.read_exact_at(slot, (number * SLOT_BYTES) as u64) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(LogError::corrupt(path, 0, "it is shorter than two slots"));
                }
                read => read.map_err(LogError::io("read", path))?,
            }
        }
        Ok(Some((Self { path: path.to_owned(), file: Arc::new(file) }, slots)))
    }

    /// Creates the file with these bytes in both slots; without bytes the slots are empty. The file
    /// gets its name once it is complete.
    ///
    /// # Errors
    /// Returns an error if the disk is full or fails.
    pub fn make(path: &Path, bytes: &[u8], disk: &dyn Disk) -> Result<Self, LogError> {
        let young = path.with_extension("new");
        disk.allocate(&young, 2 * SLOT_BYTES as u64).map_err(LogError::io("make", &young))?;
        let file = OpenOptions::new().read(true).write(true).open(&young).map_err(LogError::io("open", &young))?;
        let file = Self { path: young, file: Arc::new(file) };
        if !bytes.is_empty() {
            file.settle(bytes, disk)?;
        }
        std::fs::rename(&file.path, path).map_err(LogError::io("rename", &file.path))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        durable::sync_directory(directory).map_err(LogError::io("sync", directory))?;
        Ok(Self { path: path.to_owned(), file: file.file })
    }

    /// Writes one slot, without a sync.
    ///
    /// # Errors
    /// Returns an error if the write fails.
    pub fn write(&self, slot: usize, bytes: &[u8]) -> Result<(), LogError> {
        let at = (slot * SLOT_BYTES) as u64;
        self.file.write_all_at(bytes, at).map_err(LogError::io("write", &self.path))
    }

    /// Writes and syncs the first slot, then the second one: at each moment one of them is complete
    /// on the disk, and afterwards both are equal.
    ///
    /// # Errors
    /// Returns an error if a write or a sync fails.
    pub fn settle(&self, bytes: &[u8], disk: &dyn Disk) -> Result<(), LogError> {
        for slot in 0..2 {
            self.write(slot, bytes)?;
            self.sync(disk)?;
        }
        Ok(())
    }

    /// Syncs the file.
    ///
    /// # Errors
    /// Returns an error if the sync fails.
    pub fn sync(&self, disk: &dyn Disk) -> Result<(), LogError> {
        disk.sync(&self.file).map_err(LogError::io("sync", &self.path))
    }

    /// Returns the file, so that the caller can sync it without blocking other writers.
    pub fn file(&self) -> Arc<File> {
        self.file.clone()
    }
}
