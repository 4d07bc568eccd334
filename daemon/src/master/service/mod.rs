//! The calls that a master answers, one file per group of calls.
//!
//! * [`admission`]: the gate in front of all calls, by the table of rights.
//! * [`user`]: the services for users, in [`files`], [`cluster`] and [`admin`], which convert between wire twins and values;
//!   [`names`], [`copies`], [`search`], [`write`], [`read`], [`chunk`], [`status`], [`board`], [`duty`] and [`safe_mode`] do the work.
//! * [`node`]: the service for datanodes.
//! * [`chains`]: places the chunks of a plan on datanodes; [`seal`]: seals the capabilities for them.

mod admin;
pub mod admission;
mod board;
mod chains;
mod chunk;
mod cluster;
mod copies;
mod duty;
mod files;
pub mod names;
pub mod node;
pub mod read;
pub mod safe_mode;
mod seal;
pub mod search;
pub mod status;
pub mod user;
pub mod write;
