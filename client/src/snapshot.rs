//! What a dashboard knows of the cluster, kept up to date by what the masters say is new.

use dfs_rpc::EVENTS_KEPT_MAX;
use dfs_rpc::board::{Board, BoardVersion, CopyCount, Event, LogStatus};
use dfs_rpc::client::{ClusterStatus, NodeStatus};
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::collections::{BTreeSet, VecDeque};

/// A whole picture of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What to ask for the next [`Board`] with.
    pub version: BoardVersion,
    pub status: ClusterStatus,
    /// In the order of their ids; all ages are those at `status.taken_at`.
    pub nodes: Vec<NodeStatus>,
    /// Chunks by copies wanted and copies live, in rising order; empty before the first count.
    pub copies: Vec<CopyCount>,
    pub log: LogStatus,
    /// The newest ones, at most [`EVENTS_KEPT_MAX`], the oldest first. They are of one master since its start.
    pub events: VecDeque<Event>,
}

impl From<Board> for Snapshot {
    /// Takes the board for a whole one; [`Snapshot::apply`] is for those that may build on another.
    fn from(board: Board) -> Self {
        let Board { version, since: _, status, copies, log, mut nodes, gone: _, events } = board;
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        let mut snapshot = Self { version, status, nodes, copies, log, events: events.into() };
        snapshot.keep_newest_events();
        snapshot
    }
}

impl Snapshot {
    /// Brings the picture up to date. A whole board replaces everything.
    ///
    /// # Errors
    /// When the board builds on another picture than this one, which then stays as it is: ask for a whole one.
    pub fn apply(&mut self, board: Board) -> Result<()> {
        let Some(since) = board.since else {
            *self = Self::from(board);
            return Ok(());
        };
        if since != self.version || board.version.epoch != since.epoch || board.version.seq < since.seq {
            let what = "the news of the cluster does not follow what is known of it";
            return Err(Error::new(ErrorCode::Internal, what).hint("ask for everything anew"));
        }
        let passed_ms =
            u64::try_from(board.status.taken_at.since(self.status.taken_at).as_millis()).unwrap_or(u64::MAX);
        for node in &mut self.nodes {
            node.heartbeat_age_ms = node.heartbeat_age_ms.saturating_add(passed_ms);
            node.registered_ms = node.registered_ms.saturating_add(passed_ms);
        }
        let replaced: BTreeSet<DatanodeId> = board.nodes.iter().map(|node| node.id).chain(board.gone).collect();
        self.nodes.retain(|node| !replaced.contains(&node.id));
        self.nodes.extend(board.nodes);
        self.nodes.sort_by_key(|node| node.id);
        self.nodes.dedup_by_key(|node| node.id);
        (self.version, self.status, self.copies, self.log) = (board.version, board.status, board.copies, board.log);
        let newest = self.events.back().map(|event| event.number);
        self.events.extend(board.events.into_iter().filter(|event| Some(event.number) > newest));
        self.keep_newest_events();
        Ok(())
    }

    fn keep_newest_events(&mut self) {
        let excess = self.events.len().saturating_sub(EVENTS_KEPT_MAX);
        self.events.drain(..excess);
    }
}
