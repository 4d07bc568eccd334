//! The table of block checksums of a chunk, verified against the checksum of the chunk.

use dfs_rpc::frame::{BLOCK_BYTES, FrameHeader, decode_table, table_checksum};
use dfs_types::ChunkRef;

/// The crc32c of each block of one chunk. It is verified, so its sender need not be trusted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table(Vec<u32>);

impl Table {
    /// Parses the payload of a table frame. Returns `None` if its length or checksum does not match
    /// the chunk.
    pub(super) fn prove(chunk: &ChunkRef, payload: &[u8]) -> Option<Self> {
        let table = decode_table(payload)?;
        let blocks = (chunk.length as usize).div_ceil(BLOCK_BYTES);
        (table.len() == blocks && table_checksum(&table) == chunk.checksum).then_some(Self(table))
    }

    /// Returns true if the checksums of a data frame match those of its blocks in the table. The
    /// payload must still be verified against the header.
    pub(super) fn has(&self, header: &FrameHeader) -> bool {
        let first = usize::try_from(header.offset).unwrap_or(usize::MAX) / BLOCK_BYTES;
        let blocks = self.0.get(first..first.saturating_add(header.blocks()));
        blocks.is_some_and(|blocks| header.crcs.starts_with(blocks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::frame::{BLOCKS_PER_FRAME, encode_table};
    use dfs_types::{ChunkId, Generation};

    fn chunk(length: u32, table: &[u32]) -> ChunkRef {
        ChunkRef { id: ChunkId(1), generation: Generation(1), length, checksum: table_checksum(table) }
    }

    #[test]
    fn only_the_committed_table_is_accepted() {
        let (length, table) = (BLOCK_BYTES as u32 + 1, [7, 9]);
        let chunk = chunk(length, &table);
        let bytes = encode_table(&table);
        assert_eq!(Table::prove(&chunk, &bytes), Some(Table(table.to_vec())));
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Table::prove(&chunk, &other), None, "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(Table::prove(&chunk, &bytes[..cut]), None, "cut {cut}");
        }
    }

    /// The checksum of a table with another length can match.
    #[test]
    fn the_length_is_checked_too() {
        for length in [1, BLOCK_BYTES as u32, 2 * BLOCK_BYTES as u32 + 1, u32::MAX] {
            assert_eq!(Table::prove(&chunk(length, &[7, 9]), &encode_table(&[7, 9])), None, "{length}");
        }
        assert!(Table::prove(&chunk(0, &[]), &[]).is_some());
    }

    #[test]
    fn a_frame_must_match_the_blocks_at_its_offset() {
        let blocks: Vec<u8> = (0..10 * BLOCK_BYTES as u32 - 5).map(|at| (at / 1_000) as u8).collect();
        let crcs: Vec<u32> = blocks.chunks(BLOCK_BYTES).map(crc32c::crc32c).collect();
        let table = Table::prove(&chunk(blocks.len() as u32, &crcs), &encode_table(&crcs)).expect("it is its table");
        let frame = |first: usize, place: usize| {
            let end = blocks.len().min((first + BLOCKS_PER_FRAME) * BLOCK_BYTES);
            FrameHeader::data(1, (place * BLOCK_BYTES) as u64, &blocks[first * BLOCK_BYTES..end])
        };
        assert!(table.has(&frame(0, 0)) && table.has(&frame(1, 1)) && table.has(&frame(8, 8)));
        assert!(!table.has(&frame(0, 1)) && !table.has(&frame(2, 1)));
        // No frame past the end of the chunk matches.
        assert!(!table.has(&frame(8, 9)) && !table.has(&frame(9, 10)));
        let far = FrameHeader { offset: u64::MAX - u64::MAX % BLOCK_BYTES as u64, ..frame(0, 0) };
        assert!(!table.has(&far));
    }
}
