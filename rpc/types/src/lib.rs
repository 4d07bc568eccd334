//! The basic types of dfs: ids, paths, patterns of names, sizes, times, errors, the attributes of
//! files and the admin states of datanodes.
//!
//! This is a leaf crate. It holds values and their checks and does no I/O, so that all crates, from
//! the state machine to the shell, share the same types.

#![cfg_attr(not(test), forbid(clippy::disallowed_methods))]
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod admin_state;
pub mod attr;
pub mod detail;
pub mod error;
pub mod glob;
pub mod id;
mod io_message;
pub mod layout;
pub mod path;
pub mod principal;
pub mod protection;
pub mod rates;
pub mod replica;
pub mod size;
pub mod time;

pub use admin_state::AdminState;
pub use attr::{
    AttributeChange, ChunkRef, Deleted, Entry, Kind, Stat, USER_ATTRIBUTE_NAME_BYTES_MAX, USER_ATTRIBUTES_TOO_LARGE,
};
pub use detail::{Detail, Leader, NoRoom, RoomFor, TooFewDatanodes};
pub use error::{Error, ErrorCode, Result};
pub use glob::Glob;
pub use id::{ChunkId, ClusterId, DatanodeId, EntryId, Generation, MasterId, RequestId, WriteId};
pub use io_message::io_message;
pub use layout::Layout;
pub use path::{DfsPath, PathError};
pub use principal::Principal;
pub use protection::Protection;
pub use replica::{ReplicaKey, ReplicaState, StoredReplica};
pub use size::ByteSize;
pub use time::{Timestamp, format_duration, parse_duration};
