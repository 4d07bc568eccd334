//! `dfs-shell`, the console of dfs.
//!
//! A command line goes from [`line`](mod@line) (text to words, pure) through [`run`] (words to arguments, arguments to a command) to one
//! of the [`commands`], each of which is one file and one line in their table. [`program`] chooses between one command,
//! a [`script`] and the prompt ([`repl`]).

#![allow(
    clippy::disallowed_methods,
    reason = "a console works with the files, the clock and the network of its machine"
)]

mod advice;
mod alias;
mod bench;
pub mod commands;
mod connect;
mod context;
mod doctor;
mod expand;
mod history;
mod interrupt;
mod jobs;
pub mod line;
mod options;
mod out;
mod pager;
#[cfg(test)]
mod pages;
mod probe;
pub mod program;
mod repl;
mod report;
mod roles;
mod run;
mod screen;
mod script;
mod session;
mod suggest;
mod top;
mod transfer;
