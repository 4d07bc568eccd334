//! Disks that return wrong data, fill up, lose or corrupt data, or are missing. Power cuts are in
//! `power.rs`.
//!
//! One program for many tests, because each program links everything: each topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod damage;
mod diskfull;
mod lost_state;
mod rot;
mod unmounted;
