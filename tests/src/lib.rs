//! The shared parts of tests with whole clusters: real processes, faults, and an oracle of the
//! expected state.
//!
//! * [`cluster`] starts, kills, restarts, suspends and inspects the daemons of its own cluster.
//! * [`content`] generates bytes from a seed, so that the expected content of a file need not be
//!   stored.
//! * [`crowd`] opens connections that send nothing.
//! * [`hostile`] provides peers with valid credentials that violate the protocol.
//! * [`middle`] injects a fault in the middle of a transfer.
//! * [`network`] disconnects a running datanode from some or all peers, and makes the connection to
//!   a master slow or faulty.
//! * [`stranger`] listens without being a master.
//! * [`picture`] renders a screen for the docs.
//! * [`turn`] limits the number of clusters that run at the same time.
//! * [`terminal`] runs a program behind a pseudo-terminal and tracks the visible screen.
//! * [`requirement`] skips, or refuses to skip, a test whose requirements the machine does not
//!   meet.
//! * [`power`] runs a cluster on disks whose power can be cut (Linux, as root).
//! * [`previous`] provides peers of the previous protocol version.
//! * [`load`] provides writers that record their operations in the oracle.
//! * [`rot`] corrupts any file that dfs keeps, and knows what must still be readable.
//! * [`oracle`] records acknowledged and uncertain operations, and checks a cluster against them.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

pub mod cluster;
pub mod content;
pub mod crowd;
pub mod hostile;
pub mod load;
pub mod middle;
pub mod network;
pub mod oracle;
pub mod picture;
#[cfg(target_os = "linux")]
pub mod power;
pub mod previous;
pub mod process;
pub mod programs;
pub mod requirement;
pub mod rot;
pub mod stranger;
pub mod terminal;
pub mod turn;

pub use cluster::{Cluster, Spec, seed};
