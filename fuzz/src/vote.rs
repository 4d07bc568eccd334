//! Slots of the vote file.

use crate::repair::{padded, seal};
use dfs_daemon::master::log::vote::{Slot, decode_slot, encode_slot};
use dfs_types::ClusterId;
use std::path::Path;

/// The number of used bytes of a slot.
const USED_BYTES: usize = 64;

pub fn run(input: &[u8]) {
    let mut sealed = padded(input, USED_BYTES);
    seal(&mut sealed, USED_BYTES - 4);
    let cluster = ClusterId(*sealed[40..].first_chunk().expect("the slot is longer"));
    let path = Path::new("vote");
    for bytes in [input, &sealed] {
        if let Ok(Slot::Good(number, vote)) = decode_slot(path, bytes, cluster) {
            let written = encode_slot(number, &vote, cluster);
            let read = decode_slot(path, &written, cluster).expect("what we write can be read");
            assert_eq!(read, Slot::Good(number, vote));
        }
    }
}
