//! Disks that lie, fill up, lose or damage what they keep, or are not there. Power cuts are in `power.rs`.
//!
//! One program for many tests, as each program links everything: a test of this topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod damage;
mod diskfull;
mod lost_state;
mod rot;
mod unmounted;
