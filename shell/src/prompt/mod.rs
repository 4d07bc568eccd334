//! The interactive prompt.
//!
//! The editor runs on the main thread, outside the runtime, and waits for commands and completions
//! with [`Handle::block_on`](tokio::runtime::Handle::block_on). Drawing never waits for the
//! cluster: [`known`] caches its state.

mod candidates;
mod choices;
mod desk;
mod directories;
mod helper;
mod hint;
mod keys;
mod known;
mod label;
mod local;
mod menu;
mod own_line;
mod paint;
mod plain;
mod read;
mod recall;
mod run;
mod spelling;
mod startup;
mod target;
mod whole;

pub(crate) use run::run;
pub(crate) use whole::Whole;
