//! The settings of daemons, clients and clusters: TOML file, then environment, then flags.
//!
//! [`settings`] has the table of keys; [`load`](load()) reads them; [`Directories`] has the
//! directories of a user's files.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod contexts;
mod directories;
pub mod document;
mod error;
mod key;
mod load;
mod rule;
pub mod settings;

pub use contexts::{Contexts, DEFAULT_CONTEXT, LOCAL_CONTEXT, NamedCluster};
pub use directories::{Directories, Environment};
pub use document::{default_file, to_toml};
pub use error::ConfigError;
pub use key::{Key, keys};
pub use load::{Loaded, Sources, load, load_what_can_be};
pub use settings::{ClientSettings, DatanodeSettings, LogSettings, MasterSettings, Settings};

#[cfg(test)]
mod tests;
