//! The command layer: the definition of a command, its description, and the context in which it
//! runs.
//!
//! A command implements [`Verb`]; a [`Command`] is its entry in a [`Table`]; each run has a
//! [`Context`]. A command that runs other commands uses the [`Interpreter`] of its context.

mod confirm;
mod context;
mod elsewhere;
mod line;
pub(crate) mod roles;
mod table;
mod verb;

pub(crate) use confirm::wait_readable;
pub use context::{Context, Interpreter, Kept};
#[cfg(test)]
pub(crate) use elsewhere::ELSEWHERE;
pub(crate) use elsewhere::{Elsewhere, named};
pub(crate) use line::Line;
pub(crate) use table::usage_error;
pub use table::{Command, Parsed, Table};
pub use verb::{Effect, Example, Group, Json, Kind, Meaning, Verb, Words};
