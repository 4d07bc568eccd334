//! The client against a cluster in memory that uses the real protocol over real sockets, with
//! faults on demand.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod cluster;
mod control;
mod endings;
mod get;
mod master;
mod node;
mod put;
