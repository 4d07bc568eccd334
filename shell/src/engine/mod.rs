//! The engine: from statements to commands, and their ends to exit codes.
//!
//! [`run`] runs a statement, [`expand`] puts out its patterns, [`script`] runs many of them, [`jobs`] runs them in the
//! background, and `foreground` those that may go there.

pub(crate) mod expand;
mod foreground;
pub(crate) mod jobs;
pub(crate) mod run;
pub(crate) mod script;
