//! `dfs-shell`, the console of dfs.
//!
//! A command line passes from [`lang`] (text to words, pure) through `engine` (words to arguments,
//! arguments to a command) to one of the [`commands`], each of which is one file. [`program`]
//! chooses between one command, a script and the prompt.
//!
//! The modules are layers; each uses those above it in this list, and none below. A test (`layers`)
//! enforces that.
//!
//! - `base`: output, errors, options, signals.
//! - [`lang`]: the language of a line.
//! - `session`: the state that lasts from one command to the next.
//! - [`command`]: the definition of a command and its context; the interface to the engine for
//!   commands that run others.
//! - `transfer`, `bench`, `doctor`: the longer implementations of single commands.
//! - [`commands`]: the commands, in groups.
//! - `engine`: statements, scripts and background jobs.
//! - `prompt`: the prompt and its completion.
//! - `dashboard`: the shell of `top`.
//! - [`program`]: the options, and the mode in which the program was called.

#![allow(
    clippy::disallowed_methods,
    reason = "a console works with the files, the clock and the network of its machine"
)]

#[cfg(test)]
mod advice_tests;
mod base;
mod bench;
pub mod command;
pub mod commands;
mod dashboard;
mod doctor;
mod engine;
#[cfg(test)]
mod findings_tests;
pub mod lang;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod pages;
pub mod program;
mod prompt;
mod session;
mod transfer;
#[cfg(test)]
mod typed_tests;
