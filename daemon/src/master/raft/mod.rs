//! Consensus: one log, one state machine, on as many masters as there are.
//!
//! * [`types`]: our types as openraft wants them.
//! * [`machine`] applies what is committed and publishes a version after each batch, in [`published`].
//! * [`proposer`] makes one log entry of all commands that queue; [`node`] is the thread that all of this runs on;
//!   [`pace`] says when it waits awake.
//! * [`network`] is the way to and from the other masters; [`messages`] are the bodies of the calls between them.
//! * [`snapshots`] keeps versions in files; [`snapshot`] is the layout of one.

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
