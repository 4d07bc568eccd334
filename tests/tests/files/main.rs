//! Files there and back, and what commands and the client library do with them.
//!
//! One program for many tests, as each program links everything: a test of this topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod addresses;
mod attributes;
mod basics;
mod copies;
mod destinations;
mod library;
mod pieces;
mod previous;
mod transfers;
mod unfinished;
