//! The decisions of dfs, as pure code: values in, values out. No clock, socket, disk, random source or runtime.
//!
//! * [`chunk_file`]: the layout of a chunk on disk.
//! * [`command`]: what can be done to the namespace, as it stands in the log.
//! * [`namespace`]: the tree of names, which commands change.
//! * [`locations`]: which datanodes have which chunks; [`liveness`]: which datanodes are there; [`expected`]: which are
//!   still to come; [`steady`]: a clock that leaves out the time in which the master stood still; [`skew`]: clocks that
//!   are too far ahead.
//! * [`placement`]: where new replicas go; [`repair`]: which replicas to make and which to take away; [`proof`]: which may go;
//!   [`replica`]: the life of one.
//! * [`search`]: what a search looks for; [`traffic`]: which folders are busy.
//! * [`writes`]: the writes in flight.
//! * [`descriptors`]: what a limit of open files leaves room for; [`door`]: which callers are sent away when there are too many.
//! * [`disk`]: which file systems do not keep what they promise.
//! * [`collect`]: which replicas are garbage; [`safe_mode`]: whether enough is known to begin.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod chunk_file;
pub mod collect;
pub mod command;
pub mod descriptors;
pub mod disk;
pub mod door;
pub mod expected;
pub mod liveness;
pub mod locations;
pub mod placement;
pub mod proof;
pub mod repair;
pub mod replica;
pub mod safe_mode;
pub mod search;
pub mod skew;
pub mod state;
pub mod steady;
pub mod stored;
pub mod traffic;
pub mod writes;
