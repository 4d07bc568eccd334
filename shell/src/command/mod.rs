//! The command layer: what a command is, how it is described, and what it is given to do its work.
//!
//! A command implements [`Verb`]; a [`Command`] is its line in a [`Table`]; one run of it works with a [`Context`].
//! A command that runs others does so through the [`Interpreter`] of its context.

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
pub use table::{Command, Parsed, Table};
pub use verb::{Effect, Example, Group, Json, Kind, Meaning, Verb, Words};
