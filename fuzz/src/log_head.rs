//! Headers of the log's segments, and their names.

use crate::repair::{padded, seal};
use dfs_daemon::master::log::segment::{Head, Segment};
use std::path::Path;

/// The length of a header in bytes, including its checksum.
const HEAD_BYTES: usize = 64;

pub fn run(input: &[u8]) {
    let mut sealed = padded(input, HEAD_BYTES);
    seal(&mut sealed, HEAD_BYTES - 4);
    let path = Path::new("segment");
    for bytes in [input, &sealed] {
        if let Ok(head) = Head::decode(path, bytes) {
            assert_eq!(Head::decode(path, &head.encode()).expect("what we write can be read"), head);
        }
    }
    if let Some(sequence) = std::str::from_utf8(input).ok().and_then(Segment::sequence_of) {
        assert_eq!(Segment::file_name(sequence).as_bytes(), input, "one segment has one name");
    }
}
