//! Reads a replica: its header once, then any of its blocks.

use super::buffer::AlignedBuffer;
use super::direct;
use super::directory::DataDirectory;
use super::error::{Corruption, StoreError};
use crate::descriptors::Scarcity;
use dfs_logic::chunk_file::{self, ALIGN_BYTES, BLOCK_BYTES, ChunkFileError, ChunkHeader};
use dfs_rpc::frame::{BLOCKS_PER_FRAME, DATA_BYTES_MAX};
use dfs_types::{ClusterId, ReplicaKey};
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// The number of bytes read at once for a header: that of a chunk of 64 MiB.
const HEADER_READ_BYTES: usize = 2 * ALIGN_BYTES;

/// A replica whose header was read and is valid.
#[derive(Debug)]
pub struct OpenReplica {
    file: File,
    header: ChunkHeader,
    key: ReplicaKey,
}

impl OpenReplica {
    /// Opens the file of a replica and checks its header and length.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not complete.
    pub(super) fn open(directory: &DataDirectory, cluster: ClusterId, key: ReplicaKey) -> Result<Self, StoreError> {
        let file = match direct::open_read(&directory.replica_path(key), directory.direct()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Corrupt(Corruption::Gone)),
            // This may be a lack of file descriptors, which proves nothing about the replica.
            Err(error) => return Err(StoreError::Io { what: "open chunk", error }),
        };
        let header = read_header(&file)?;
        if (header.cluster, header.key()) != (cluster, key) {
            return Err(StoreError::Corrupt(Corruption::Stranger));
        }
        let found = file.metadata().map_err(StoreError::io("stat chunk"))?.len();
        let expected = header.file_bytes();
        if found < expected {
            Err(StoreError::Corrupt(Corruption::Short { found, expected }))
        } else {
            Ok(Self { file, header, key })
        }
    }

    /// Makes a replica of a file with the header that it should have, for readers that prove each
    /// block.
    pub(super) fn salvaged(file: File, header: ChunkHeader, key: ReplicaKey) -> Self {
        Self { file, header, key }
    }

    pub fn key(&self) -> ReplicaKey {
        self.key
    }

    pub fn header(&self) -> &ChunkHeader {
        &self.header
    }

    /// Returns the length of the frame of data that begins at `offset`, a multiple of the block
    /// size, and ends at `end` or before.
    pub fn frame_bytes(&self, offset: u32, end: u32) -> usize {
        (end.min(self.header.length).saturating_sub(offset) as usize).min(DATA_BYTES_MAX)
    }

    /// Reads blocks from `offset` on. `into` is aligned and whole [`ALIGN_BYTES`] long; its bytes
    /// after the end of the chunk may remain unchanged.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the disk does not return them.
    pub fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), StoreError> {
        let place = self.header.data_offset() + u64::from(offset);
        let needed = into.len().min(self.header.length.saturating_sub(offset) as usize);
        direct::read_at(&self.file, into, needed, place).map_err(|error| failed_read(error, Corruption::Disk))
    }

    /// Returns the stored checksums of the blocks that a frame of `length` bytes from `offset` on
    /// has.
    pub fn crcs(&self, offset: u32, length: usize) -> [u32; BLOCKS_PER_FRAME] {
        let mut crcs = [0; BLOCKS_PER_FRAME];
        let blocks = length.div_ceil(BLOCK_BYTES as usize);
        let stored = self.header.table.iter().skip((offset / BLOCK_BYTES) as usize);
        crcs.iter_mut().zip(stored.take(blocks)).for_each(|(crc, stored)| *crc = *stored);
        crcs
    }

    /// Reads all blocks and compares them with their checksums.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first block that does not match.
    pub fn verify(&self) -> Result<(), StoreError> {
        let mut buffer = AlignedBuffer::new(DATA_BYTES_MAX);
        let mut offset = 0;
        while offset < self.header.length {
            let length = self.frame_bytes(offset, self.header.length);
            let aligned = buffer.get_mut(..length.next_multiple_of(ALIGN_BYTES)).unwrap_or_default();
            self.read(offset, aligned)?;
            self.check(offset, buffer.get(..length).unwrap_or_default())?;
            offset += length as u32;
        }
        Ok(())
    }

    /// Compares blocks that were read from `offset` on with their checksums.
    ///
    /// # Errors
    /// The same as for [`OpenReplica::verify`].
    pub fn check(&self, offset: u32, data: &[u8]) -> Result<(), StoreError> {
        #[cfg(feature = "planted-bugs")]
        if crate::planted::is("checksum-not-compared") {
            return Ok(());
        }
        let first = (offset / BLOCK_BYTES) as usize;
        let pairs = data.chunks(BLOCK_BYTES as usize).zip(self.header.table.iter().skip(first));
        match pairs.enumerate().find(|(_, (block, crc))| crc32c::crc32c(block) != **crc) {
            Some((index, _)) => Err(StoreError::Corrupt(Corruption::Block(first + index))),
            None => Ok(()),
        }
    }
}

pub(super) fn read_header(file: &File) -> Result<ChunkHeader, StoreError> {
    let corrupt = |error: ChunkFileError| StoreError::Corrupt(error.into());
    let mut start = AlignedBuffer::new(HEADER_READ_BYTES);
    direct::read_at(file, &mut start, HEADER_READ_BYTES, 0).map_err(cut_or_broken)?;
    let whole = chunk_file::header_bytes_of(&start).map_err(corrupt)?;
    if whole <= start.len() {
        return ChunkHeader::decode(&start).map_err(corrupt);
    }
    let mut start = AlignedBuffer::new(whole);
    direct::read_at(file, &mut start, whole, 0).map_err(cut_or_broken)?;
    ChunkHeader::decode(&start).map_err(corrupt)
}

fn cut_or_broken(error: io::Error) -> StoreError {
    failed_read(error, |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ChunkFileError::Short(0).into(),
        _ => Corruption::Disk(error),
    })
}

/// Converts a failed read: lack of memory, or an interruption, does not make the replica corrupt.
fn failed_read(error: io::Error, corruption: impl FnOnce(io::Error) -> Corruption) -> StoreError {
    if error.is_scarcity() {
        StoreError::Io { what: "read chunk", error }
    } else {
        StoreError::Corrupt(corruption(error))
    }
}

/// The most recently read replicas, kept open so that a ranged read costs one read of the disk.
#[derive(Debug)]
pub struct ReplicaCache {
    most: usize,
    /// The most recently used one is first.
    open: Mutex<VecDeque<Arc<OpenReplica>>>,
}

impl ReplicaCache {
    /// Keeps up to `most` replicas open.
    pub fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<OpenReplica>>> {
        self.open.lock()
    }

    pub fn get(&self, key: ReplicaKey) -> Option<Arc<OpenReplica>> {
        let mut open = self.lock();
        let place = open.iter().position(|replica| replica.key == key)?;
        let found = open.remove(place)?;
        open.push_front(found.clone());
        Some(found)
    }

    pub fn put(&self, replica: Arc<OpenReplica>) -> Arc<OpenReplica> {
        let mut open = self.lock();
        open.retain(|other| other.key != replica.key);
        open.push_front(replica.clone());
        open.truncate(self.most);
        replica
    }

    /// Closes the replicas that are not being read.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub fn forget(&self, key: ReplicaKey) {
        self.lock().retain(|replica| replica.key != key);
    }
}
