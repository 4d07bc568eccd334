//! The client against a cluster in memory that speaks the real protocol over real sockets, and fails on command.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod cluster;
mod control;
mod endings;
mod get;
mod master;
mod node;
mod put;
