//! Data connections: writing chunks down a pipeline, and reading them.
//!
//! The runtime accepts a connection and does the handshake; then the connection belongs to a thread
//! of its own ([`connection`]), because the rest is blocking work on sockets and disks, frame by
//! frame ([`write_stream`], [`read_stream`]). Two more threads per connection do disk I/O and
//! acknowledge ([`disk`]); one reads the answers of the next datanode of a pipeline
//! ([`downstream`]).

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod connection;
pub mod connections;
pub mod context;
pub mod disk;
pub mod downstream;
pub mod limits;
pub mod listener;
pub mod read_stream;
pub mod work;
pub mod write_stream;

#[cfg(test)]
mod tests;

pub use context::{Context, Room};
pub use listener::serve;
