//! Data connections: writing chunks down a chain, reading them.
//!
//! The runtime takes a connection and speaks the hello; then it belongs to a thread of its own ([`connection`]), since
//! what follows is blocking work on sockets and disks, frame by frame ([`write_stream`], [`read_stream`]). Two more threads
//! per connection work for the disk and acknowledge ([`disk`]); one reads what the next datanode of a chain answers
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
