//! The commands, one file each, in groups; each group lists its own.
//!
//! A new command is a file in the directory of its group and two lines in the `mod.rs` there: its
//! module, and its entry in the list. Code that several groups use is in `shared`; groups do not
//! use each other.

mod admin;
mod cluster;
mod files;
mod session;
mod shared;
#[cfg(test)]
mod tests;

use crate::command::Table;
pub(crate) use admin::definition_at;
pub(crate) use cluster::top_as_words;
pub(crate) use session::{help_of, shell_options};

/// Every command, in the order in which `help` shows them.
pub static COMMANDS: Table = Table(&[files::FILES, cluster::CLUSTER, admin::ADMIN, session::SESSION]);
