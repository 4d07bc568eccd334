//! The commands, one file each, and the table that knows them.

mod bench;
mod cat;
mod cd;
mod echo;
mod entry;
mod exit;
mod get;
mod getrange;
mod help;
mod info;
mod lcd;
mod lls;
mod locate;
mod lpwd;
mod ls;
mod mkdir;
mod mv;
mod nodes;
mod put;
mod pwd;
mod registry;
mod rm;
mod set;
mod sleep;
mod source;
mod stat;
mod status;
mod time;
mod watch;
mod whoami;

pub use help::help_of;
pub use registry::{COMMANDS, Command, Example, Group, Json, Kind, Meaning, Parsed, Verb};
