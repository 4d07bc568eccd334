//! Headers of chunk files, and the file names that follow from them.

use crate::repair::{padded, put};
use dfs_logic::chunk_file::{ChunkHeader, FIXED_BYTES, block_count, file_name, header_bytes_of, parse_file_name};

pub fn run(input: &[u8]) {
    check(input);
    let Ok(length) = header_bytes_of(input) else { return };
    let mut header = padded(input, length);
    header.truncate(length);
    let blocks = block_count(u32::from_le_bytes(*header[44..].first_chunk().expect("the header is longer")));
    let table: Vec<u32> = header[FIXED_BYTES..].chunks_exact(4).take(blocks).map(word).collect();
    put(&mut header, 52, &dfs_rpc::frame::table_checksum(&table).to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..60]), &header[FIXED_BYTES..]);
    put(&mut header, 60, &crc.to_le_bytes());
    check(&header);
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}

fn check(bytes: &[u8]) {
    if let Ok(header) = ChunkHeader::decode(bytes) {
        let written = header.encode().expect("what was read can be written");
        assert_eq!(written.len() as u64, header.data_offset());
        assert_eq!(parse_file_name(&file_name(header.key())), Some(header.key()), "the name is that of the replica");
        assert_eq!(ChunkHeader::decode(&written), Ok(header));
    }
}
