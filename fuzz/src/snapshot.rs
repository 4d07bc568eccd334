//! Snapshots: the container, the description, the pieces of the state.

use crate::repair::put;
use dfs_daemon::master::raft::snapshot::{decode, encode};
use dfs_types::ClusterId;

const MAGIC: &[u8] = b"dfs-snap";
/// The number of bytes before the description.
const HEAD_BYTES: usize = 36;
/// The same as in the seeds.
const CLUSTER: ClusterId = ClusterId([4; 16]);

/// An input with the magic of a snapshot is decoded as one, with corrected checksums; any other
/// input is used as the compressed part of a valid one: pieces after their lengths.
pub fn run(input: &[u8]) {
    check(input);
    if input.starts_with(MAGIC) {
        let mut whole = input.to_vec();
        put(&mut whole, 16, &CLUSTER.0);
        let length = whole.get(12..16).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word));
        if let Some(packed) = seal_head(&mut whole, length as usize) {
            let crc = crc32c::crc32c(&whole[packed..whole.len() - 4]);
            let at = whole.len() - 4;
            put(&mut whole, at, &crc.to_le_bytes());
            check(&whole);
        }
    } else {
        check(&around(input));
    }
}

/// Corrects the checksum of the header. Returns the offset of the compressed part, if there is one.
fn seal_head(whole: &mut [u8], length: usize) -> Option<usize> {
    let packed = HEAD_BYTES.checked_add(length).filter(|packed| packed + 4 <= whole.len())?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&whole[..32]), &whole[HEAD_BYTES..packed]);
    put(whole, 32, &crc.to_le_bytes());
    Some(packed)
}

fn around(pieces: &[u8]) -> Vec<u8> {
    // No last entry, no members, an empty name.
    let description = [0; 5];
    let packed = zstd::encode_all(pieces, 1).expect("zstd writes to memory");
    let mut whole = [MAGIC, &2u32.to_le_bytes(), &(description.len() as u32).to_le_bytes(), &CLUSTER.0].concat();
    whole.extend_from_slice(&[0; 4]);
    whole.extend_from_slice(&description);
    whole.extend_from_slice(&packed);
    whole.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    seal_head(&mut whole, description.len());
    whole
}

fn check(bytes: &[u8]) {
    let Ok((_, version)) = decode(bytes, bytes.len() as u64, CLUSTER) else { return };
    let (described, written) = encode(&version, CLUSTER, Vec::new()).expect("what was read can be written");
    let (again, read) = decode(&written[..], written.len() as u64, CLUSTER).expect("what we write can be read");
    assert_eq!(again, described);
    assert_eq!(encode(&read, CLUSTER, Vec::new()).expect("again").1, written);
}
