//! The layout of a chunk file: a header with the checksums of all blocks, then the data.
//!
//! All numbers are little endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | magic `dfsChunk` |
//! | 8..10 | version, 1 |
//! | 10..12 | zero |
//! | 12..16 | bytes of a block, 65,536 |
//! | 16..32 | cluster id |
//! | 32..40 | chunk id |
//! | 40..44 | generation |
//! | 44..48 | length of the data in bytes, 1 to capacity |
//! | 48..52 | capacity: the most bytes that the table has room for |
//! | 52..56 | crc32c over the table: the checksum of the chunk in receipts |
//! | 56..60 | zero |
//! | 60..64 | crc32c of bytes 0..60 and of everything from 64 to the end of the header |
//! | 64..H | table: crc32c of each block of the data, 4 bytes each; zero after the last |
//! | H.. | the data, then zeros up to a multiple of 4,096 |
//!
//! H is 64 + 4 × ⌈capacity / 65,536⌉, rounded up to a multiple of 4,096, so that data is aligned
//! for direct I/O and any range of it is one seek. The capacity is fixed when the file is opened
//! for writing, before the length is known, because it determines where the data begins. The header
//! is written last: a file without it is not a chunk file. The magic comes first, so that a file of
//! another kind is recognised by its first bytes; one checksum covers the whole header with its
//! padding, so that any flipped bit of the header is found before its fields are used.
//!
//! A file is named `ID_GENERATION_CHECKSUM.chunk`: 16 hex digits, a decimal number, 8 hex digits.
//! The checksum is the one over the table, so the name identifies the bytes that the file should
//! have.

use dfs_types::{ChunkId, ClusterId, Generation, ReplicaKey};

/// The number of bytes under one checksum.
pub const BLOCK_BYTES: u32 = 65_536;
/// Header and data begin and end at multiples of this many bytes.
pub const ALIGN_BYTES: usize = 4_096;
/// The maximum length of a chunk: 1 GiB.
pub const CAPACITY_MAX: u32 = 1 << 30;
/// The length of the header before the table; this many bytes must be read to find out the length
/// of the header.
pub const FIXED_BYTES: usize = 64;
const MAGIC: [u8; 8] = *b"dfsChunk";
const VERSION: u16 = 1;
const EXTENSION: &str = ".chunk";

/// The content of the header of a chunk file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkHeader {
    pub cluster: ClusterId,
    pub chunk: ChunkId,
    pub generation: Generation,
    /// The length of the data in bytes, 1 to `capacity`.
    pub length: u32,
    /// The bytes of data that the table has room for, at most [`CAPACITY_MAX`].
    pub capacity: u32,
    /// The crc32c of each block.
    pub table: Vec<u32>,
}

/// The reason why bytes are not a valid chunk file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkFileError {
    #[error("the file is truncated: it has {0} bytes of its header")]
    Short(usize),
    #[error("it is not a chunk file: its first bytes are wrong")]
    Magic,
    #[error("chunk file version {0} is not supported; this build reads version 1")]
    Version(u16),
    #[error("the header's checksum does not match")]
    Checksum,
    #[error("the values in the header contradict each other")]
    Value,
}

/// Returns the length of the header of a chunk with this capacity, that is, the offset of its data.
pub fn header_bytes(capacity: u32) -> usize {
    (FIXED_BYTES + 4 * block_count(capacity)).next_multiple_of(ALIGN_BYTES)
}

/// Returns the capacity of a chunk whose header has `start` bytes: the inverse of [`header_bytes`],
/// up to padding.
pub fn capacity_of(start: u64) -> u32 {
    let blocks = start.saturating_sub(FIXED_BYTES as u64) / 4;
    u32::try_from(blocks * u64::from(BLOCK_BYTES)).map_or(CAPACITY_MAX, |capacity| capacity.min(CAPACITY_MAX))
}

/// Returns the number of blocks in `length` bytes.
pub fn block_count(length: u32) -> usize {
    length.div_ceil(BLOCK_BYTES) as usize
}

/// Returns the size of the file of a chunk in bytes, padding included.
pub fn file_bytes(capacity: u32, length: u32) -> u64 {
    header_bytes(capacity) as u64 + u64::from(length).next_multiple_of(ALIGN_BYTES as u64)
}

/// Returns the length of the header that begins with `start`, so that the caller knows how much to
/// read. Does not check the checksum.
///
/// # Errors
/// Returns an error if `start` is too short, or not a chunk file of this version.
pub fn header_bytes_of(start: &[u8]) -> Result<usize, ChunkFileError> {
    let fixed: &[u8; FIXED_BYTES] = start.first_chunk().ok_or(ChunkFileError::Short(start.len()))?;
    if !fixed.starts_with(&MAGIC) {
        return Err(ChunkFileError::Magic);
    }
    let version = u16::from_le_bytes(take(fixed, 8));
    if version != VERSION {
        return Err(ChunkFileError::Version(version));
    }
    let capacity = u32::from_le_bytes(take(fixed, 48));
    if capacity > CAPACITY_MAX { Err(ChunkFileError::Value) } else { Ok(header_bytes(capacity)) }
}

impl ChunkHeader {
    /// Encodes the whole header, padding included.
    ///
    /// # Errors
    /// Returns an error if length, capacity and table contradict each other.
    pub fn encode(&self) -> Result<Vec<u8>, ChunkFileError> {
        self.check()?;
        let mut bytes = Vec::with_capacity(header_bytes(self.capacity));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&BLOCK_BYTES.to_le_bytes());
        bytes.extend_from_slice(&self.cluster.0);
        bytes.extend_from_slice(&self.chunk.0.to_le_bytes());
        bytes.extend_from_slice(&self.generation.0.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.capacity.to_le_bytes());
        bytes.extend_from_slice(&self.table_checksum().to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        // Space for the checksum; the table follows it.
        bytes.extend_from_slice(&[0; 4]);
        self.table.iter().for_each(|crc| bytes.extend_from_slice(&crc.to_le_bytes()));
        bytes.resize(header_bytes(self.capacity), 0);
        let crc = checksum(&bytes);
        if let Some(place) = bytes.get_mut(60..64) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
        Ok(bytes)
    }

    /// Decodes and checks a header; `bytes` may continue after it.
    ///
    /// # Errors
    /// Returns an error if it is truncated, corrupt, or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, ChunkFileError> {
        let header = bytes.get(..header_bytes_of(bytes)?).ok_or(ChunkFileError::Short(bytes.len()))?;
        let fixed: &[u8; FIXED_BYTES] = header.first_chunk().ok_or(ChunkFileError::Short(bytes.len()))?;
        if u32::from_le_bytes(take(fixed, 60)) != checksum(header) {
            return Err(ChunkFileError::Checksum);
        }
        let length = u32::from_le_bytes(take(fixed, 44));
        let table = header.get(FIXED_BYTES..).unwrap_or_default().chunks_exact(4).take(block_count(length));
        let decoded = Self {
            cluster: ClusterId(take(fixed, 16)),
            chunk: ChunkId(u64::from_le_bytes(take(fixed, 32))),
            generation: Generation(u32::from_le_bytes(take(fixed, 40))),
            length,
            capacity: u32::from_le_bytes(take(fixed, 48)),
            table: table.map(|crc| u32::from_le_bytes(take(crc, 0))).collect(),
        };
        decoded.check()?;
        let block = u32::from_le_bytes(take(fixed, 12));
        let whole = block == BLOCK_BYTES && u32::from_le_bytes(take(fixed, 52)) == decoded.table_checksum();
        if whole { Ok(decoded) } else { Err(ChunkFileError::Value) }
    }

    fn check(&self) -> Result<(), ChunkFileError> {
        let fits = (1..=self.capacity).contains(&self.length)
            && self.capacity <= CAPACITY_MAX
            && self.table.len() == block_count(self.length);
        if fits { Ok(()) } else { Err(ChunkFileError::Value) }
    }

    /// Returns the offset of the data in bytes.
    pub fn data_offset(&self) -> u64 {
        header_bytes(self.capacity) as u64
    }

    /// Returns the size of the whole file in bytes, padding included. A shorter file is truncated.
    pub fn file_bytes(&self) -> u64 {
        file_bytes(self.capacity, self.length)
    }

    /// Returns the key of the replica with this header.
    pub fn key(&self) -> ReplicaKey {
        ReplicaKey { chunk: self.chunk, generation: self.generation, checksum: self.table_checksum() }
    }

    /// Returns the crc32c over the table: the checksum of the chunk.
    pub fn table_checksum(&self) -> u32 {
        self.table.iter().fold(0, |crc, block| crc32c::crc32c_append(crc, &block.to_le_bytes()))
    }
}

/// Returns the bytes of `from` at `at`; zeros if it is shorter, which the callers rule out.
fn take<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
    from.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn checksum(header: &[u8]) -> u32 {
    let before = header.get(..60).unwrap_or_default();
    let behind = header.get(FIXED_BYTES..).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c(before), behind)
}

/// Returns the name of the file of a replica.
pub fn file_name(key: ReplicaKey) -> String {
    format!("{key}{EXTENSION}")
}

/// Returns the name of the directory, one of 256, that holds a chunk: the low byte of its id, so
/// that new chunks are spread.
pub fn fan_out(chunk: ChunkId) -> String {
    format!("{:02x}", chunk.0 & 0xff)
}

/// Parses the output of [`file_name`]; none for anything else.
pub fn parse_file_name(name: &str) -> Option<ReplicaKey> {
    let (chunk, rest) = name.strip_suffix(EXTENSION)?.split_once('_')?;
    let (generation, checksum) = rest.split_once('_')?;
    let generation = Generation(generation.parse().ok()?);
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
    let key = ReplicaKey { chunk: chunk.parse().ok()?, generation, checksum };
    (file_name(key) == name).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_length_of_a_header_tells_a_capacity_with_such_a_header() {
        for capacity in [1, BLOCK_BYTES, 64 << 20, (64 << 20) + 1, CAPACITY_MAX - 1, CAPACITY_MAX] {
            let bytes = header_bytes(capacity);
            let computed = capacity_of(bytes as u64);
            assert!(computed >= capacity, "{capacity}: {computed}");
            assert_eq!(header_bytes(computed), bytes);
        }
    }

    fn header(length: u32, capacity: u32) -> ChunkHeader {
        ChunkHeader {
            cluster: ClusterId(*b"0123456789abcdef"),
            chunk: ChunkId(0x0102_0304_0506_0708),
            generation: Generation(3),
            length,
            capacity,
            table: (0..block_count(length) as u32).map(|block| 0x1111_1111u32.wrapping_mul(block + 1)).collect(),
        }
    }

    #[test]
    fn the_header_is_as_the_golden_file_has_it() {
        let golden = include_bytes!("../golden/chunk_header_v1.bin");
        let header = header(2 * BLOCK_BYTES + 5, 64 << 20);
        assert_eq!(header.encode().expect("fits"), golden);
        assert_eq!(ChunkHeader::decode(golden), Ok(header));
    }

    #[test]
    fn sizes_are_aligned_and_as_documented() {
        assert_eq!(header_bytes(1), 4096);
        assert_eq!(header_bytes(1008 * BLOCK_BYTES), 4096);
        assert_eq!(header_bytes(1008 * BLOCK_BYTES + 1), 8192);
        assert_eq!(header_bytes(64 << 20), 8192);
        assert_eq!(header_bytes(CAPACITY_MAX), 69_632);
        assert_eq!(file_bytes(64 << 20, 1), 8192 + 4096);
        assert_eq!(header(64 << 20, 64 << 20).file_bytes(), 8192 + (64 << 20));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = header(BLOCK_BYTES, BLOCK_BYTES).encode().expect("fits");
        let mut bad = good.clone();
        for bit in 0..good.len() * 8 {
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(ChunkHeader::decode(&bad).is_err(), "bit {bit}");
            bad[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn every_cut_is_found() {
        let good = header(BLOCK_BYTES, BLOCK_BYTES).encode().expect("fits");
        for cut in 0..good.len() {
            assert_eq!(ChunkHeader::decode(&good[..cut]), Err(ChunkFileError::Short(cut)));
        }
    }

    #[test]
    fn what_does_not_fit_together_is_neither_written_nor_read() {
        for (length, capacity) in [(0, 10), (11, 10), (1, CAPACITY_MAX + 1)] {
            assert_eq!(header(length, capacity).encode(), Err(ChunkFileError::Value));
        }
        let mut short = header(BLOCK_BYTES + 1, 1 << 20);
        short.table.pop();
        assert_eq!(short.encode(), Err(ChunkFileError::Value));
        let mut later = header(1, 1).encode().expect("fits");
        later[8] = 2;
        assert_eq!(ChunkHeader::decode(&later), Err(ChunkFileError::Version(2)));
        assert_eq!(ChunkHeader::decode(&[0; 4096]), Err(ChunkFileError::Magic));
    }

    #[test]
    fn names_read_back_and_others_are_none() {
        let key = ReplicaKey { chunk: ChunkId(0xbeef), generation: Generation(12), checksum: 0xabc };
        let name = file_name(key);
        assert_eq!(name, "000000000000beef_12_00000abc.chunk");
        assert_eq!(parse_file_name(&name), Some(key));
        assert_eq!(fan_out(ChunkId(0xbeef)), "ef");
        for other in [
            "",
            "beef_12_00000abc.chunk",
            "000000000000beef_012_00000abc.chunk",
            "000000000000BEEF_1_00000abc.chunk",
            "000000000000beef_1_00000ABC.chunk",
            "000000000000beef_1_abc.chunk",
            "000000000000beef_1.chunk",
            "000000000000beef_1_00000abc.part",
        ] {
            assert_eq!(parse_file_name(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn headers_read_back(
            cluster: [u8; 16], chunk: u64, generation: u32,
            (capacity, length) in (1..=200u32 << 20).prop_flat_map(|capacity| (Just(capacity), 1..=capacity)),
            seed: u32,
        ) {
            let header = ChunkHeader {
                cluster: ClusterId(cluster),
                chunk: ChunkId(chunk),
                generation: Generation(generation),
                length,
                capacity,
                table: (0..block_count(length) as u32).map(|block| seed.wrapping_mul(block | 1)).collect(),
            };
            let bytes = header.encode().expect("fits");
            prop_assert_eq!(bytes.len(), header_bytes(capacity));
            prop_assert_eq!(header_bytes_of(&bytes), Ok(bytes.len()));
            prop_assert_eq!(ChunkHeader::decode(&bytes), Ok(header));
        }

        #[test]
        fn garbage_is_refused(bytes: Vec<u8>) {
            prop_assert!(ChunkHeader::decode(&bytes).is_err());
        }

        #[test]
        fn names_of_any_replica_read_back(chunk: u64, generation: u32, checksum: u32) {
            let key = ReplicaKey { chunk: ChunkId(chunk), generation: Generation(generation), checksum };
            prop_assert_eq!(parse_file_name(&file_name(key)), Some(key));
        }
    }
}
