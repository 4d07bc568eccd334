//! Processes that are killed, suspended, restarted, hostile or disconnected, unauthenticated
//! callers, and changes of the admin state.
//!
//! One program for many tests, because each program links everything: each topic is a module here.

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
