//! What a daemon, a client and a cluster are told: TOML file, then environment, then flags.

pub mod settings;

pub use settings::{ClientSettings, DatanodeSettings, LogSettings, MasterSettings, Protection, Settings};
