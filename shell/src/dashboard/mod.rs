//! The shell behind the dashboard: its lines are run here, beside each other, each on a thread of its own.
//!
//! The dashboard has the terminal, so that nothing here may write to it or read from it: what a command writes and says
//! goes through a pipe to an [`Output`](output::Output), which keeps the end of it.

mod ask;
mod complete;
mod log;
mod output;
mod running;
mod shell;

pub(crate) use shell::world;
