//! The shell of the dashboard: runs its lines concurrently, each on its own thread.
//!
//! The dashboard uses the terminal, so nothing here may write to it or read from it: the output and
//! messages of a command go through a pipe to an [`Output`](output::Output), which keeps the end of
//! them.

mod ask;
mod complete;
mod log;
mod output;
mod running;
mod shell;

pub(crate) use shell::world;
