//! The decisions of dfs, as pure code: values in, values out. No clock, socket, disk, random source or runtime.
//!
//! * [`chunk_file`]: the layout of a chunk on disk.
//! * [`command`]: what can be done to the namespace, as it stands in the log.
//! * [`namespace`]: the tree of names, which commands change.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod chunk_file;
pub mod command;
pub mod namespace;
