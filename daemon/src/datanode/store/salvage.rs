//! What can still be had of a suspect replica: its table, if it can be proved, and its blocks one by one.

use super::buffer::AlignedBuffer;
use super::chunks::ChunkStore;
use super::direct;
use super::error::StoreError;
use super::reader::{OpenReplica, read_header};
use dfs_logic::chunk_file::{
    ALIGN_BYTES, BLOCK_BYTES, CAPACITY_MAX, ChunkHeader, FIXED_BYTES, block_count, header_bytes,
};
use dfs_rpc::frame::table_checksum;
use dfs_types::{ChunkRef, ClusterId, ReplicaKey};
use std::fs::File;

/// An open suspect replica. Nothing that it gives is believed before it was compared with the checksum of its key.
#[derive(Debug)]
pub struct Salvage {
    file: File,
    key: ReplicaKey,
    length: u32,
    /// Where its data may begin: what its header says, what the length of its file says, what is usual.
    starts: Vec<u64>,
    /// The table of its header, where that is proved.
    table: Option<Vec<u32>>,
}

impl Salvage {
    /// Opens a replica of `chunk` that is here, in whatever state it is.
    ///
    /// # Errors
    /// When it is not here, or cannot be opened.
    pub fn open(store: &ChunkStore, chunk: ChunkRef) -> Result<Self, StoreError> {
        let key = chunk.key();
        let replica = store.find(key).ok_or(StoreError::NotFound)?;
        let path = replica.folder.replica_path(key);
        let file = direct::open_read(&path, replica.folder.direct()).map_err(StoreError::io("open chunk"))?;
        let bytes = file.metadata().map_err(StoreError::io("stat chunk"))?.len();
        let header = read_header(&file).ok().filter(|header| header.key() == key && header.length == chunk.length);
        let data = u64::from(chunk.length).next_multiple_of(ALIGN_BYTES as u64);
        let mut starts: Vec<u64> = header.iter().map(dfs_logic::chunk_file::ChunkHeader::data_offset).collect();
        starts.extend(bytes.checked_sub(data).filter(|start| *start >= ALIGN_BYTES as u64));
        starts.push(header_bytes(chunk.length) as u64);
        starts.dedup();
        Ok(Self { file, key, length: chunk.length, starts, table: header.map(|header| header.table) })
    }

    /// The table of block checksums, proved against the checksum of the key: that of the header, or one computed from all
    /// blocks. None when neither is right.
    pub fn table(&self) -> Option<Vec<u32>> {
        let proved = |table: &Vec<u32>| table_checksum(table) == self.key.checksum;
        self.table.clone().filter(proved).or_else(|| self.starts.iter().find_map(|start| self.compute(*start)))
    }

    /// The replica as it can still be read, for readers who prove each block: where no table is proved it has one of zeros,
    /// which nobody believes.
    pub fn into_open(self, cluster: ClusterId) -> OpenReplica {
        let begins = |start: &&u64| self.compute(**start).is_some();
        let first = || self.starts.first().filter(|_| self.table.is_some());
        let start = first().or_else(|| self.starts.iter().find(begins)).or(self.starts.first());
        let start = start.copied().unwrap_or(header_bytes(self.length) as u64);
        let header = ChunkHeader {
            cluster,
            chunk: self.key.chunk,
            generation: self.key.generation,
            length: self.length,
            capacity: capacity_of(start),
            table: self.table().unwrap_or_else(|| vec![0; block_count(self.length)]),
        };
        OpenReplica::salvaged(self.file, header, self.key)
    }

    fn compute(&self, start: u64) -> Option<Vec<u32>> {
        let blocks = 0..block_count(self.length);
        let table: Option<Vec<u32>> = blocks.map(|block| Some(crc32c::crc32c(&self.read(start, block)?))).collect();
        table.filter(|table| table_checksum(table) == self.key.checksum)
    }

    /// A block whose checksum is `crc`; none when it is not here.
    pub fn block(&self, block: usize, crc: u32) -> Option<Vec<u8>> {
        let read = |start: &u64| self.read(*start, block).filter(|bytes| crc32c::crc32c(bytes) == crc);
        self.starts.iter().find_map(read)
    }

    fn read(&self, start: u64, block: usize) -> Option<Vec<u8>> {
        let offset = u64::from(BLOCK_BYTES) * block as u64;
        let length = u64::from(self.length).checked_sub(offset)?.min(u64::from(BLOCK_BYTES)) as usize;
        let mut aligned = AlignedBuffer::new(length.next_multiple_of(ALIGN_BYTES));
        direct::read_at(&self.file, &mut aligned, start + offset).ok()?;
        aligned.get(..length).map(<[u8]>::to_vec)
    }
}

/// The most bytes of a chunk whose header has `start` bytes.
fn capacity_of(start: u64) -> u32 {
    let blocks = start.saturating_sub(FIXED_BYTES as u64) / 4;
    u32::try_from(blocks * u64::from(BLOCK_BYTES)).map_or(CAPACITY_MAX, |capacity| capacity.min(CAPACITY_MAX))
}
