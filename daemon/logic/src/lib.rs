//! The decisions of dfs, as pure code: values in, values out. No clock, socket, disk, random source
//! or runtime.
//!
//! * [`chunk_file`]: the layout of a chunk on disk.
//! * [`command`]: the changes of the namespace, which the log holds.
//! * [`state`]: the replicated state, which commands change; [`stored`]: its records on disk.
//! * [`cluster`]: the datanodes and replicas as one master knows them, and the decisions about
//!   them: events in, effects out.
//! * [`durability`]: the states of a replica, and the proofs that a deletion needs.
//! * [`locations`]: the datanodes of each chunk; [`liveness`]: the states of datanodes;
//!   [`expected`]: the awaited ones; [`steady`]: a clock without the time in which the process was
//!   suspended; [`skew`]: clocks that are too far ahead.
//! * [`placement`]: chooses datanodes for new replicas; [`repair`]: chooses replicas to make and to
//!   remove.
//! * [`search`]: the criteria of a search; [`traffic`]: read and write rates of directories.
//! * [`writes`]: the writes in flight.
//! * [`descriptors`]: bounds that follow from the limit of open files; [`door`]: bounds on callers.
//! * [`disk`]: file systems that do not guarantee durability.
//! * [`jobs`]: the status of background work.
//! * [`collect`]: finds garbage; [`safe_mode`]: decides whether enough is known to begin.

#![cfg_attr(not(test), forbid(clippy::disallowed_methods))]
#![cfg_attr(test, allow(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod chunk_file;
pub mod cluster;
pub mod collect;
pub mod command;
pub mod descriptors;
pub mod disk;
pub mod door;
pub mod durability;
pub mod expected;
pub mod jobs;
pub mod liveness;
pub mod locations;
pub mod placement;
pub mod repair;
pub mod safe_mode;
pub mod search;
pub mod skew;
pub mod state;
pub mod steady;
pub mod stored;
pub mod traffic;
pub mod writes;
