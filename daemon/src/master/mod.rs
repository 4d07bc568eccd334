//! The master: names, places and orders.
//!
//! * [`log`]: the Raft log on disk; [`raft`]: consensus over it, and the state machine that it feeds.
//! * [`convert`]: between the messages on the wire and the values of the state of the cluster, which is pure code
//!   ([`dfs_logic::cluster`]).
//! * [`service`]: the calls of users and datanodes; [`serve`]: the connections that they come on.
//! * [`board`]: the picture of the cluster for dashboards.
//! * [`worker`]: the background work, and [`jobs`]: its parts, each with a status; with [`pool`] and [`floor`]; [`sampler`]: the curve.
//! * [`unfinished`]: writes in flight, and those that came to nothing.
//! * [`ahead`]: replicas that prove that this master's state is older than the data.
//! * [`state`]: what all calls share; [`refused`]: from refusals to errors that people read.
//! * [`run`]: a whole master.

pub mod ahead;
pub mod board;
pub mod clock;
pub mod convert;
pub mod floor;
pub mod jobs;
pub mod keys;
pub mod log;
pub mod pool;
pub mod raft;
pub mod refused;
pub mod run;
pub mod sampler;
pub mod serve;
pub mod service;
pub mod state;
pub mod unfinished;
pub mod worker;

pub use run::{MasterOptions, run};

#[cfg(test)]
mod tests;
