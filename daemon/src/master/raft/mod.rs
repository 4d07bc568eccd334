//! Consensus: one log and one state machine, replicated on all masters.
//!
//! * [`types`]: our types for openraft.
//! * [`machine`] applies committed entries and publishes a version after each batch, in
//!   [`published`].
//! * [`proposer`] makes one log entry of all commands in the queue; [`node`] is the thread that
//!   runs all of this; [`pace`] decides when it busy-waits.
//! * [`network`] connects the masters; [`messages`] are the bodies of the calls between them.
//! * [`snapshots`] stores versions in files; [`snapshot`] is the layout of one file.

pub mod machine;
pub mod messages;
pub mod network;
pub mod node;
mod pace;
pub mod proposer;
pub mod published;
pub mod snapshot;
pub mod snapshots;
pub mod types;

#[cfg(test)]
mod tests;
