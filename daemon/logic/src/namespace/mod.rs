//! The tree of names: a deterministic state machine, and a value.
//!
//! [`Namespace::apply`] takes the commands of the log. Everything in it is persistent in the data-structure sense: a
//! clone costs a handful of reference counts, shares all that has not changed since, and is a version that readers keep
//! for as long as they like.
//!
//! **Invariant:** a refused command changes nothing but the window of remembered results.
//! **Invariant:** the chunk table holds exactly the chunks that files name.
//! **Invariant:** a chunk that a file has named, or that was abandoned, is in the chunk table, dropped, or below the floor; never in the first two
//! at once.
//! **Invariant:** what is wanted of a datanode is noted only when it is something else than to serve.
//! **Invariant:** the sums of a folder are the sums over everything below it.

mod access;
mod apply;
mod children;
mod chunk_table;
mod node;
mod ops;
mod owner;
mod read;
mod snapshot;
mod spine;
mod state;
#[cfg(test)]
mod tests;
mod users;
mod walk;
mod window;

pub use chunk_table::ChunkMeta;
pub use node::Sums;
pub use ops::CHANGED_MAX;
pub use snapshot::{Decoder, PIECE_BYTES_MAX, SnapshotError};
pub use state::{KEYS_KEPT, Namespace};
pub use walk::Met;
pub use window::WINDOW_COMMANDS;
