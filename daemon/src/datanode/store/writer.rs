//! Stores one chunk: temporary file, data, header, sync, rename, sync of the directory.
//!
//! **Invariant:** a file under `chunks/` has a header that was written after all of its data and
//! synced with it. A crash before the rename leaves a file in `incoming/`, which the next start
//! deletes.

use super::buffer::{AlignedBuffer, Buffer};
use super::chunks::{IncomingGuard, Intent};
use super::direct;
use super::directory::DataDirectory;
use super::error::{Corruption, StoreError};
use crate::durable;
use dfs_logic::chunk_file::{self, ALIGN_BYTES, ChunkHeader};
use dfs_types::ReplicaKey;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

/// A chunk that is being written.
#[derive(Debug)]
pub struct ChunkWriter {
    coming: IncomingGuard,
    directory: Arc<DataDirectory>,
    file: File,
    temporary: PathBuf,
    intent: Intent,
    capacity: u32,
    /// The bytes that the directory has reserved for it.
    promised: u64,
    /// The size with which the file was allocated; zero if it grows as it is written.
    reserved: u64,
    committed: bool,
}

impl ChunkWriter {
    /// Opens a temporary file for a chunk of at most `capacity` bytes. With `reserve` the file gets
    /// its space at once, so that writing it allocates nothing.
    ///
    /// # Errors
    /// Returns an error if there is no room, or the disk fails.
    pub(super) fn begin(
        coming: IncomingGuard,
        directory: Arc<DataDirectory>,
        intent: Intent,
        capacity: u32,
        reserve: bool,
    ) -> Result<Self, StoreError> {
        let whole = chunk_file::file_bytes(capacity, capacity);
        directory.space().promise(directory.path(), whole)?;
        let temporary = directory.incoming_path(intent.chunk);
        let file = match direct::create(&temporary, directory.direct()) {
            Ok(file) => file,
            Err(error) => {
                directory.space().settle(whole, 0);
                return Err(StoreError::io("create chunk")(error));
            }
        };
        let reserved = if reserve { whole } else { 0 };
        // From here on, dropping the writer cleans up.
        let writer =
            Self { coming, directory, file, temporary, intent, capacity, promised: whole, reserved, committed: false };
        if reserve {
            direct::reserve(&writer.file, whole).map_err(StoreError::io("reserve room for chunk"))?;
        }
        Ok(writer)
    }

    /// Writes aligned data at `offset` of the chunk.
    ///
    /// # Errors
    /// Returns an error if the disk fails or is full.
    pub fn write(&self, offset: u32, data: &[u8]) -> Result<(), StoreError> {
        let place = chunk_file::header_bytes(self.capacity) as u64 + u64::from(offset);
        direct::write_at(&self.file, data, place).map_err(StoreError::io("write chunk"))
    }

    /// Returns true if all of a chunk of `length` bytes can be passed to [`ChunkWriter::commit`] in
    /// one buffer.
    pub fn fits_one_buffer(&self, length: u32) -> bool {
        chunk_file::header_bytes(self.capacity) == ALIGN_BYTES && length as usize <= dfs_rpc::frame::DATA_BYTES_MAX
    }

    /// Makes the chunk a replica, durably. `whole` is the data of a small chunk that was not
    /// written yet: it is written in one piece with its header.
    ///
    /// # Errors
    /// Returns an error if the disk fails or is full, or the bytes differ from those that the
    /// masters named. No file is left behind then.
    pub fn commit(mut self, length: u32, table: Vec<u32>, whole: Option<Buffer>) -> Result<(), StoreError> {
        let header = ChunkHeader {
            cluster: self.coming.store.cluster(),
            chunk: self.intent.chunk,
            generation: self.intent.generation,
            length,
            capacity: self.capacity,
            table,
        };
        if self.intent.checksum.is_some_and(|checksum| checksum != header.table_checksum()) {
            return Err(StoreError::Corrupt(Corruption::Stranger));
        }
        self.write_header(&header, whole)?;
        let bytes = header.file_bytes();
        if self.reserved > bytes {
            self.file.set_len(bytes).map_err(StoreError::io("cut chunk to its length"))?;
        }
        #[cfg(feature = "planted-bugs")]
        self.rename_too_early(header.key())?;
        self.directory.sync("sync chunk", || durable::sync_data(&self.file))?;
        self.publish(header.key(), bytes)
    }

    /// A planted bug: the file gets its name before its data is on the disk.
    #[cfg(feature = "planted-bugs")]
    fn rename_too_early(&mut self, key: ReplicaKey) -> Result<(), StoreError> {
        if crate::planted::is("rename-before-sync") {
            let place = self.directory.replica_path(key);
            std::fs::rename(&self.temporary, &place).map_err(StoreError::io("rename chunk"))?;
            self.temporary = place;
        }
        Ok(())
    }

    fn write_header(&self, header: &ChunkHeader, whole: Option<Buffer>) -> Result<(), StoreError> {
        let bytes = header.encode().map_err(|error| StoreError::Corrupt(error.into()))?;
        let failed = StoreError::io("write chunk");
        let Some(mut buffer) = whole else {
            let mut aligned = AlignedBuffer::new(bytes.len());
            aligned.copy_from_slice(&bytes);
            return direct::write_at(&self.file, &aligned, 0).map_err(failed);
        };
        let end = buffer.pad(header.length as usize);
        let both = buffer.with_header_mut(end);
        if let Some(place) = both.get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
        }
        direct::write_at(&self.file, both, 0).map_err(failed)
    }

    /// Gives the synced file its name, makes the name durable, and only then reports the replica.
    fn publish(&mut self, key: ReplicaKey, bytes: u64) -> Result<(), StoreError> {
        let store = &self.coming.store;
        // Before the rename: afterwards nothing may fail but the disk.
        let shard = self.directory.open_shard(key.chunk)?;
        let place = self.directory.replica_path(key);
        // If a suspect replica has this name, it is replaced in one step by verified bytes of the
        // same key.
        std::fs::rename(&self.temporary, &place).map_err(StoreError::io("rename chunk"))?;
        self.committed = true;
        self.directory.space().settle(self.promised, bytes);
        if let Err(error) = self.directory.sync_shard(&shard) {
            self.directory.space().freed(bytes);
            // The replica is not reported, so its file must not exist. If even the deletion fails,
            // the next start finds a complete replica. A file that replaced a suspect replica
            // stays: it is verified, and may be the last one.
            if store.find(key).is_none() {
                let _ = std::fs::remove_file(&place);
            }
            return Err(error);
        }
        if let Some(old) = store.insert(key, self.directory.clone(), bytes) {
            old.directory.space().freed(old.bytes);
            if old.directory.path() != self.directory.path()
                && let Err(error) = old.directory.quarantine(key)
            {
                tracing::warn!(replica = %key, %error, "a suspect replica that was replaced could not be quarantined");
            }
        }
        Ok(())
    }
}

impl Drop for ChunkWriter {
    fn drop(&mut self) {
        if !self.committed {
            self.directory.space().settle(self.promised, 0);
            // Otherwise the next start removes it.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}
