//! What a person sees and types: the prompt, scripts, the dashboard, and what commands say.
//!
//! One program for many tests, as each program links everything: a test of this topic is a module here.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod dashboard;
mod dashboard_files;
mod dashboard_replay;
mod dashboard_trouble;
mod errors;
mod examples;
mod local_cluster;
mod operators;
mod prompt;
mod prompt_away;
mod scripts;
mod setrep_seen;
mod tour;
mod transfers_seen;
