//! The input of the diagnosis.

use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use dfs_types::DatanodeId;
use std::time::Duration;

/// What is known of a cluster at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'o> {
    pub status: &'o ClusterStatus,
    /// All datanodes; empty if they were not asked for.
    pub nodes: &'o [NodeStatus],
    /// The files with under-replicated chunks, if they were counted.
    pub affected: Option<Affected>,
    /// The age of the data.
    pub age: Duration,
    /// The local cluster; none for any other cluster.
    pub local: Option<&'o Local>,
}

/// The files that have chunks with fewer live replicas than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affected {
    pub files: u64,
    /// There are more files: the count ended early.
    pub more: bool,
}

/// The local cluster, which `dfsd` of this machine starts and stops.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Local {
    pub daemons: Vec<LocalDaemon>,
    /// The number of datanodes that can be added and bring room with them.
    pub growth: u16,
}

/// A daemon of the local cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDaemon {
    /// Its id, as in `datanode-2`.
    pub id: String,
    pub process: Process,
}

/// The state of a process on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// It runs, or is starting.
    Running,
    /// It exists and is suspended (SIGSTOP): it runs no instruction until SIGCONT.
    Suspended,
    /// It was stopped on purpose, or was never started.
    Stopped,
    /// It ended unexpectedly.
    Crashed,
}

impl Process {
    /// Returns true if there is no process: `dfsd start` makes one.
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Stopped | Self::Crashed)
    }
}

impl Local {
    /// Returns the command that adds datanodes.
    pub(crate) fn add(&self, more: usize) -> String {
        format!("dfsd up --datanodes {}", self.datanodes().count() + more)
    }

    fn datanodes(&self) -> impl Iterator<Item = &LocalDaemon> {
        self.daemons.iter().filter(|daemon| daemon.id.parse::<DatanodeId>().is_ok())
    }
}

impl Observation<'_> {
    /// Returns true while datanodes are still expected to report their chunks: the figures of the
    /// chunks are incomplete.
    pub fn is_incomplete(&self) -> bool {
        self.status.awaited().is_some() || self.status.safe_mode.as_ref().is_some_and(|mode| mode.by.is_none())
    }

    /// Returns the datanodes that are not live, the dead ones first.
    pub fn silent(&self) -> Vec<&NodeStatus> {
        let mut silent: Vec<_> = self.nodes.iter().filter(|node| node.state != NodeState::Live).collect();
        silent.sort_by_key(|node| (node.state == NodeState::Stale, node.id));
        silent
    }

    /// Returns the state of the process of a datanode of the local cluster.
    pub(crate) fn process(&self, node: DatanodeId) -> Option<Process> {
        let id = node.to_string();
        self.local?.daemons.iter().find(|daemon| daemon.id == id).map(|daemon| daemon.process)
    }

    /// Returns the number of datanodes of the local cluster that have no process. Those that were
    /// drained are not missed.
    pub(crate) fn gone_datanodes(&self) -> usize {
        let is_drained = |id: &str| self.nodes.iter().any(|node| node.is_drained() && node.id.to_string() == id);
        let is_missed = |daemon: &&LocalDaemon| daemon.process.is_gone() && !is_drained(&daemon.id);
        self.local.map_or(0, |local| local.datanodes().filter(is_missed).count())
    }
}
