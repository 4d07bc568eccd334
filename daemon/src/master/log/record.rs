//! One record of a segment.
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..4 | the mark of the segment |
//! | 4..8 | length of the payload |
//! | 8..12 | crc32c, begun with the mark, over bytes 4..8 and the payload |
//! | 12.. | payload: postcard of a [`Record`] |
//! | | zeros up to a multiple of 8 |

use crate::master::raft::types::{Batch, Entry, LogId, Membership};
use bytes::Bytes;
use dfs_logic::stored::{self, StoredError};
use openraft::{BasicNode, CommittedLeaderId, EntryPayload};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The length of the header before the payload, in bytes.
pub const HEAD_BYTES: usize = 12;
/// Records begin at multiples of this.
pub const ALIGN_BYTES: usize = 8;

/// The content of a record. Variants are only ever added, at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Entries, in order and without a gap. `committed` is the last entry that was known to be
    /// committed when they were written: it needs no sync of its own, and lets a restart apply the
    /// log in pieces.
    Entries { committed: Option<Id>, entries: Vec<StoredEntry> },
    /// The entries from this index on are truncated.
    Truncated { since: u64 },
    /// The entries up to this one are in a snapshot and no longer needed.
    Purged { upto: Id },
}

/// The id of an entry, with the leader that wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id {
    pub term: u64,
    pub node: u64,
    pub index: u64,
}

/// An entry on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEntry {
    pub id: Id,
    pub payload: Payload,
}

/// The content of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    Blank,
    /// Commands, in the form that [`stored::command`] has for `version`.
    Commands {
        version: u16,
        body: Bytes,
    },
    Members(Members),
}

/// The masters of the group: the voters (two sets while they change), and the addresses of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Members {
    pub voters: Vec<BTreeSet<u64>>,
    pub addresses: BTreeMap<u64, String>,
}

impl From<LogId> for Id {
    fn from(id: LogId) -> Self {
        Self { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
    }
}

impl From<Id> for LogId {
    fn from(id: Id) -> Self {
        LogId::new(CommittedLeaderId::new(id.term, id.node), id.index)
    }
}

impl From<&Membership> for Members {
    fn from(members: &Membership) -> Self {
        let addresses = members.nodes().map(|(id, node)| (*id, node.addr.clone())).collect();
        Self { voters: members.get_joint_config().clone(), addresses }
    }
}

impl From<Members> for Membership {
    fn from(members: Members) -> Self {
        let nodes: BTreeMap<u64, BasicNode> =
            members.addresses.into_iter().map(|(id, addr)| (id, BasicNode { addr })).collect();
        Membership::new(members.voters, nodes)
    }
}

impl StoredEntry {
    /// Checks that this build can read the commands of the entry.
    ///
    /// # Errors
    /// Returns an error if a newer build wrote them.
    pub fn check_version(&self) -> Result<(), StoredError> {
        match &self.payload {
            Payload::Commands { version, .. } => stored::command::check_version(*version),
            Payload::Blank | Payload::Members(_) => Ok(()),
        }
    }
}

impl TryFrom<&Entry> for StoredEntry {
    type Error = StoredError;

    fn try_from(entry: &Entry) -> Result<Self, StoredError> {
        let payload = match &entry.payload {
            EntryPayload::Blank => Payload::Blank,
            EntryPayload::Normal(batch) => {
                let (version, body) = stored::command::write(&batch.0)?;
                Payload::Commands { version, body: body.into() }
            }
            EntryPayload::Membership(members) => Payload::Members(members.into()),
        };
        Ok(Self { id: entry.log_id.into(), payload })
    }
}

impl TryFrom<StoredEntry> for Entry {
    type Error = StoredError;

    fn try_from(entry: StoredEntry) -> Result<Self, StoredError> {
        let payload = match entry.payload {
            Payload::Blank => EntryPayload::Blank,
            Payload::Commands { version, body } => {
                EntryPayload::Normal(Batch(Arc::new(stored::command::read(version, &body)?)))
            }
            Payload::Members(members) => EntryPayload::Membership(members.into()),
        };
        Ok(Entry { log_id: entry.id.into(), payload })
    }
}

/// Appends the encoding of `record` to `into`.
///
/// # Errors
/// Returns an error if it does not fit in 4 GiB.
pub fn encode(record: &Record, mark: u32, into: &mut Vec<u8>) -> Result<(), postcard::Error> {
    let start = into.len();
    into.extend_from_slice(&[0; HEAD_BYTES]);
    postcard::serialize_with_flavor(record, Appender(into))?;
    let length = u32::try_from(into.len() - start - HEAD_BYTES).map_err(|_| postcard::Error::SerializeBufferFull)?;
    let Some((head, body)) = into.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut::<HEAD_BYTES>) else {
        return Err(postcard::Error::SerializeBufferFull);
    };
    let crc = checksum(mark, length, body);
    head[0..4].copy_from_slice(&mark.to_le_bytes());
    head[4..8].copy_from_slice(&length.to_le_bytes());
    head[8..12].copy_from_slice(&crc.to_le_bytes());
    into.resize(into.len().next_multiple_of(ALIGN_BYTES), 0);
    Ok(())
}

/// Lets postcard write into the buffer as it grows.
struct Appender<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Appender<'_> {
    type Output = ();
    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }
    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

fn checksum(mark: u32, length: u32, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(mark, &length.to_le_bytes()), payload)
}

/// A record with a valid checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    pub payload: &'a [u8],
    /// The length of the whole record, in bytes.
    pub bytes: usize,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Returns the record at the beginning of `bytes`; none if there is no complete and valid one with
/// this mark.
pub fn find(bytes: &[u8], mark: u32) -> Option<Found<'_>> {
    if word(bytes, 0)? != mark {
        return None;
    }
    let length = word(bytes, 4)?;
    let payload = bytes.get(HEAD_BYTES..)?.get(..length as usize)?;
    let whole = (HEAD_BYTES + payload.len()).next_multiple_of(ALIGN_BYTES);
    (length > 0 && word(bytes, 8)? == checksum(mark, length, payload)).then_some(Found { payload, bytes: whole })
}

/// Decodes the payload of a record.
///
/// # Errors
/// Returns an error if it is not a record that this version knows.
pub fn decode(payload: &[u8]) -> Result<Record, postcard::Error> {
    match postcard::take_from_bytes(payload)? {
        (record, []) => Ok(record),
        _ => Err(postcard::Error::DeserializeBadEncoding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_under_their_own_mark_only() {
        let record = Record::Purged { upto: Id { term: 1, node: 2, index: 3 } };
        let mut bytes = Vec::new();
        encode(&record, 7, &mut bytes).expect("small");
        assert_eq!(bytes.len() % ALIGN_BYTES, 0);
        let found = find(&bytes, 7).expect("good");
        assert_eq!((found.bytes, decode(found.payload)), (bytes.len(), Ok(record)));
        assert_eq!(find(&bytes, 8), None);
        bytes[0..4].copy_from_slice(&8u32.to_le_bytes());
        assert_eq!(find(&bytes, 8), None, "the checksum covers the mark");
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let mut bytes = Vec::new();
        encode(&Record::Truncated { since: 1 << 40 }, 99, &mut bytes).expect("small");
        let whole = HEAD_BYTES + find(&bytes, 99).expect("good").payload.len();
        for bit in 0..whole * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(find(&other, 99), None, "bit {bit}");
        }
    }

    #[test]
    fn membership_keeps_its_addresses() {
        let nodes = BTreeMap::from([(1, BasicNode::new("a:1")), (2, BasicNode::new("b:2"))]);
        let members = Membership::new(vec![BTreeSet::from([1])], nodes);
        assert_eq!(Membership::from(Members::from(&members)), members);
    }
}
