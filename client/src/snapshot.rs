//! The state of the cluster as a dashboard shows it, updated by deltas of the masters.

use crate::Client;
use bytes::Bytes;
use dfs_rpc::curve::Second;
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, ViewVersion};
use dfs_rpc::wire::{ClusterStatus, NodeStatus};
use dfs_rpc::{CURVE_SECONDS_MAX, EVENTS_KEPT_MAX};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::{BTreeSet, VecDeque};

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;

/// A whole view of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The version to request the next [`ClusterView`] with.
    pub version: ViewVersion,
    pub status: ClusterStatus,
    /// In the order of their ids; all ages are as of `status.taken_at`.
    pub nodes: Vec<NodeStatus>,
    /// The number of chunks by replicas wanted and replicas live, in rising order; empty before the
    /// first count.
    pub copies: Vec<ReplicaCount>,
    pub log: LogStatus,
    /// The newest events, at most [`EVENTS_KEPT_MAX`], the oldest first. They are those of one
    /// master since its start.
    pub events: VecDeque<Event>,
    /// The activity in the last seconds, at most [`CURVE_SECONDS_MAX`], the oldest first, the last
    /// one at `status.taken_at`. It is that of one master since its start; `None` for a second that
    /// it did not observe.
    pub curve: VecDeque<Option<Second>>,
}

/// The answer of a master about the cluster.
#[derive(Debug, Clone)]
pub struct Told {
    /// The resulting view.
    pub snapshot: Snapshot,
    /// The encoded [`ClusterView`] as received.
    pub view: Bytes,
    /// The view is a whole view; otherwise it is a delta to the previous one.
    pub whole: bool,
}

/// Requests the delta to the view `before` and applies it; requests a whole view if it does not
/// apply.
pub(crate) async fn told(client: &Client, before: Option<&Snapshot>) -> Result<Told> {
    if let Some(before) = before {
        let encoded = client.view(Some(before.version)).await?;
        let view = ClusterView::decode(&encoded)?;
        let (mut next, whole) = (before.clone(), view.since.is_none());
        if next.apply(view).is_ok() {
            return Ok(Told { snapshot: next, view: encoded, whole });
        }
    }
    let encoded = client.view(None).await?;
    Ok(Told { snapshot: Snapshot::from(ClusterView::decode(&encoded)?), view: encoded, whole: true })
}

impl From<ClusterView> for Snapshot {
    /// Treats the view as a whole view; [`Snapshot::apply`] accepts deltas too.
    fn from(view: ClusterView) -> Self {
        let ClusterView { version, since: _, status, copies, log, nodes, gone: _, events, curve } = view;
        let mut snapshot =
            Self { version, status, nodes, copies, log, events: VecDeque::new(), curve: VecDeque::new() };
        snapshot.put_in_order();
        snapshot.add_events(events);
        snapshot.add_seconds(curve);
        snapshot
    }
}

impl Snapshot {
    /// Updates the view. A whole view replaces everything.
    ///
    /// # Errors
    /// Returns an error if the view is a delta to another view; the snapshot is then unchanged.
    /// Request a whole view in that case.
    pub fn apply(&mut self, view: ClusterView) -> Result<()> {
        let Some(since) = view.since else {
            *self = Self::from(view);
            return Ok(());
        };
        if since != self.version || view.version.epoch != since.epoch || view.version.seq < since.seq {
            let what = "the delta does not apply to this view of the cluster";
            return Err(Error::new(ErrorCode::Internal, what).hint("request the whole view again"));
        }
        let passed = view.status.taken_at.since(self.status.taken_at);
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        for node in &mut self.nodes {
            node.heartbeat_age_ms = node.heartbeat_age_ms.saturating_add(passed_ms);
            node.registered_ms = node.registered_ms.saturating_add(passed_ms);
        }
        let replaced: BTreeSet<DatanodeId> = view.nodes.iter().map(|node| node.id).chain(view.gone).collect();
        self.nodes.retain(|node| !replaced.contains(&node.id));
        self.nodes.extend(view.nodes);
        self.put_in_order();
        (self.version, self.status, self.copies, self.log) = (view.version, view.status, view.copies, view.log);
        self.add_events(view.events);
        self.add_seconds(view.curve);
        Ok(())
    }

    fn put_in_order(&mut self) {
        self.nodes.sort_by_key(|node| node.id);
        self.nodes.dedup_by_key(|node| node.id);
    }

    /// Numbers increase; an event that does not continue the sequence is dropped.
    fn add_events(&mut self, events: Vec<Event>) {
        for event in events {
            if self.events.back().is_none_or(|newest| newest.number < event.number) {
                self.events.push_back(event);
            }
        }
        let excess = self.events.len().saturating_sub(EVENTS_KEPT_MAX);
        self.events.drain(..excess);
    }

    fn add_seconds(&mut self, seconds: Vec<Option<Second>>) {
        self.curve.extend(seconds);
        let excess = self.curve.len().saturating_sub(CURVE_SECONDS_MAX);
        self.curve.drain(..excess);
    }
}
