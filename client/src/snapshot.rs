//! The state of the cluster as a dashboard shows it, updated by deltas of the masters.

use crate::Client;
use bytes::Bytes;
use dfs_rpc::board::{Board, BoardVersion, CopyCount, Event, LogStatus};
use dfs_rpc::curve::Second;
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
    /// The version to request the next [`Board`] with.
    pub version: BoardVersion,
    pub status: ClusterStatus,
    /// In the order of their ids; all ages are as of `status.taken_at`.
    pub nodes: Vec<NodeStatus>,
    /// The number of chunks by replicas wanted and replicas live, in rising order; empty before the
    /// first count.
    pub copies: Vec<CopyCount>,
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
    /// The encoded [`Board`] as received.
    pub board: Bytes,
    /// The board is a whole view; otherwise it is a delta to the previous one.
    pub whole: bool,
}

/// Requests the delta to the view `before` and applies it; requests a whole view if it does not
/// apply.
pub(crate) async fn told(client: &Client, before: Option<&Snapshot>) -> Result<Told> {
    if let Some(before) = before {
        let encoded = client.board(Some(before.version)).await?;
        let board = Board::decode(&encoded)?;
        let (mut next, whole) = (before.clone(), board.since.is_none());
        if next.apply(board).is_ok() {
            return Ok(Told { snapshot: next, board: encoded, whole });
        }
    }
    let encoded = client.board(None).await?;
    Ok(Told { snapshot: Snapshot::from(Board::decode(&encoded)?), board: encoded, whole: true })
}

impl From<Board> for Snapshot {
    /// Treats the board as a whole view; [`Snapshot::apply`] accepts deltas too.
    fn from(board: Board) -> Self {
        let Board { version, since: _, status, copies, log, nodes, gone: _, events, curve } = board;
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
    /// Returns an error if the board is a delta to another view; the snapshot is then unchanged.
    /// Request a whole view in that case.
    pub fn apply(&mut self, board: Board) -> Result<()> {
        let Some(since) = board.since else {
            *self = Self::from(board);
            return Ok(());
        };
        if since != self.version || board.version.epoch != since.epoch || board.version.seq < since.seq {
            let what = "the delta does not apply to this view of the cluster";
            return Err(Error::new(ErrorCode::Internal, what).hint("request the whole view again"));
        }
        let passed = board.status.taken_at.since(self.status.taken_at);
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        for node in &mut self.nodes {
            node.heartbeat_age_ms = node.heartbeat_age_ms.saturating_add(passed_ms);
            node.registered_ms = node.registered_ms.saturating_add(passed_ms);
        }
        let replaced: BTreeSet<DatanodeId> = board.nodes.iter().map(|node| node.id).chain(board.gone).collect();
        self.nodes.retain(|node| !replaced.contains(&node.id));
        self.nodes.extend(board.nodes);
        self.put_in_order();
        (self.version, self.status, self.copies, self.log) = (board.version, board.status, board.copies, board.log);
        self.add_events(board.events);
        self.add_seconds(board.curve);
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
