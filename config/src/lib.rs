//! What a daemon, a client and a cluster are told: TOML file, then environment, then flags.
//!
//! [`settings`] holds the table of keys; [`load`](load()) reads them; [`Directories`] says where the files of a user are.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod directories;
pub mod document;
mod error;
mod key;
mod load;
mod rule;
pub mod settings;

pub use directories::{Directories, Environment};
pub use document::{default_file, to_toml};
pub use error::ConfigError;
pub use key::{Key, keys};
pub use load::{Loaded, Sources, load, load_what_can_be};
pub use settings::{ClientSettings, DatanodeSettings, LogSettings, MasterSettings, Settings};

#[cfg(test)]
mod tests;
