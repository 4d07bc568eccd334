//! `nodes`: the datanodes.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Blocked;
use clap::Args;
use dfs_client::NodeStatus;
use dfs_term::{Report, View};
use dfs_tui::nodes;
use dfs_types::Result;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Arguments of `nodes`.
#[derive(Debug, Args)]
pub(super) struct Nodes {
    /// Show data directories, traffic and versions.
    #[arg(short)]
    verbose: bool,
}

impl Verb for Nodes {
    const NAME: &'static str = "nodes";
    const ABOUT: &'static str = "List the datanodes";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("nodes", "state and fill level"), ("nodes -v", "with data directories")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    const JSON: Json = Json::of::<Vec<Node>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let nodes = context.call(client.nodes()).await?;
        context.show(&Found { nodes: &nodes, verbose: self.verbose })
    }
}

struct Found<'n> {
    nodes: &'n [NodeStatus],
    verbose: bool,
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.nodes.iter().map(Node::of))
    }
}

impl Report for Found<'_> {
    fn text(&self, view: &View) -> String {
        nodes::table(self.nodes, self.verbose, view)
    }
}

/// A datanode.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Node {
    /// As in `datanode-2`.
    id: String,
    address: String,
    /// `live`, `stale` or `dead`.
    state: String,
    /// Milliseconds since its last heartbeat.
    heartbeat_age_ms: u64,
    /// Milliseconds since it registered.
    registered_ms: u64,
    /// The difference of its clock from the master's, in milliseconds; positive if it is ahead.
    clock_skew_ms: i64,
    /// Its clock is so far ahead that it gets no new chunks.
    clock_ahead: bool,
    /// Replicas on it.
    chunks: u64,
    /// Replicas whose chunk has fewer live replicas than wanted, at the last count of all chunks.
    under_replicated: u64,
    /// Replicas that are the only live one of a chunk that should have more.
    last_replica: u64,
    /// Sums over its data directories, in bytes.
    capacity: u64,
    used: u64,
    free: u64,
    directories: Vec<Directory>,
    reads_in_flight: u32,
    writes_in_flight: u32,
    /// Since the start of the datanode.
    bytes_read: u64,
    bytes_written: u64,
    disk_errors: u64,
    version: String,
    /// The requested state: `in_service`, `draining` or `removed`.
    admin_state: String,
    /// While it drains: replicas whose chunk has fewer replicas elsewhere than wanted; null before
    /// they were counted.
    left: Option<u64>,
    /// It is drained, and can be stopped without data loss.
    drained: bool,
    /// While it drains: those replicas by the reason why their chunks are not re-replicated.
    blocked: Blocked,
}

/// A data directory of a datanode. Sizes are in bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Directory {
    path: String,
    capacity: u64,
    used: u64,
    free: u64,
    /// Its disk has failed; it is out of service.
    failed: bool,
    /// Why it has failed; null while it works.
    reason: Option<String>,
    /// An id of the disk, equal for all directories on it; null where it is not known. Free space
    /// there is counted once.
    disk: Option<String>,
}

impl Node {
    /// Converts the status from the masters.
    pub(super) fn of(node: &NodeStatus) -> Self {
        let load = &node.load;
        let directories = load.directories.iter().map(|directory| Directory {
            path: directory.path.clone(),
            capacity: directory.capacity,
            used: directory.used,
            free: directory.free,
            failed: directory.failed,
            reason: directory.reason.clone(),
            disk: (directory.disk != 0).then(|| format!("{:016x}", directory.disk)),
        });
        Self {
            id: node.id.to_string(),
            address: node.address.to_string(),
            state: nodes::word(node.state).to_owned(),
            heartbeat_age_ms: node.heartbeat_age_ms,
            registered_ms: node.registered_ms,
            clock_skew_ms: node.skew_ms,
            clock_ahead: node.ahead,
            chunks: node.chunks,
            under_replicated: node.under_replicated,
            last_replica: node.last_replica,
            capacity: load.capacity(),
            used: load.used(),
            free: load.free(),
            directories: directories.collect(),
            reads_in_flight: load.reads_in_flight,
            writes_in_flight: load.writes_in_flight,
            bytes_read: load.bytes_read,
            bytes_written: load.bytes_written,
            disk_errors: load.disk_errors,
            version: node.version.clone(),
            admin_state: node.admin_state.to_string(),
            left: node.left,
            drained: node.is_drained(),
            blocked: Blocked::of(&node.blocked),
        }
    }
}
