//! The dashboard, and the tables that it shares with the commands of the shell: datanodes, jobs,
//! heatmap, status screen.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod heat;
pub mod jobs;
pub mod nodes;
pub mod top;
