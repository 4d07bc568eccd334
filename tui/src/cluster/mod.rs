//! The cluster on one screen: health in words first, then how far to trust what follows, figures, and what is wrong.
//!
//! * [`findings`]: everything that keeps the cluster from being well, each with what to do about it.
//! * [`reasons`]: why chunks get no more replicas.
//! * [`screen`]: the text.

mod blocked;
mod drains;
mod findings;
mod screen;
#[cfg(test)]
mod tests;

pub use blocked::{Reason, reason, reasons};
pub use findings::{Finding, Health, SKEW_MAX_MS, Severity, awaited, findings, health};
pub use screen::{room, screen, unfinished};

use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use std::time::Duration;

/// What is known of the cluster.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'p> {
    pub status: &'p ClusterStatus,
    /// All datanodes; empty where they were not asked for.
    pub nodes: &'p [NodeStatus],
    /// Files with chunks that want copies, where that was looked up.
    pub affected: Option<Affected>,
    /// The age of the data.
    pub age: Duration,
    /// The cluster is the local one, which `dfsd` of this machine starts and stops.
    pub local: bool,
}

/// Files with chunks that have fewer live copies than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affected {
    pub files: u64,
    /// There are more: the search ended here.
    pub more: bool,
}

impl Picture<'_> {
    /// The masters wait for the datanodes to report their chunks: how these are is not known yet.
    pub fn reporting(&self) -> bool {
        self.status.awaited().is_some() || self.status.safe_mode.as_ref().is_some_and(|mode| mode.by.is_none())
    }

    /// The datanodes that have not been heard from, the dead ones first.
    pub fn silent(&self) -> Vec<&NodeStatus> {
        let mut silent: Vec<_> = self.nodes.iter().filter(|node| node.state != NodeState::Live).collect();
        silent.sort_by_key(|node| (node.state == NodeState::Stale, node.id));
        silent
    }
}

/// The first names of many, and how many more there are.
pub(crate) fn names<T: std::fmt::Display>(all: &[T]) -> String {
    const SHOWN_MAX: usize = 3;
    let mut text = all.iter().take(SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN_MAX {
        text.push_str(&format!(" and {} more", all.len() - SHOWN_MAX));
    }
    text
}
