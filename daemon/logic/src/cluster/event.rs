//! The input and the output of [`ClusterState`](super::ClusterState), as values.

use super::message::{Heartbeat, Registration, ReportPage};
use super::order::Order;
use crate::command::Op;
use dfs_types::{AdminState, ChunkId, DatanodeId, ReplicaKey};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything that changes the state of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A datanode registers, on the connection with this number.
    Registered { node: DatanodeId, connection: u64, registration: Registration },
    /// A datanode sends a heartbeat. It receives orders only from the leader.
    Heartbeat { node: DatanodeId, connection: u64, heartbeat: Heartbeat, leads: bool },
    /// A datanode sends a page of a full report.
    ChunkReport { node: DatanodeId, connection: u64, page: ReportPage },
    /// A connection of a datanode has closed.
    Disconnected { node: DatanodeId, connection: u64 },
    /// A reader reports corrupt bytes: the datanode should verify its replica.
    CorruptionReported { node: DatanodeId, key: ReplicaKey },
    /// Chunks of up to `bytes` each will be written to these pipelines.
    WritePlanned { pipelines: Vec<Vec<DatanodeId>>, bytes: u64 },
    /// A commit is about to be proposed; its receipts were checked. Replicas are recorded before
    /// the commit is applied, so that a survey in between does not count the chunks as missing.
    Committing { chunks: Vec<(ReplicaKey, Vec<DatanodeId>)> },
    /// A commit was applied; these datanodes hold its chunks, of which each should have `replicas`.
    Committed { holders: Vec<Vec<DatanodeId>>, replicas: u8 },
    /// More replicas than `enough` will be wanted of these chunks.
    LayoutChanging { chunks: Vec<ChunkId>, enough: u8 },
    /// A user has changed the admin state of a datanode.
    AdminStateChanged { node: DatanodeId, admin_state: AdminState, by: Arc<str> },
    /// A datanode that was removed and is live is in service again.
    Rejoined { node: DatanodeId },
    /// A user has ended safe mode.
    SafeModeLeft,
    /// This master begins to lead.
    Led,
    /// The process was suspended for `lost` in total since its start.
    StoodStill { lost: Duration },
    /// Time has passed: updates the states of datanodes, drains and removals.
    Tick,
    /// The next slice of a survey is due; answered by [`Effect::Continue`] until the survey is
    /// complete.
    Survey,
    /// The last survey and the time decide on safe mode, drains and events about replication.
    Review { leads: bool },
    /// The leader looks for datanodes that must be recorded in the log.
    NoteMembers,
    /// The leader looks for deletions that were not confirmed.
    CheckDeletions,
    /// The leader gives the orders that follow from the last survey. The same seed gives the same
    /// orders.
    Repair { seed: u64 },
    /// The leader searches a slice of all chunks for garbage; answered by [`Effect::Continue`]
    /// until the end.
    CollectGarbage,
}

/// What the master does after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this order to the datanode, in the reply to its heartbeat.
    Order { node: DatanodeId, order: Order },
    /// Propose this command.
    Propose(Op),
    /// Write this event to the journal.
    Emit(ClusterEvent),
    /// Refuse the message that the event came from.
    Refuse(Refused),
    /// Run the background work now.
    Wake,
    /// Wake the calls that wait for datanodes.
    NodesChanged,
    /// Send the same event again: there is more to do.
    Continue,
}

/// The reason why a message of a datanode, or about one, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("register first: this connection is not the one that this datanode registered on")]
    NotRegistered,
    #[error("too many chunks in one message")]
    TooMany,
    #[error("the chunk report is not in ascending order")]
    Report,
    #[error("{node} has no known replica of chunk {chunk}")]
    NoReplica { node: DatanodeId, chunk: ChunkId },
    #[error(
        "another process uses the identity of {node}: the one at {there} is connected, and this one at {here} is \
         refused; stop one of them, because each datanode needs a credential of its own"
    )]
    InUse { node: DatanodeId, there: SocketAddr, here: SocketAddr },
}

/// A change of the cluster that is reported to operators. The master makes the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterEvent {
    /// A datanode registered for the first time.
    Registered {
        node: DatanodeId,
        address: SocketAddr,
        version: Arc<str>,
    },
    /// A datanode registered again, after `silent` without a message.
    Reregistered {
        node: DatanodeId,
        silent: Duration,
    },
    /// The heartbeats of a datanode arrive in time again.
    HeartbeatRestored {
        node: DatanodeId,
    },
    /// The heartbeats of a datanode are missing.
    HeartbeatMissed {
        node: DatanodeId,
        silent: Duration,
    },
    /// The connection of a datanode has closed.
    ConnectionLost {
        node: DatanodeId,
    },
    /// A datanode was declared dead: its replicas of `chunks` chunks no longer count.
    DeclaredDead {
        node: DatanodeId,
        silent: Duration,
        chunks: u64,
    },
    /// A datanode was declared dead that was drained before: no chunk needs its replicas.
    DrainedDead {
        node: DatanodeId,
        silent: Duration,
    },
    /// A user requested the drain of a datanode with `chunks` chunks.
    DrainRequested {
        node: DatanodeId,
        by: Arc<str>,
        chunks: u64,
    },
    /// A datanode is drained and can be stopped without loss of data.
    Drained {
        node: DatanodeId,
    },
    /// A user put a datanode back in service.
    Resumed {
        node: DatanodeId,
        by: Arc<str>,
    },
    /// A user has removed a datanode.
    Removed {
        node: DatanodeId,
        by: Arc<str>,
    },
    /// A datanode that was removed has registered again, and is in service.
    Rejoined {
        node: DatanodeId,
    },
    /// The full report of a datanode is complete.
    Reported {
        node: DatanodeId,
        chunks: u64,
    },
    /// A second process uses the identity of a datanode.
    IdentityInUse {
        node: DatanodeId,
        there: SocketAddr,
        here: SocketAddr,
    },
    DirectoryFailed {
        node: DatanodeId,
        path: String,
        reason: Option<String>,
    },
    DirectoryNearlyFull {
        node: DatanodeId,
        path: String,
        percent: u64,
    },
    /// A datanode found committed replicas to be corrupt.
    CorruptReplicas {
        node: DatanodeId,
        replicas: u64,
        first: ChunkId,
    },
    /// A verified replica replaced a corrupt one.
    CorruptReplicaReplaced {
        chunk: ChunkId,
    },
    /// A deletion was not confirmed in time.
    DeletionUnconfirmed {
        node: DatanodeId,
        key: ReplicaKey,
    },
    /// A reader reported corrupt bytes, and the datanode will verify the replica.
    VerificationOrdered {
        node: DatanodeId,
        key: ReplicaKey,
    },
    /// The process of this master was suspended; the datanodes have time to report again.
    StoodStill {
        span: Duration,
    },
    /// Safe mode ended because enough chunks were reported.
    SafeModeEnded {
        reported: u64,
        total: u64,
    },
    /// A problem of chunks began, or ended with zero chunks.
    Chunks {
        problem: Problem,
        chunks: u64,
    },
    /// Re-replication is complete, after `replicas` were made.
    RepairFinished {
        replicas: u64,
    },
}

/// A problem of chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// No live replica.
    Missing,
    /// One live replica where more are wanted.
    AtRisk,
    /// More than one, fewer than wanted.
    UnderReplicated,
}
