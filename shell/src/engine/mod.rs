//! The engine: from statements to commands, and their ends to exit codes.
//!
//! [`run`] runs a statement, [`expand`] puts out its patterns, [`script`] runs many of them, and [`jobs`] runs them in the
//! background.

pub(crate) mod expand;
pub(crate) mod jobs;
pub(crate) mod run;
pub(crate) mod script;
