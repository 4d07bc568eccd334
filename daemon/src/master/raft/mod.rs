//! Consensus: one log, one state machine, on as many masters as there are.
//!
//! * [`types`]: our types as openraft wants them.
//! * [`weight`]: how many bytes a command takes.

pub mod types;
pub mod weight;
