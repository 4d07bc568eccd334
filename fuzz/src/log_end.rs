//! Slots of the log's end mark.

use crate::repair::{padded, seal};
use dfs_daemon::master::log::end::{Slot, decode_slot, encode_slot};
use dfs_types::ClusterId;
use std::path::Path;

/// The number of used bytes of a slot.
const USED_BYTES: usize = 80;

pub fn run(input: &[u8]) {
    let mut sealed = padded(input, USED_BYTES);
    seal(&mut sealed, USED_BYTES - 4);
    let cluster = ClusterId(*sealed[56..].first_chunk().expect("the slot is longer"));
    let path = Path::new("end");
    for bytes in [input, &sealed] {
        if let Ok(Slot::Good(number, end)) = decode_slot(path, bytes, cluster) {
            let written = encode_slot(number, &end, cluster);
            let read = decode_slot(path, &written, cluster).expect("what we write can be read");
            assert_eq!(read, Slot::Good(number, end));
        }
    }
}
