//! Records of the log, and the commands in them.

use crate::repair::{padded, put};
use dfs_daemon::master::log::record::{ALIGN_BYTES, HEAD_BYTES, StoredEntry, decode, encode, find};
use dfs_daemon::master::raft::types::Entry;
use dfs_logic::stored::command;

const MARK: u32 = 0x1234_5678;

/// Decodes the input as a record of some mark, as the payload of a valid record, and as the
/// commands of an entry.
pub fn run(input: &[u8]) {
    if let Some(mark) = input.first_chunk() {
        check(input, u32::from_le_bytes(*mark));
    }
    commands(input);
    let length = (input.len() as u32).to_le_bytes();
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(MARK, &length), input);
    let mut record = [&[0; HEAD_BYTES], input].concat();
    put(&mut record, 0, &MARK.to_le_bytes());
    put(&mut record, 4, &length);
    put(&mut record, 8, &crc.to_le_bytes());
    let whole = record.len().next_multiple_of(ALIGN_BYTES);
    check(&padded(&record, whole), MARK);
}

/// An entry that can be decoded can be encoded, and decodes to the same.
fn entry(stored: StoredEntry) {
    let Ok(entry) = Entry::try_from(stored) else { return };
    let written = StoredEntry::try_from(&entry).expect("what was read can be written");
    assert_eq!(Entry::try_from(written).as_ref(), Ok(&entry));
}

/// Commands that can be decoded can be encoded, and decode to the same.
fn commands(body: &[u8]) {
    let Ok(read) = command::read(1, body) else { return };
    let (version, written) = command::write(&read).expect("what was read can be written");
    assert_eq!(command::read(version, &written), Ok(read));
}

fn check(bytes: &[u8], mark: u32) {
    let Some(found) = find(bytes, mark) else { return };
    assert!(found.bytes.is_multiple_of(ALIGN_BYTES));
    let Ok(record) = decode(found.payload) else { return };
    let mut written = Vec::new();
    encode(&record, mark, &mut written).expect("what was read can be written");
    let found = find(&written, mark).expect("what we write is found");
    assert_eq!(found.bytes, written.len());
    assert_eq!(decode(found.payload).as_ref(), Ok(&record));
    if let dfs_daemon::master::log::record::Record::Entries { entries, .. } = record {
        entries.into_iter().for_each(entry);
    }
}
