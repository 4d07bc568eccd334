//! What the tests of whole clusters share: real processes, faults, and an oracle that knows what must be there.
//!
//! * [`cluster`] starts, kills, restarts, stops and inspects the daemons of a cluster of its own.
//! * [`content`] makes bytes from a seed, so that nothing needs to be kept to know what a file must hold.
//! * [`crowd`] opens connections and says nothing.
//! * [`hostile`] is peers with good credentials that do not keep to the rules.
//! * [`middle`] does a fault in the middle of a transfer.
//! * [`network`] cuts a running datanode off, from some or from all, and makes the way to a master slow or wrong.
//! * [`stranger`] listens and is no master.
//! * [`picture`] draws a screen, for the docs.
//! * [`turn`] keeps too many clusters from running at once.
//! * [`terminal`] runs a program behind a pseudo-terminal and knows what would be seen.
//! * [`requirement`] skips, or refuses to skip, a test that needs more than the machine has.
//! * [`power`] runs a cluster on disks whose power can be cut (Linux, as root).
//! * [`previous`] is peers of the protocol version before this one.
//! * [`load`] is writers that tell the oracle what they do.
//! * [`rot`] damages any file that dfs keeps, and knows what must be left.
//! * [`oracle`] records what was acknowledged, what may have happened, and checks a cluster against it.

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
