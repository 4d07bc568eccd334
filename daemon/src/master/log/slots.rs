//! A small file of two slots that is overwritten in place: the vote and the end mark are kept in one each.
//!
//! A slot is 4,096 bytes, and what is used of it lies in its first sector. The file never grows, so a full disk does not
//! keep it from being written.

use super::error::LogError;
use super::spare::Disk;
use crate::durable;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a slot.
pub const SLOT_BYTES: usize = 4096;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<T> {
    /// Zeros: it was never written.
    Empty,
    /// Bytes that no whole write leaves.
    Torn,
    /// A value and its number; the higher number is newer.
    Good(u64, T),
}

impl<T> Slot<T> {
    /// The number and the value of a good slot.
    pub fn good(self) -> Option<(u64, T)> {
        match self {
            Self::Good(number, value) => Some((number, value)),
            Self::Empty | Self::Torn => None,
        }
    }
}

/// The newest good value of two slots, with its number.
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
    /// Opens the file and reads both slots, as they are. Gives nothing when there is no such file. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be read, or is shorter than two slots.
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
                    return Err(LogError::damaged(path, 0, "it is shorter than two slots"));
                }
                read => read.map_err(LogError::io("read", path))?,
            }
        }
        Ok(Some((Self { path: path.to_owned(), file: Arc::new(file) }, slots)))
    }

    /// Makes the file with these bytes in both slots; with none they stay empty. It has its name once it is whole.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn make(path: &Path, bytes: &[u8], disk: &dyn Disk) -> Result<Self, LogError> {
        let young = path.with_extension("new");
        disk.allocate(&young, 2 * SLOT_BYTES as u64).map_err(LogError::io("make", &young))?;
        let file = OpenOptions::new().read(true).write(true).open(&young).map_err(LogError::io("open", &young))?;
        let file = Self { path: young, file: Arc::new(file) };
        if !bytes.is_empty() {
            file.settle(bytes, disk)?;
        }
        std::fs::rename(&file.path, path).map_err(LogError::io("rename", &file.path))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        durable::sync_folder(folder).map_err(LogError::io("sync", folder))?;
        Ok(Self { path: path.to_owned(), file: file.file })
    }

    /// Writes one slot, without a sync.
    ///
    /// # Errors
    /// When the write fails.
    pub fn write(&self, slot: usize, bytes: &[u8]) -> Result<(), LogError> {
        let at = (slot * SLOT_BYTES) as u64;
        self.file.write_all_at(bytes, at).map_err(LogError::io("write", &self.path))
    }

    /// Writes the first slot and syncs it, then the second one likewise: at each moment one of them is whole on the disk,
    /// and afterwards both are the same.
    ///
    /// # Errors
    /// When a write or a sync fails.
    pub fn settle(&self, bytes: &[u8], disk: &dyn Disk) -> Result<(), LogError> {
        for slot in 0..2 {
            self.write(slot, bytes)?;
            self.sync(disk)?;
        }
        Ok(())
    }

    /// Brings what was written onto the disk.
    ///
    /// # Errors
    /// When the sync fails.
    pub fn sync(&self, disk: &dyn Disk) -> Result<(), LogError> {
        disk.sync(&self.file).map_err(LogError::io("sync", &self.path))
    }

    /// The file, for a sync that waits for nobody else.
    pub fn file(&self) -> Arc<File> {
        self.file.clone()
    }
}
