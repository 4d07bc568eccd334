//! Messages of the data-plane frames (postcard), see [`frame`](crate::frame).
//!
//! A write consists of `OpenWrite`, `Data`…, `FinishWrite` with one stream number. The answer is
//! one `WriteDone`, or an `Error` at any time, after which the receiver drops the rest of that
//! stream. The next stream may begin before the last one is answered; streams are not interleaved.
//!
//! A read consists of `Read`. The answer is `Table`, `Data`… and `ReadDone`, or an `Error` at any
//! time. The table is that of the whole chunk; its crc32c is the checksum of the chunk, so the
//! reader verifies the table first and then each block against it.

use crate::capability::Receipt;
use crate::wire::twin;
use bytes::Bytes;
use dfs_types::{DatanodeId, Error};
use serde::{Deserialize, Serialize};

/// Opens the write of a chunk. The capability names the chunk and the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWrite {
    pub capability: Bytes,
    /// The length in bytes if it is known in advance; space for it is reserved.
    pub length: Option<u32>,
}

/// Ends the write of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishWrite {
    /// The length of the whole chunk in bytes.
    pub length: u32,
    /// crc32c over the table of the block checksums, each as 4 bytes little endian.
    pub checksum: u32,
}

/// Confirms that the chunk is on the disk of every datanode of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteDone {
    /// One receipt of each datanode, in the order of the pipeline.
    pub receipts: Vec<Receipt>,
}

impl WriteDone {
    /// Returns true if there is exactly one receipt of each of these datanodes. Only masters can
    /// verify the seals.
    pub fn is_of(&self, pipeline: impl IntoIterator<Item = DatanodeId>) -> bool {
        let mut wanted: Vec<DatanodeId> = pipeline.into_iter().collect();
        let mut given: Vec<DatanodeId> = self.receipts.iter().map(|receipt| receipt.node).collect();
        wanted.sort_unstable();
        given.sort_unstable();
        wanted == given
    }
}

/// Requests `offset..offset + length` of a chunk. The answer has whole blocks: from the block of
/// `offset` to the block of the last byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    pub capability: Bytes,
    pub offset: u32,
    pub length: u32,
}

/// The error that ended a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamError {
    /// The datanode that failed, if known.
    pub node: Option<DatanodeId>,
    #[serde(with = "twin")]
    pub error: Error,
}
