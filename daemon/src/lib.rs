//! `dfsd`: masters, datanodes, and a local cluster of both.
//!
//! * [`master`] keeps the namespace and issues permissions; [`datanode`] stores the chunks.
//! * [`authority`] issues the credentials that every connection needs.
//! * [`local`] starts and stops a cluster of this user in the background.
//! * [`cli`] is the command line of `dfsd`; [`closed`] detects that standard output is closed.
//! * [`descriptors`] has the limit of open files, and the handling of scarcity.
//! * [`door`] accepts connections, and bounds the unauthenticated ones.
//! * `clock` and `random` read the clocks and draw random numbers; [`disk`] finds out the file
//!   system of a directory.
//! * [`durable`] makes files and directories survive a crash; [`logging`] writes the logs of the
//!   daemons.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod authority;
pub mod cli;
mod clock;
pub mod closed;
pub mod datanode;
pub mod descriptors;
pub mod disk;
pub mod door;
pub mod durable;
mod format;
pub mod local;
pub mod logging;
pub mod master;
#[cfg(feature = "planted-bugs")]
pub mod planted;
mod random;
