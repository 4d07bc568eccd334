//! Chunks on the disks of a datanode.
//!
//! A replica is one file (layout: [`dfs_logic::chunk_file`]) in one of the data [`directory`]s; the
//! [`chunks`] module keeps an index of them in memory, built at start from their names. Data is
//! read and written without the page cache ([`direct`]), in aligned memory from a bounded pool
//! ([`buffer`]).

#![expect(clippy::disallowed_methods, reason = "chunks are files")]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod buffer;
pub mod chunks;
pub mod direct;
pub mod directory;
pub mod error;
pub mod format;
pub mod reader;
pub mod record;
pub mod salvage;
pub mod space;
pub mod writer;

#[cfg(test)]
mod tests;

pub use buffer::{AlignedBuffer, Buffer, BufferBudget, Buffers};
pub use chunks::{ChunkStore, Intent, PendingDeletion, StoreOptions};
pub use error::{Corruption, OpenError, StoreError};
pub use reader::OpenReplica;
pub use salvage::Salvage;
pub use writer::ChunkWriter;
