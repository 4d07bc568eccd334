//! The prompt.
//!
//! The editor runs on the main thread, which is no thread of the runtime, and waits for commands and completions with
//! [`Handle::block_on`](tokio::runtime::Handle::block_on). Nothing that it shows waits for the cluster: [`known`] says
//! what was seen of it.

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
