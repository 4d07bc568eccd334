//! Processes that die, stand still, restart, lie or are cut off, strangers at the door, and duties that change meanwhile.
//!
//! One program for many tests, as each program links everything: a test of this topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod crowd;
mod descriptors;
mod drain;
mod durability;
mod failover;
mod hostile;
mod hostile_peers;
mod identities;
mod partition;
mod restarts;
mod standstill;
mod stuck;
mod uninterrupted;
