//! The client against a cluster in memory that speaks the real protocol over real sockets, and fails on command.

// Tests may panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod cluster;
mod control;
mod endings;
mod get;
mod node;
mod put;
