//! The master: names, places and orders.
//!
//! * [`log`]: the Raft log on disk.
//! * [`raft`]: consensus over it, and the state machine that it feeds.

pub mod log;
pub mod raft;
