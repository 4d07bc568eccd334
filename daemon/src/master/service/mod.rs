//! The calls that a master answers, one file per group of calls.
//!
//! * [`user`]: the service for users; [`names`], [`search`], [`write`], [`read`], [`chunk`], [`status`], [`duty`]
//!   and [`safe_mode`] do the work.
//! * [`node`]: the service for datanodes.
//! * [`chains`]: where the chunks of a plan go.

mod chains;
mod chunk;
mod duty;
pub mod names;
pub mod node;
pub mod read;
pub mod safe_mode;
pub mod search;
pub mod status;
pub mod user;
pub mod write;
