//! A version of the state as a sequence of bytes.
//!
//! A snapshot is a sequence of *pieces*, each at most [`PIECE_BYTES_MAX`] bytes; the storage must
//! preserve their bounds. The first one is a [`Start`](crate::stored::snapshot::Start), each other
//! one a [`Record`](crate::stored::snapshot::Record), in the order in which the kinds of records
//! are declared. Equal states give equal bytes, so snapshots can be compared.

mod convert;
mod decode;
mod encode;
mod fill;

use crate::stored::StoredError;
pub use decode::Decoder;
pub(crate) use encode::encode;

/// The maximum number of bytes in one piece.
pub const PIECE_BYTES_MAX: usize = 64 << 10;

/// The magic of snapshots of builds before the first stable form.
const MAGIC_BEFORE: [u8; 4] = *b"dfsN";

/// The reason why bytes are not a valid snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("a piece of the snapshot cannot be read")]
    Piece,
    #[error("it is not a snapshot of a state")]
    Magic,
    #[error("a build older than the first stable format wrote it, and this build cannot read it")]
    Before,
    #[error("{0}")]
    Stored(#[from] StoredError),
    #[error("the pieces of the snapshot are in the wrong order")]
    Order,
    #[error("the snapshot holds an impossible state")]
    Tree,
    #[error("the snapshot's checksum or totals do not match")]
    Checksum,
    #[error("the snapshot is truncated")]
    Short,
}
