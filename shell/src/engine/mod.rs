//! Runs statements as commands, and turns their results into exit codes.
//!
//! [`run`] runs a statement, [`expand`] expands its patterns, [`script`] runs many of them,
//! [`jobs`] runs them in the background, and `foreground` runs those that Ctrl-Z can move there.

pub(crate) mod expand;
mod foreground;
pub(crate) mod jobs;
pub(crate) mod nesting;
pub(crate) mod run;
pub(crate) mod script;
