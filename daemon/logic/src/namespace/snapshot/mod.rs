//! A version of the namespace as a row of bytes.
//!
//! A snapshot is a row of *pieces*, each at most [`PIECE_BYTES_MAX`] bytes, in this order; whoever stores them keeps
//! their bounds. Each piece is one [`Record`](record::Record) in postcard:
//!
//! 1. `Start`: magic `dfsN`, version. Alone, so that every version can read it.
//! 2. `Head`: what the cluster is, its keys and counters.
//! 3. `Users`, any number: the names of owners and groups, in the order of their numbers.
//! 4. `Results`, any number: the remembered results, oldest first.
//! 5. `Dropped`, any number: the chunks above the floor that are garbage all the same, rising.
//! 6. `Duties`, any number: the datanodes that are not to serve, in the order of their ids.
//! 7. `Members`, any number: the datanodes that belong to the cluster, with the time of their first registration, in the
//!    order of their ids.
//! 8. `Items`, any number: the tree in preorder, names in order within a folder. Sums and the table of chunks follow from
//!    it and are not stored.
//! 9. `End`: totals and the crc32c of all pieces before.
//!
//! Equal states give equal bytes, so snapshots can be compared.

mod decode;
mod encode;
mod record;

pub use decode::Decoder;

/// The most bytes in one piece.
pub const PIECE_BYTES_MAX: usize = 64 << 10;

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("a piece of the snapshot cannot be read")]
    Piece,
    #[error("these bytes are no snapshot of a namespace")]
    Magic,
    #[error("the snapshot has version {0}; version 4 is understood here")]
    Version(u16),
    #[error("the pieces of the snapshot are not in their order")]
    Order,
    #[error("the tree in the snapshot is not one that this namespace can have")]
    Tree,
    #[error("the snapshot's checksum or totals do not match")]
    Checksum,
    #[error("the snapshot ends before its end")]
    Short,
}
