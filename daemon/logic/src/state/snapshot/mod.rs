//! A version of the state as a row of bytes.
//!
//! A snapshot is a row of *pieces*, each at most [`PIECE_BYTES_MAX`] bytes; whoever stores them keeps their bounds. The first
//! one is a [`Start`](crate::stored::snapshot::Start), each other one a
//! [`Record`](crate::stored::snapshot::Record), in the order in which the kinds of records stand there. Equal states give
//! equal bytes, so snapshots can be compared.

mod convert;
mod decode;
mod encode;
mod fill;

use crate::stored::StoredError;
pub use decode::Decoder;
pub(crate) use encode::encode;

/// The most bytes in one piece.
pub const PIECE_BYTES_MAX: usize = 64 << 10;

/// The magic of snapshots that builds before the first stable form have written.
const MAGIC_BEFORE: [u8; 4] = *b"dfsN";

/// The reason why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("a piece of the snapshot cannot be read")]
    Piece,
    #[error("these bytes are no snapshot of a state")]
    Magic,
    #[error("it is of a build before the first stable format, which this one does not read")]
    Before,
    #[error("{0}")]
    Stored(#[from] StoredError),
    #[error("the pieces of the snapshot are not in their order")]
    Order,
    #[error("the state in the snapshot is not one that there can be")]
    Tree,
    #[error("the snapshot's checksum or totals do not match")]
    Checksum,
    #[error("the snapshot ends before its end")]
    Short,
}
