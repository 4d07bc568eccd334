//! Transfers of files, and operations of the commands and the client library on them.
//!
//! One program for many tests, because each program links everything: each topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod addresses;
mod attributes;
mod basics;
mod copies;
mod library;
mod pieces;
mod previous;
mod transfers;
mod unfinished;
