//! The decisions of dfs, as pure code: values in, values out. No clock, socket, disk, random source or runtime.
//!
//! * [`chunk_file`]: the layout of a chunk on disk.
//! * [`command`]: what can be done to the namespace, as it stands in the log.

pub mod chunk_file;
pub mod command;
