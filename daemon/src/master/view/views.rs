//! The newest view of the cluster, and the changes since earlier views (deltas).
//!
//! For each datanode, the values last shown ([`Mark`]: a few numbers) and the first view that
//! showed them are kept. So a client with any earlier view of this master receives a delta, and no
//! state is kept per client.

use crate::master::convert::node_status;
use bytes::Bytes;
use dfs_logic::cluster::{ClusterSnapshot, NodeSnapshot};
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::Blocked;
use dfs_rpc::curve::Second;
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, ViewVersion};
use dfs_rpc::wire::{ClusterStatus, NodeStatus};
use dfs_rpc::{CONTROL_BYTES_MAX, CURVE_SECONDS_MAX, EVENTS_KEPT_MAX};
use dfs_types::{AdminState, DatanodeId, Error, ErrorCode, Result, Timestamp};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The minimum age of a view before the next one is made.
const VIEW_AGE_MIN: Duration = Duration::from_millis(500);
/// From this many datanodes on, a view is kept for longer: a little less than the second after
/// which dashboards ask again, so that all of them have the same view, and its delta is encoded
/// once.
const DATANODES_MANY: usize = 1_000;
const LARGE_VIEW_AGE_MIN: Duration = Duration::from_millis(900);
/// The maximum number of encoded answers kept, one per earlier view.
const ANSWERS_MAX: usize = 8;
/// The maximum number of removed datanodes kept for deltas; clients with an older view get a full
/// one.
const GONE_MAX: usize = 1_024;
/// The maximum size of a message around the view.
const ENVELOPE_BYTES_MAX: usize = 1_024;

/// The input of a new view.
#[derive(Debug)]
pub struct ViewInput {
    pub status: ClusterStatus,
    pub log: LogStatus,
    pub snapshot: ClusterSnapshot,
    /// The events after [`ClusterViews::newest_event`].
    pub events: Vec<Event>,
    /// The seconds after [`ClusterViews::newest_second`], with their numbers.
    pub curve: Vec<(u64, Option<Second>)>,
}

/// The views of one master.
#[derive(Debug)]
pub struct ClusterViews {
    epoch: u64,
    /// The number of the newest view; zero before the first.
    seq: u64,
    newest: Option<CurrentView>,
    /// Sorted by id, in step with the datanodes of the newest view; each with the first view that
    /// showed this mark.
    marks: Vec<(DatanodeId, Mark, u64)>,
    /// The removed datanodes, each with the first view without it.
    gone: VecDeque<(u64, DatanodeId)>,
    /// Removed datanodes up to this view are no longer complete in `gone`.
    gone_forgotten: u64,
    /// The events, each with the first view that showed it.
    events: VecDeque<(u64, Event)>,
    /// The seconds of the curve, each with the first view that showed it.
    curve: VecDeque<(u64, Option<Second>)>,
    /// The number of the newest second in `curve`.
    newest_second: u64,
    /// Encoded answers of the newest view, by the earlier view that they build on.
    answers: VecDeque<(Option<u64>, Bytes)>,
}

/// The newest view, without its events and its curve.
#[derive(Debug)]
struct CurrentView {
    status: ClusterStatus,
    log: LogStatus,
    copies: Vec<ReplicaCount>,
    snapshot: ClusterSnapshot,
}

/// The values that determine, together with the time, everything that is shown of a datanode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    report_seq: u64,
    state: NodeState,
    chunks: u64,
    under_replicated: u64,
    last_replica: u64,
    admin_state: AdminState,
    left: Option<u64>,
    blocked: Blocked,
}

impl Mark {
    fn of(node: &NodeSnapshot) -> Self {
        let NodeSnapshot {
            report_seq, state, chunks, under_replicated, last_replica, admin_state, left, blocked, ..
        } = *node;
        Self { report_seq, state, chunks, under_replicated, last_replica, admin_state, left, blocked }
    }
}

impl ClusterViews {
    /// Makes an empty set of views; `epoch` differs at each start.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch,
            seq: 0,
            newest: None,
            marks: Vec::new(),
            gone: VecDeque::new(),
            gone_forgotten: 0,
            events: VecDeque::new(),
            curve: VecDeque::new(),
            newest_second: 0,
            answers: VecDeque::new(),
        }
    }

    /// Returns true if a new view should be made.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.newest.as_ref().is_none_or(|newest| {
            let many = newest.snapshot.nodes.len() >= DATANODES_MANY;
            now.since(newest.snapshot.now) >= if many { LARGE_VIEW_AGE_MIN } else { VIEW_AGE_MIN }
        })
    }

    /// Returns the number of the newest event that is shown.
    pub fn newest_event(&self) -> u64 {
        self.events.back().map_or(0, |(_, event)| event.number)
    }

    /// Returns the number of the newest second that is shown.
    pub fn newest_second(&self) -> u64 {
        self.newest_second
    }

    /// Makes the next view from `news`.
    pub fn take(&mut self, news: ViewInput) {
        let ViewInput { status, log, snapshot, events, curve } = news;
        self.seq += 1;
        self.answers.clear();
        self.note_nodes(&snapshot.nodes);
        self.events.extend(events.into_iter().map(|event| (self.seq, event)));
        let excess = self.events.len().saturating_sub(EVENTS_KEPT_MAX);
        self.events.drain(..excess);
        self.newest_second = curve.last().map_or(self.newest_second, |(number, _)| *number);
        self.curve.extend(curve.into_iter().map(|(_, second)| (self.seq, second)));
        let excess = self.curve.len().saturating_sub(CURVE_SECONDS_MAX);
        self.curve.drain(..excess);
        let copies =
            snapshot.counts.copies().map(|(wanted, live, chunks)| ReplicaCount { wanted, live, chunks }).collect();
        self.newest = Some(CurrentView { status, log, copies, snapshot });
    }

    fn note_nodes(&mut self, nodes: &[NodeSnapshot]) {
        let mut before = std::mem::take(&mut self.marks).into_iter().peekable();
        let mut marks = Vec::with_capacity(nodes.len());
        // Both are sorted by id.
        for node in nodes {
            while let Some((id, ..)) = before.next_if(|(id, ..)| *id < node.id) {
                self.gone.push_back((self.seq, id));
            }
            let mark = Mark::of(node);
            let same = before.next_if(|(id, ..)| *id == node.id).filter(|(_, old, _)| *old == mark);
            marks.push((node.id, mark, same.map_or(self.seq, |(.., since)| since)));
        }
        self.gone.extend(before.map(|(id, ..)| (self.seq, id)));
        let excess = self.gone.len().saturating_sub(GONE_MAX);
        if let Some((seq, _)) = self.gone.drain(..excess).next_back() {
            self.gone_forgotten = seq;
        }
        self.marks = marks;
    }

    /// Returns the newest view, encoded, for a client that has the view of version `since`.
    ///
    /// # Errors
    /// `internal` if it does not fit in a message, or if there is no view yet.
    pub fn answer(&mut self, since: Option<ViewVersion>) -> Result<Bytes> {
        let since = since.filter(|since| since.epoch == self.epoch).map(|since| since.seq);
        let since = since.filter(|seq| (self.gone_forgotten.max(1)..=self.seq).contains(seq));
        if let Some((_, encoded)) = self.answers.iter().find(|(of, _)| *of == since) {
            return Ok(encoded.clone());
        }
        let failed = |what: String| Error::new(ErrorCode::Internal, what);
        let view = self.view(since).ok_or_else(|| failed("there is no view of the cluster yet".to_owned()))?;
        let encoded = view.encode()?;
        if encoded.len() > CONTROL_BYTES_MAX - ENVELOPE_BYTES_MAX {
            let bytes = encoded.len();
            return Err(failed(format!("the view of the cluster has {bytes} bytes and does not fit in a message")));
        }
        if self.answers.len() >= ANSWERS_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back((since, encoded.clone()));
        Ok(encoded)
    }

    /// Returns the changes since the view numbered `since`; without a number, the full view.
    fn view(&self, since: Option<u64>) -> Option<ClusterView> {
        let CurrentView { status, log, copies, snapshot } = self.newest.as_ref()?;
        let newer = |seq: u64| since.is_none_or(|since| seq > since);
        let changed = snapshot.nodes.iter().zip(&self.marks).filter(|(_, (.., seq))| newer(*seq));
        // A datanode that has registered again is shown, and must not be listed as removed.
        let shown = |id: &DatanodeId| self.marks.binary_search_by_key(id, |(id, ..)| *id).is_ok();
        let gone = |id: &DatanodeId| since.is_some() && !shown(id);
        let gone: BTreeSet<_> =
            self.gone.iter().filter(|(seq, id)| newer(*seq) && gone(id)).map(|(_, id)| *id).collect();
        Some(ClusterView {
            version: ViewVersion { epoch: self.epoch, seq: self.seq },
            since: since.map(|seq| ViewVersion { epoch: self.epoch, seq }),
            status: status.clone(),
            copies: copies.clone(),
            log: *log,
            nodes: changed.map(|(node, _)| shown_status(node, snapshot.now)).collect(),
            gone: gone.into_iter().collect(),
            events: self.events.iter().filter(|(seq, _)| newer(*seq)).map(|(_, event)| event.clone()).collect(),
            curve: self.curve.iter().filter(|(seq, _)| newer(*seq)).map(|(_, second)| *second).collect(),
        })
    }
}

/// Returns the status of a datanode as dashboards receive it, without the disks of its data
/// directories and their free space: these are in the space of the cluster already, and would be a
/// third of the answer.
fn shown_status(node: &NodeSnapshot, now: Timestamp) -> NodeStatus {
    let mut status = node_status(node, now);
    for directory in &mut status.load.directories {
        (directory.disk, directory.disk_free) = (0, 0);
    }
    status
}
