//! Bodies of the data-plane frames that carry a message (postcard), see [`frame`](crate::frame).
//!
//! A write: `OpenWrite`, `Data`…, `FinishWrite` with one stream number; the answer is one `WriteDone`, or an
//! `Error` at any time, after which the receiver drops the rest of that stream.
//! The next stream may begin before the last one is answered; streams do not interleave.
//!
//! A read: `Read`; the answer is `Table`, `Data`… then `ReadDone`, or an `Error` at any time. The table is that of the
//! whole chunk; its crc32c is the checksum of the chunk, so the reader proves it first and then each block against it.

use crate::capability::Receipt;
use crate::wire::twin;
use bytes::Bytes;
use dfs_types::{DatanodeId, Error};
use serde::{Deserialize, Serialize};

/// Begins a chunk. Which chunk it is and where it goes on to stands in the capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWrite {
    pub capability: Bytes,
    /// The length in bytes where it is known before the end; room for it is reserved.
    pub length: Option<u32>,
}

/// Ends a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishWrite {
    /// Bytes of the whole chunk.
    pub length: u32,
    /// crc32c over the table of the block checksums, each as 4 bytes little endian.
    pub checksum: u32,
}

/// The chunk is on the disk of every datanode of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteDone {
    /// One from each, in the order of the chain.
    pub receipts: Vec<Receipt>,
}

impl WriteDone {
    /// Whether there is a receipt of each of these datanodes, and none besides. Whether they are good only the masters know.
    pub fn is_of(&self, chain: impl IntoIterator<Item = DatanodeId>) -> bool {
        let mut wanted: Vec<DatanodeId> = chain.into_iter().collect();
        let mut given: Vec<DatanodeId> = self.receipts.iter().map(|receipt| receipt.node).collect();
        wanted.sort_unstable();
        given.sort_unstable();
        wanted == given
    }
}

/// Asks for `offset..offset + length` of a chunk. Whole blocks come back: from the block of `offset` to the block of the last byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    pub capability: Bytes,
    pub offset: u32,
    pub length: u32,
}

/// A stream ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamError {
    /// The datanode that failed, where that is known.
    pub node: Option<DatanodeId>,
    #[serde(with = "twin")]
    pub error: Error,
}
