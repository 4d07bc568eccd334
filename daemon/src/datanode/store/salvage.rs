//! Reads the remains of a suspect or quarantined replica: its table, if it can be proved, and its
//! blocks one by one.

use super::buffer::AlignedBuffer;
use super::chunks::ChunkStore;
use super::direct;
use super::directory::DataDirectory;
use super::error::StoreError;
use super::reader::{OpenReplica, read_header};
use dfs_logic::chunk_file::{ALIGN_BYTES, BLOCK_BYTES, ChunkHeader, block_count, capacity_of, header_bytes};
use dfs_rpc::frame::table_checksum;
use dfs_types::{ChunkRef, ClusterId, ReplicaKey};
use std::fs::File;
use std::io;
use std::path::Path;

/// The open files of a replica that is suspect, or quarantined, or both. No data from them is used
/// before it was compared with the checksum of its key.
#[derive(Debug)]
pub struct Salvage {
    key: ReplicaKey,
    length: u32,
    /// At least one. The file in its proper place comes first.
    remains: Vec<Remains>,
}

/// One file of the replica.
#[derive(Debug)]
struct Remains {
    file: File,
    /// The offsets at which its data may begin: according to its header, to the length of its file,
    /// and the usual one. At least one.
    starts: Vec<u64>,
    /// The table of its header.
    table: Option<Vec<u32>>,
}

impl Remains {
    fn open(path: &Path, directory: &DataDirectory, chunk: ChunkRef) -> Result<Self, StoreError> {
        let file = direct::open_read(path, directory.direct()).map_err(StoreError::io("open chunk"))?;
        let bytes = file.metadata().map_err(StoreError::io("stat chunk"))?.len();
        let is_its = |header: &ChunkHeader| header.key() == chunk.key() && header.length == chunk.length;
        let header = read_header(&file).ok().filter(is_its);
        let data = u64::from(chunk.length).next_multiple_of(ALIGN_BYTES as u64);
        let mut starts: Vec<u64> = header.iter().map(ChunkHeader::data_offset).collect();
        starts.extend(bytes.checked_sub(data).filter(|start| *start >= ALIGN_BYTES as u64));
        starts.push(header_bytes(chunk.length) as u64);
        starts.dedup();
        Ok(Self { file, starts, table: header.map(|header| header.table) })
    }
}

impl Salvage {
    /// Opens the remains of a replica of `chunk`: its file, in any state, and those in quarantine.
    ///
    /// # Errors
    /// Returns an error if there is no file, or it cannot be opened.
    pub fn open(store: &ChunkStore, chunk: ChunkRef) -> Result<Self, StoreError> {
        let key = chunk.key();
        let listed = store.find(key).map(|replica| (replica.directory.replica_path(key), replica.directory));
        let quarantined =
            store.directories().iter().map(|directory| (directory.quarantine_path(key), directory.clone()));
        let (mut remains, mut failed) = (Vec::new(), StoreError::NotFound);
        for (path, directory) in listed.into_iter().chain(quarantined) {
            match Remains::open(&path, &directory, chunk) {
                Ok(found) => remains.push(found),
                Err(StoreError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => failed = error,
            }
        }
        if remains.is_empty() { Err(failed) } else { Ok(Self { key, length: chunk.length, remains }) }
    }

    /// Returns the table of block checksums of a header, proved against the checksum of the key.
    pub fn header_table(&self) -> Option<Vec<u32>> {
        let mut tables = self.remains.iter().filter_map(|remains| remains.table.as_ref());
        tables.find(|table| table_checksum(table) == self.key.checksum).cloned()
    }

    /// Returns the same as [`Salvage::header_table`]; if no header has a valid table, computes it
    /// from all blocks, which reads them all. None if that table is invalid, too.
    pub fn table(&self) -> Option<Vec<u32>> {
        self.header_table().or_else(|| self.places().find_map(|(remains, start)| self.compute(remains, start)))
    }

    /// Returns the file that `block` can be read from, for readers that prove each block. Without a
    /// proved `table` it is a guess, and has a table of zeros, which no reader accepts.
    pub fn into_open(mut self, cluster: ClusterId, table: Option<Vec<u32>>, block: usize) -> OpenReplica {
        let wanted = table.as_ref().and_then(|table| table.get(block).copied());
        let has = |place: &(usize, u64)| wanted.is_some_and(|crc| self.proved(*place, block, crc).is_some());
        let place = self.places().find(has).or_else(|| self.places().next());
        let (remains, start) = place.unwrap_or((0, header_bytes(self.length) as u64));
        let header = ChunkHeader {
            cluster,
            chunk: self.key.chunk,
            generation: self.key.generation,
            length: self.length,
            capacity: capacity_of(start),
            table: table.unwrap_or_else(|| vec![0; block_count(self.length)]),
        };
        OpenReplica::salvaged(self.remains.swap_remove(remains).file, header, self.key)
    }

    /// Returns the possible locations of the data: the number of a file, and an offset in it.
    fn places(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let all = self.remains.iter().enumerate();
        all.flat_map(|(number, remains)| remains.starts.iter().map(move |start| (number, *start)))
    }

    fn compute(&self, remains: usize, start: u64) -> Option<Vec<u32>> {
        let blocks = 0..block_count(self.length);
        let crc = |block| Some(crc32c::crc32c(&self.read(remains, start, block)?));
        let table: Option<Vec<u32>> = blocks.map(crc).collect();
        table.filter(|table| table_checksum(table) == self.key.checksum)
    }

    /// Returns a block whose checksum is `crc`; none if it is not here.
    pub fn block(&self, block: usize, crc: u32) -> Option<Vec<u8>> {
        self.places().find_map(|place| self.proved(place, block, crc))
    }

    fn proved(&self, (remains, start): (usize, u64), block: usize, crc: u32) -> Option<Vec<u8>> {
        self.read(remains, start, block).filter(|bytes| crc32c::crc32c(bytes) == crc)
    }

    fn read(&self, remains: usize, start: u64, block: usize) -> Option<Vec<u8>> {
        let file = &self.remains.get(remains)?.file;
        let offset = u64::from(BLOCK_BYTES) * block as u64;
        let length = u64::from(self.length).checked_sub(offset)?.min(u64::from(BLOCK_BYTES)) as usize;
        let mut aligned = AlignedBuffer::new(length.next_multiple_of(ALIGN_BYTES));
        direct::read_at(file, &mut aligned, length, start + offset).ok()?;
        aligned.get(..length).map(<[u8]>::to_vec)
    }
}
