//! A file name under `chunks/` means a complete chunk: checks every replica of a stopped datanode.

use crate::cluster::walk;
use dfs_logic::chunk_file::{self, BLOCK_BYTES, ChunkHeader};
use std::path::Path;

/// Checks all replicas below this directory.
///
/// # Errors
/// Returns the first incomplete replica, and the reason.
pub fn check(chunks: &Path) -> Result<(), String> {
    let mut wrong = None;
    walk(chunks, &mut |path| {
        if wrong.is_none() {
            wrong = check_one(path).err().map(|error| format!("{}: {error}", path.display()));
        }
    });
    wrong.map_or(Ok(()), Err)
}

fn check_one(path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let length = bytes.len();
    let about = |what: &str| format!("a replica of {length} bytes {what}");
    let fixed = bytes.get(..chunk_file::FIXED_BYTES).ok_or_else(|| about("is shorter than a header"))?;
    let header_bytes = chunk_file::header_bytes_of(fixed).map_err(|error| about(&error.to_string()))?;
    let header = bytes.get(..header_bytes).ok_or_else(|| about("ends within its header"))?;
    let header = ChunkHeader::decode(header).map_err(|error| about(&error.to_string()))?;
    if header.file_bytes() != length as u64 {
        return Err(about(&format!("has {} by its header", header.file_bytes())));
    }
    let data = bytes.get(header_bytes..header_bytes + header.length as usize).ok_or_else(|| about("ends early"))?;
    let sums = data.chunks(BLOCK_BYTES as usize).map(crc32c::crc32c);
    match sums.zip(&header.table).position(|(found, expected)| found != *expected) {
        Some(block) => Err(about(&format!("has another content than was written in block {block}"))),
        None => Ok(()),
    }
}
