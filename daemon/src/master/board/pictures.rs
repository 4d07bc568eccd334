//! The newest picture, and what of it is new since an earlier one.
//!
//! For each datanode it is remembered what was shown ([`Mark`]: a few numbers) and which picture was the first to show that.
//! So whoever has any earlier picture of this master is told what has changed since, and nothing is kept for each of them.

use crate::master::convert::node_status;
use bytes::Bytes;
use dfs_logic::cluster::{ClusterSnapshot, NodeSnapshot};
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::Blocked;
use dfs_rpc::board::{Board, BoardVersion, CopyCount, Event, LogStatus};
use dfs_rpc::curve::Second;
use dfs_rpc::wire::{ClusterStatus, NodeStatus};
use dfs_rpc::{CONTROL_BYTES_MAX, CURVE_SECONDS_MAX, EVENTS_KEPT_MAX};
use dfs_types::{DatanodeId, Duty, Error, ErrorCode, Result, Timestamp};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// A picture is shown for this long before another one is made.
const PICTURE_AGE_MIN: Duration = Duration::from_millis(500);
/// Of so many datanodes and more it is shown for longer: a little less than the second after which dashboards ask again, so
/// that all of them have the same one, and what is new since then is encoded once.
const DATANODES_MANY: usize = 1_000;
const LARGE_PICTURE_AGE_MIN: Duration = Duration::from_millis(900);
/// Encoded answers that are kept, each for all who have the same earlier picture.
const ANSWERS_MAX: usize = 8;
/// Datanodes that are no more and that are still told of. Whoever has a picture from before that is sent everything.
const GONE_MAX: usize = 1_024;
/// What a message holds besides the picture.
const ENVELOPE_BYTES_MAX: usize = 1_024;

/// What a new picture is made of.
#[derive(Debug)]
pub struct News {
    pub status: ClusterStatus,
    pub log: LogStatus,
    pub snapshot: ClusterSnapshot,
    /// Those behind [`Boards::newest_event`].
    pub events: Vec<Event>,
    /// Those behind [`Boards::newest_second`], with their numbers.
    pub curve: Vec<(u64, Option<Second>)>,
}

/// The pictures of one master.
#[derive(Debug)]
pub struct Boards {
    epoch: u64,
    /// Of the newest picture; zero before the first.
    seq: u64,
    newest: Option<Picture>,
    /// In the order of the ids, as the datanodes of the newest picture.
    marks: Vec<(DatanodeId, Mark, u64)>,
    /// With the picture from which on they were no more.
    gone: VecDeque<(u64, DatanodeId)>,
    /// What was gone by this picture is not known in full any more.
    gone_forgotten: u64,
    /// With the picture that showed them first.
    events: VecDeque<(u64, Event)>,
    /// With the picture that showed them first.
    curve: VecDeque<(u64, Option<Second>)>,
    /// The number of the last of them.
    newest_second: u64,
    /// Of the newest picture, by the picture that they build on.
    answers: VecDeque<(Option<u64>, Bytes)>,
}

/// The newest picture, without its events and its curve.
#[derive(Debug)]
struct Picture {
    status: ClusterStatus,
    log: LogStatus,
    copies: Vec<CopyCount>,
    snapshot: ClusterSnapshot,
}

/// All that a datanode shows depends on these, and on the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    report_seq: u64,
    state: NodeState,
    chunks: u64,
    short: u64,
    sole: u64,
    duty: Duty,
    left: Option<u64>,
    blocked: Blocked,
}

impl Mark {
    fn of(node: &NodeSnapshot) -> Self {
        let NodeSnapshot { report_seq, state, chunks, short, sole, duty, left, blocked, .. } = *node;
        Self { report_seq, state, chunks, short, sole, duty, left, blocked }
    }
}

impl Boards {
    /// `epoch` is another one at each start.
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

    /// Whether another picture should be made.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.newest.as_ref().is_none_or(|newest| {
            let many = newest.snapshot.nodes.len() >= DATANODES_MANY;
            now.since(newest.snapshot.now) >= if many { LARGE_PICTURE_AGE_MIN } else { PICTURE_AGE_MIN }
        })
    }

    /// The number of the newest event that is shown.
    pub fn newest_event(&self) -> u64 {
        self.events.back().map_or(0, |(_, event)| event.number)
    }

    /// The number of the newest second that is shown.
    pub fn newest_second(&self) -> u64 {
        self.newest_second
    }

    /// Takes the next picture.
    pub fn take(&mut self, news: News) {
        let News { status, log, snapshot, events, curve } = news;
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
            snapshot.counts.copies().map(|(wanted, live, chunks)| CopyCount { wanted, live, chunks }).collect();
        self.newest = Some(Picture { status, log, copies, snapshot });
    }

    fn note_nodes(&mut self, nodes: &[NodeSnapshot]) {
        let mut before = std::mem::take(&mut self.marks).into_iter().peekable();
        let mut marks = Vec::with_capacity(nodes.len());
        // Both stand in the order of their ids.
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

    /// The newest picture, encoded, for somebody who has the one of version `since`.
    ///
    /// # Errors
    /// `internal` when it does not fit a message, or none was taken yet.
    pub fn answer(&mut self, since: Option<BoardVersion>) -> Result<Bytes> {
        let since = since.filter(|since| since.epoch == self.epoch).map(|since| since.seq);
        let since = since.filter(|seq| (self.gone_forgotten.max(1)..=self.seq).contains(seq));
        if let Some((_, encoded)) = self.answers.iter().find(|(of, _)| *of == since) {
            return Ok(encoded.clone());
        }
        let failed = |what: String| Error::new(ErrorCode::Internal, what);
        let board = self.board(since).ok_or_else(|| failed("there is no picture of the cluster yet".to_owned()))?;
        let encoded = board.encode()?;
        if encoded.len() > CONTROL_BYTES_MAX - ENVELOPE_BYTES_MAX {
            let bytes = encoded.len();
            return Err(failed(format!("the picture of the cluster has {bytes} bytes and does not fit a message")));
        }
        if self.answers.len() >= ANSWERS_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back((since, encoded.clone()));
        Ok(encoded)
    }

    /// What is new since the picture with this number; with none, everything.
    fn board(&self, since: Option<u64>) -> Option<Board> {
        let Picture { status, log, copies, snapshot } = self.newest.as_ref()?;
        let newer = |seq: u64| since.is_none_or(|since| seq > since);
        let changed = snapshot.nodes.iter().zip(&self.marks).filter(|(_, (.., seq))| newer(*seq));
        // Who came back is among the datanodes, and must not be taken for gone.
        let shown = |id: &DatanodeId| self.marks.binary_search_by_key(id, |(id, ..)| *id).is_ok();
        let gone = |id: &DatanodeId| since.is_some() && !shown(id);
        let gone: BTreeSet<_> =
            self.gone.iter().filter(|(seq, id)| newer(*seq) && gone(id)).map(|(_, id)| *id).collect();
        Some(Board {
            version: BoardVersion { epoch: self.epoch, seq: self.seq },
            since: since.map(|seq| BoardVersion { epoch: self.epoch, seq }),
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

/// A datanode as dashboards are shown it. Which disks its directories are on, and what those have left, has gone into the space of
/// the cluster; it would be a third of an answer.
fn shown_status(node: &NodeSnapshot, now: Timestamp) -> NodeStatus {
    let mut status = node_status(node, now);
    for directory in &mut status.load.directories {
        (directory.disk, directory.disk_free) = (0, 0);
    }
    status
}
