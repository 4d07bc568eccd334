//! The calls that a master answers, one file per group of calls.
//!
//! * [`admission`]: the gate in front of all calls, by the table of rights.
//! * [`user`]: the services for users, in [`files`], [`cluster`] and [`admin`], which convert
//!   between wire twins and values; [`names`], [`copies`], [`search`], [`write`], [`read`],
//!   [`chunk`], [`status`], [`view`], [`admin_state`] and [`safe_mode`] do the work.
//! * [`node`]: the service for datanodes.
//! * [`pipelines`]: chooses the datanodes for the chunks of a plan; [`seal`]: seals the
//!   capabilities for them.

mod admin;
mod admin_state;
pub mod admission;
mod chunk;
mod cluster;
mod copies;
mod files;
pub mod names;
pub mod node;
mod pipelines;
pub mod read;
pub mod safe_mode;
mod seal;
pub mod search;
pub mod status;
pub mod user;
mod view;
pub mod write;
