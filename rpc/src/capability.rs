//! Sealed permissions for single chunks, and receipts for stored chunks.
//!
//! Masters seal a [`Capability`] with HMAC-SHA256 (RFC 2104); datanodes, which have the same
//! [`TokenKey`]s, open it. A [`Receipt`] goes the other way: a datanode seals a statement about a
//! chunk that it stored, and the master verifies it at commit. A capability is never valid as a
//! receipt or the reverse: the seals cover different prefixes.

use crate::wire::address::NodeAddress;
use crate::wire::key::TokenKey;
use crate::wire::twin;
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation, Principal, ReplicaKey, Timestamp};
use ring::hmac;
use serde::{Deserialize, Serialize};

const CAPABILITY_WORD: &[u8] = b"dfs capability 2";
const RECEIPT_WORD: &[u8] = b"dfs receipt 2";
/// The length of the seal of a capability in bytes.
const SEAL_BYTES: usize = 32;
/// The length of the seal of a receipt in bytes (HMAC-SHA256-128, RFC 4868).
const RECEIPT_SEAL_BYTES: usize = 16;

/// The operation that a capability permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    Read,
    Write,
}

/// A permission for one principal to do one operation on one chunk, valid for a few minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    pub cluster: ClusterId,
    pub chunk: ChunkId,
    pub generation: Generation,
    pub operation: Operation,
    /// The principal that may use it. The datanodes of the pipeline may forward it to each other.
    #[serde(with = "twin")]
    pub principal: Principal,
    /// The datanodes that it is for, with the addresses of their data services; for a write in the
    /// order of the pipeline. A datanode that forwards a write connects to these addresses only.
    pub pipeline: Vec<NodeAddress>,
    /// The largest length that the chunk may have, in bytes; the exact length if there is a
    /// checksum.
    pub length_max: u32,
    /// The committed checksum. It is `None` only for a client's write, whose checksum is not known
    /// yet: such a capability never permits replacing a replica.
    pub checksum: Option<u32>,
    pub expires: Timestamp,
}

/// The reason why a capability is refused. For a forged one, the exact defect is not revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    #[error("the capability was not sealed by this cluster's masters, or with a key that is no longer used")]
    Forged,
    #[error("the capability is of another cluster")]
    Cluster,
    #[error("the capability has expired")]
    Expired,
    #[error("the capability is for another operation")]
    Operation,
    #[error("the capability is for another principal")]
    Principal,
    #[error("the capability is for other datanodes")]
    Datanode,
}

/// The keys for sealing and opening. The newest key seals; all keys open.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: Vec<(u32, hmac::Key)>,
}

impl KeyRing {
    /// Creates a ring of these keys, given in any order.
    pub fn new(keys: &[TokenKey]) -> Self {
        let mut keys: Vec<_> =
            keys.iter().map(|key| (key.id, hmac::Key::new(hmac::HMAC_SHA256, &key.secret))).collect();
        keys.sort_by_key(|(id, _)| *id);
        Self { keys }
    }

    fn find(&self, id: u32) -> Option<&hmac::Key> {
        self.keys.iter().find(|(key, _)| *key == id).map(|(_, key)| key)
    }

    /// Seals a capability with the newest key. Returns `None` if the ring is empty.
    pub fn seal(&self, capability: &Capability) -> Option<Vec<u8>> {
        self.seal_with(self.keys.last()?.0, capability)
    }

    /// Seals a capability with the key of this number. Returns `None` if the ring does not have it.
    pub fn seal_with(&self, id: u32, capability: &Capability) -> Option<Vec<u8>> {
        let key = self.find(id)?;
        let mut bytes = id.to_le_bytes().to_vec();
        bytes.extend(postcard::to_stdvec(capability).ok()?);
        let seal = sign(key, CAPABILITY_WORD, &bytes);
        bytes.extend_from_slice(seal.as_ref());
        Some(bytes)
    }

    /// Opens a capability sealed by [`KeyRing::seal`]. The content is not parsed before the seal is
    /// verified.
    ///
    /// # Errors
    /// Returns [`CapabilityError::Forged`] for any other input.
    pub fn open(&self, sealed: &[u8]) -> Result<Capability, CapabilityError> {
        let forged = CapabilityError::Forged;
        let (body, seal) = sealed.split_at_checked(sealed.len().saturating_sub(SEAL_BYTES)).ok_or(forged)?;
        let (id, fields) = body.split_first_chunk::<4>().ok_or(forged)?;
        let key = self.find(u32::from_le_bytes(*id)).ok_or(forged)?;
        verify(key, CAPABILITY_WORD, body, seal).ok_or(forged)?;
        match postcard::take_from_bytes(fields) {
            Ok((capability, [])) => Ok(capability),
            _ => Err(forged),
        }
    }

    /// Creates a receipt for a stored chunk. Returns `None` if the ring is empty.
    pub fn receipt(&self, stored: &Stored) -> Option<Receipt> {
        let (id, key) = self.keys.last()?;
        let tag = sign(key, RECEIPT_WORD, &stored.bytes());
        let mut seal = [0; RECEIPT_SEAL_BYTES];
        seal.copy_from_slice(tag.as_ref().get(..RECEIPT_SEAL_BYTES)?);
        Some(Receipt { node: stored.node, boot: stored.boot, key: *id, seal })
    }

    /// Returns true if `receipt` was made for exactly this statement.
    pub fn is_receipt(&self, receipt: &Receipt, stored: &Stored) -> bool {
        let Some(key) = self.find(receipt.key) else { return false };
        let tag = sign(key, RECEIPT_WORD, &stored.bytes());
        let ours = tag.as_ref().iter().take(RECEIPT_SEAL_BYTES);
        // Compares in constant time: every byte is examined.
        let difference = ours.zip(receipt.seal).fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        receipt.node == stored.node && receipt.boot == stored.boot && difference == 0
    }
}

fn sign(key: &hmac::Key, word: &[u8], body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(word);
    context.update(body);
    context.sign()
}

fn verify(key: &hmac::Key, word: &[u8], body: &[u8], seal: &[u8]) -> Option<()> {
    let whole = [word, body].concat();
    hmac::verify(key, &whole, seal).ok()
}

impl Capability {
    /// Checks that this capability permits `peer` to do `operation` at the datanode `here`, now.
    ///
    /// # Errors
    /// Returns the reason why it is refused.
    pub fn check(
        &self,
        cluster: ClusterId,
        operation: Operation,
        peer: &Principal,
        here: DatanodeId,
        now: Timestamp,
    ) -> Result<(), CapabilityError> {
        let place = self.place(here).ok_or(CapabilityError::Datanode)?;
        let before = self.pipeline.get(..place).unwrap_or_default();
        let passed_on = self.operation == Operation::Write
            && matches!(peer, Principal::Datanode(node) if before.last().is_some_and(|last| last.id == *node));
        let holder = *peer == self.principal && (self.operation == Operation::Read || place == 0);
        match () {
            () if self.cluster != cluster => Err(CapabilityError::Cluster),
            () if self.operation != operation => Err(CapabilityError::Operation),
            () if !holder && !passed_on => Err(CapabilityError::Principal),
            () if self.expires <= now => Err(CapabilityError::Expired),
            () => Ok(()),
        }
    }

    fn place(&self, here: DatanodeId) -> Option<usize> {
        self.pipeline.iter().position(|node| node.id == here)
    }

    /// Returns the datanodes after `here` in the pipeline, in order; none if `here` is not in it.
    pub fn behind(&self, here: DatanodeId) -> &[NodeAddress] {
        let behind = self.place(here).and_then(|place| self.pipeline.get(place + 1..));
        behind.unwrap_or_default()
    }

    /// Returns the key of the replica that may be read or written; `None` for a client's write.
    pub fn key(&self) -> Option<ReplicaKey> {
        let (chunk, generation) = (self.chunk, self.generation);
        self.checksum.map(|checksum| ReplicaKey { chunk, generation, checksum })
    }
}

/// The statement that a receipt seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub cluster: ClusterId,
    pub node: DatanodeId,
    /// The random number that the datanode drew at its start: see
    /// [`Register`](crate::node::Register).
    pub boot: u64,
    pub chunk: ChunkId,
    pub generation: Generation,
    pub length: u32,
    /// See [`table_checksum`](crate::frame::table_checksum).
    pub checksum: u32,
}

impl Stored {
    fn bytes(&self) -> [u8; 46] {
        let mut bytes = [0; 46];
        bytes[0..16].copy_from_slice(&self.cluster.0);
        bytes[16..18].copy_from_slice(&self.node.0.to_le_bytes());
        bytes[18..26].copy_from_slice(&self.chunk.0.to_le_bytes());
        bytes[26..30].copy_from_slice(&self.generation.0.to_le_bytes());
        bytes[30..34].copy_from_slice(&self.length.to_le_bytes());
        bytes[34..38].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[38..46].copy_from_slice(&self.boot.to_le_bytes());
        bytes
    }
}

/// A sealed statement of a datanode that it has stored a chunk on its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub node: DatanodeId,
    /// The start of the datanode at which the receipt was made.
    pub boot: u64,
    pub key: u32,
    pub seal: [u8; RECEIPT_SEAL_BYTES],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[u32]) -> KeyRing {
        KeyRing::new(&ids.iter().map(|id| TokenKey { id: *id, secret: [*id as u8; 32] }).collect::<Vec<_>>())
    }

    fn node(id: u16) -> NodeAddress {
        NodeAddress { id: DatanodeId(id), address: ([127, 0, 0, 1], 7000 + id).into() }
    }

    fn capability() -> Capability {
        Capability {
            cluster: ClusterId([1; 16]),
            chunk: ChunkId(5),
            generation: Generation(1),
            operation: Operation::Write,
            principal: Principal::User("ann".into()),
            pipeline: (1..=3).map(node).collect(),
            length_max: 64 << 20,
            checksum: None,
            expires: Timestamp(1_000),
        }
    }

    fn check(capability: &Capability, peer: &Principal, here: u16) -> Result<(), CapabilityError> {
        capability.check(ClusterId([1; 16]), Operation::Write, peer, DatanodeId(here), Timestamp(999))
    }

    #[test]
    fn a_sealed_capability_opens_with_current_and_older_keys_only() {
        let sealed = ring(&[1, 2]).seal(&capability()).expect("has keys");
        assert_eq!(ring(&[2, 3]).open(&sealed), Ok(capability()));
        assert_eq!(ring(&[1, 3]).open(&sealed), Err(CapabilityError::Forged));
        assert_eq!(KeyRing::default().open(&sealed), Err(CapabilityError::Forged));
        let older = ring(&[1, 2]).seal_with(1, &capability()).expect("has it");
        assert_eq!(ring(&[1]).open(&older), Ok(capability()));
        assert_eq!(ring(&[1, 2]).seal_with(3, &capability()), None);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_a_forgery() {
        let keys = ring(&[1]);
        let sealed = keys.seal(&capability()).expect("has keys");
        for bit in 0..sealed.len() * 8 {
            let mut other = sealed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.open(&other).is_err(), "bit {bit}");
        }
        for cut in 0..sealed.len() {
            assert!(keys.open(&sealed[..cut]).is_err(), "cut {cut}");
        }
    }

    #[test]
    fn only_the_holder_and_the_pipeline_may_use_it() {
        let ann = Principal::User("ann".into());
        let node = |id| Principal::Datanode(DatanodeId(id));
        let c = capability();
        assert_eq!(check(&c, &ann, 1), Ok(()));
        assert_eq!(check(&c, &node(1), 2), Ok(()));
        assert_eq!(check(&c, &node(2), 3), Ok(()));
        assert_eq!(check(&c, &ann, 2), Err(CapabilityError::Principal));
        assert_eq!(check(&c, &node(3), 2), Err(CapabilityError::Principal));
        assert_eq!(check(&c, &Principal::User("bob".into()), 1), Err(CapabilityError::Principal));
        assert_eq!(check(&c, &ann, 9), Err(CapabilityError::Datanode));
        let late = c.check(c.cluster, Operation::Write, &ann, DatanodeId(1), Timestamp(1_000));
        assert_eq!(late, Err(CapabilityError::Expired));
        let read = c.check(c.cluster, Operation::Read, &ann, DatanodeId(1), Timestamp(0));
        assert_eq!(read, Err(CapabilityError::Operation));
        let other = c.check(ClusterId([2; 16]), Operation::Write, &ann, DatanodeId(1), Timestamp(0));
        assert_eq!(other, Err(CapabilityError::Cluster));
    }

    #[test]
    fn a_receipt_is_valid_for_the_stored_chunk_only() {
        let keys = ring(&[1]);
        let stored = Stored {
            cluster: ClusterId([1; 16]),
            node: DatanodeId(2),
            boot: 9,
            chunk: ChunkId(5),
            generation: Generation(1),
            length: 10,
            checksum: 7,
        };
        let receipt = keys.receipt(&stored).expect("has keys");
        assert!(keys.is_receipt(&receipt, &stored));
        for other in [
            Stored { node: DatanodeId(3), ..stored },
            Stored { chunk: ChunkId(6), ..stored },
            Stored { generation: Generation(2), ..stored },
            Stored { length: 11, ..stored },
            Stored { checksum: 8, ..stored },
            Stored { boot: 10, ..stored },
        ] {
            assert!(!keys.is_receipt(&receipt, &other));
            assert!(!keys.is_receipt(&Receipt { node: other.node, boot: other.boot, ..receipt }, &other));
        }
    }
}
