//! `dfsd`: masters, datanodes, and a local cluster of both.
//!
//! * [`master`] keeps the namespace and tells who may do what; [`datanode`] keeps the chunks.
//! * [`authority`] makes the credentials that every connection needs.
//! * [`local`] starts and stops a cluster of this user in the background.
//! * [`cli`] is the command line of `dfsd`.
//! * [`descriptors`] is the limit of open files, and what to do when it is met.
//! * [`door`] takes connections, and bounds those that have not shown who they are.
//! * `clock` and `random` are where clocks are read and random numbers drawn; [`disk`] tells what a directory is on.
//! * [`durable`] is how files and directories survive a crash; [`logging`] how daemons tell of themselves.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod authority;
pub mod cli;
mod clock;
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
