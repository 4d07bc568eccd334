//! The types that configure the consensus library.

use dfs_logic::command::{Command, Outcome, Refusal};
use openraft::BasicNode;
use std::sync::Arc;

openraft::declare_raft_types!(
    /// The types of our Raft group: entries are batches of commands, nodes are masters with their
    /// addresses.
    pub TypeConfig:
        D = Batch,
        R = Applied,
        NodeId = u64,
        Node = BasicNode,
        Entry = openraft::Entry<TypeConfig>,
        SnapshotData = tokio::fs::File,
        AsyncRuntime = openraft::TokioRuntime,
);

pub type Entry = openraft::Entry<TypeConfig>;
pub type LogId = openraft::LogId<u64>;
pub type Membership = openraft::Membership<u64, BasicNode>;
pub type StoredMembership = openraft::StoredMembership<u64, BasicNode>;
pub type SnapshotMeta = openraft::SnapshotMeta<u64, BasicNode>;
pub type StorageError = openraft::StorageError<u64>;
pub type Vote = openraft::Vote<u64>;
pub type Raft = openraft::Raft<TypeConfig>;

/// The commands of one log entry: all that queued up while the previous entry was synced. Cheap to
/// clone, because the log keeps one and hands out another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch(pub Arc<Vec<Command>>);

/// The result of each command of a batch, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied(pub Vec<Result<Outcome, Refusal>>);
