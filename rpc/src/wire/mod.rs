//! The messages of the protocol, and the wire twins of the values in them.
//!
//! This module has three kinds of types:
//!
//! * **Messages** and views ([`PlanWrite`], [`ClusterStatus`], …) exist only for the wire, and are
//!   used directly.
//! * **Wire twins** ([`Stat`], [`ChunkRef`], [`Error`], …) define the layout of a composite value
//!   of `dfs_types`, which has none itself. Arguments and results of calls are twins; fields of
//!   messages hold the value and are encoded as its twin ([`twin`]).
//! * **Scalars** (ids, [`Timestamp`](dfs_types::Timestamp), [`DfsPath`](dfs_types::DfsPath)) are
//!   encoded as the number, bytes or text that they consist of. `rpc/tests/golden` pins them.
//!
//! A message or twin never changes between protocol versions: a call whose messages change becomes
//! a new call with new messages ([`crate::services`]). A replacement has the name of its
//! predecessor and the version that introduced it ([`StatV9`]).

pub mod address;
mod admin;
mod attributes;
pub mod blocked;
mod chunks;
pub mod cluster;
mod copies;
mod detail;
mod error;
mod files;
mod jobs;
pub mod key;
pub mod node;
pub mod nodes;
mod principal;
mod search;
mod transfer;
pub mod twin;
mod v9;

pub use address::NodeAddress;
pub use admin::{AdminState, SafeModeChange};
pub use attributes::{AttributeChange, Deleted, Entry, Kind, Stat};
pub use blocked::Blocked;
pub use chunks::{ChunkRef, ReplicaKey, ReplicaState, StoredReplica};
pub use cluster::{ClusterStatus, FullDisk, Lasting, MasterStatus, ReplicationStatus, SafeMode, Unfinished};
pub use copies::{Copied, CopyEntry, UserAttribute, UserAttributeChange};
pub use detail::{Detail, Leader, NoRoom, RoomFor, TooFewDatanodes};
pub use error::{Error, ErrorCode, Result, What};
pub use files::{DirectoryTraffic, ListDirectory, ListPage, Traffic};
pub use jobs::{JobState, JobStatus};
pub use key::TokenKey;
pub use node::{DirectoryLoad, Heartbeat, HeartbeatReply, NodeLoad, Order, Register, Registered, ReportPage};
pub use nodes::{ChunkStatus, NodeState, NodeStatus};
pub use principal::Principal;
pub use search::{Find, Found, FoundPage, Looked, UnderReplicated, Wanted};
pub use transfer::{
    CommitWrite, Committed, CommittedChunk, LocatedChunk, PlanRead, PlanWrite, PlannedChunk, ReadPlan, WritePlan,
};
pub use v9::{ListPageV9, StatV9};
