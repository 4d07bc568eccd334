//! The master: it keeps the namespace and the locations of replicas, and sends orders to datanodes.
//!
//! * [`log`]: the Raft log on disk; [`raft`]: consensus over it, and the state machine that applies
//!   it.
//! * [`convert`]: conversions between wire messages and the values of the cluster state, which is
//!   pure code ([`dfs_logic::cluster`]).
//! * [`service`]: the calls of users and datanodes; [`serve`]: the connections that carry them.
//! * [`view`]: the view of the cluster for dashboards.
//! * [`worker`]: the background work, and [`jobs`]: its parts, each with a status; with [`pool`]
//!   and [`floor`]; [`sampler`]: the curve.
//! * [`unfinished`]: writes in flight, and abandoned and expired ones.
//! * [`ahead`]: replicas that prove that this master's state is older than the data.
//! * [`state`]: the state that all calls share; [`refused`]: conversions of refusals to error
//!   messages.
//! * [`run`]: runs a master from start to shutdown.

pub mod ahead;
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
pub mod view;
pub mod worker;

pub use run::{MasterOptions, run};

#[cfg(test)]
mod tests;
