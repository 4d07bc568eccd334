//! The decisions of dfs, as pure code: values in, values out. No clock, socket, disk, random source or runtime.
//!
//! * [`chunk_file`]: the layout of a chunk on disk.
//! * [`command`]: what can be done to the namespace, as it stands in the log.
//! * [`state`]: the replicated state, which commands change; [`stored`]: its records on disk.
//! * [`cluster`]: the datanodes and replicas as one master knows them, and the decisions about them: events in, effects out.
//! * [`durability`]: the states of a replica, and the proofs that a deletion needs.
//! * [`locations`]: which datanodes have which chunks; [`liveness`]: which datanodes are there; [`expected`]: which are
//!   still to come; [`steady`]: a clock that leaves out the time in which the master stood still; [`skew`]: clocks that
//!   are too far ahead.
//! * [`placement`]: where new replicas go; [`repair`]: which replicas to make and which to take away.
//! * [`search`]: what a search looks for; [`traffic`]: which directories are busy.
//! * [`writes`]: the writes in flight.
//! * [`descriptors`]: what a limit of open files leaves room for; [`door`]: which callers are sent away when there are too many.
//! * [`disk`]: which file systems do not keep what they promise.
//! * [`jobs`]: the status of background work.
//! * [`collect`]: which replicas are garbage; [`safe_mode`]: whether enough is known to begin.

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
