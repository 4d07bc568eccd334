//! The interactive programs: the prompt, scripts, the dashboard, and the messages of commands.
//!
//! One program for many tests, because each program links everything: each topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod accessible;
mod advice;
mod bench;
mod contexts;
mod dashboard;
mod dashboard_actions;
mod dashboard_files;
mod dashboard_replay;
mod dashboard_trouble;
mod errors;
mod examples;
mod local_cluster;
mod operations;
mod operators;
mod plans;
mod prompt;
mod prompt_away;
mod scripts;
mod setrep_seen;
mod streams;
mod tour;
mod transfers_seen;
