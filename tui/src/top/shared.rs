//! The state that all views read: what is observed of the cluster, how it is shown, and the
//! commands that were run.

use crate::top::history::History;
use crate::top::message::CommandState;
use crate::top::observation::{Link, Moment, Observed};
use crate::top::playback::Playback;
use crate::top::theme::Theme;
use dfs_client::{NodeStatus, Snapshot};
use dfs_diagnosis::{Finding, Health, LocalDaemon, Observation, findings, health, unreachable};
use dfs_rpc::curve::Rates;
use dfs_term::meter::Meter;
use dfs_types::DatanodeId;
use jiff::tz::{Offset, TimeZone};
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Pictures are asked for this often, unless it was set otherwise.
pub const REFRESH_MS: u64 = 1000;
/// Rates of refresh to choose from.
pub const REFRESHES_MS: [u64; 5] = [250, 500, 1000, 2000, 5000];
/// Commands that are remembered.
pub const COMMANDS_KEPT_MAX: usize = 100;
/// A picture this much older than it should be is old.
const OLD_AFTER_MS: u64 = 3000;

/// The state that all views read.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    pub now: Moment,
    /// The picture that is shown; frozen, it stays.
    pub snapshot: Option<Arc<Snapshot>>,
    /// When it was asked for, in milliseconds of our clock: what took long to come may be as old.
    pub asked_ms: u64,
    /// What is wrong in it, worst first.
    pub findings: Vec<Finding>,
    pub history: History,
    pub link: Link,
    pub theme: Theme,
    pub read_only: bool,
    /// The daemons of the local cluster; none for any other cluster.
    pub local: Option<Vec<LocalDaemon>>,
    /// How far people's clocks are ahead of UTC, in seconds.
    pub zone_s: i32,
    /// Pictures that come are not shown.
    pub frozen: bool,
    pub refresh_ms: u64,
    /// The mouse is ours; without it the terminal selects text.
    pub mouse: bool,
    /// The window.
    pub area: Rect,
    /// What was run from here, the oldest first.
    pub commands: VecDeque<CommandLine>,
    /// What comes is recorded.
    pub recorded: bool,
    /// What is shown is a recording, played so; `now` is the time in it.
    pub replay: Option<Playback>,
}

/// A command that was run from the dashboard.
#[derive(Debug, Clone)]
pub struct CommandLine {
    pub number: u64,
    /// As the shell would take it.
    pub line: String,
    pub state: CommandState,
    /// How fast its bytes move.
    pub meter: Meter,
    /// When it began and ended, in milliseconds of our clock.
    pub began_ms: u64,
    pub ended_ms: Option<u64>,
    /// Somebody has looked at what it said.
    pub read: bool,
}

impl Shared {
    /// Returns the cluster as of the last snapshot.
    pub fn observation(&self) -> Option<Observation<'_>> {
        let snapshot = self.snapshot.as_deref()?;
        let age = Duration::from_millis(self.age_ms());
        let local = self.local.as_deref();
        Some(Observation { status: &snapshot.status, nodes: &snapshot.nodes, affected: None, age, local })
    }

    /// Returns the health of the cluster; critical while no master answers.
    pub fn health(&self) -> Health {
        health(&self.findings)
    }

    /// Returns the reason why nothing can be changed from here, in a word; none where it can.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.replay {
            Some(_) => Some("a recording"),
            None => self.read_only.then_some("read-only"),
        }
    }

    /// Takes over what is observed at another moment.
    pub fn seek(&mut self, observation: Observed) {
        let Observed { now, snapshot, asked_ms, findings, history, link } = observation;
        (self.now, self.snapshot, self.asked_ms, self.findings) = (now, snapshot, asked_ms, findings);
        (self.history, self.link) = (history, link);
    }

    /// Returns what is observed now, without how it is shown.
    pub fn into_observed(self) -> Observed {
        let Shared { now, snapshot, asked_ms, findings, history, link, .. } = self;
        Observed { now, snapshot, asked_ms, findings, history, link }
    }

    /// Computes what depends on the snapshot and the link.
    pub fn look(&mut self) {
        let lost = match &self.link {
            Link::Lost { error, .. } => Some(unreachable(&error.message, self.local.as_deref())),
            Link::Waiting | Link::Live => None,
        };
        let known = self.observation().map(|seen| findings(&seen)).unwrap_or_default();
        self.findings = lost.into_iter().chain(known).collect();
    }

    /// Returns the age of the picture in milliseconds, at most.
    pub fn age_ms(&self) -> u64 {
        self.now.elapsed_ms.saturating_sub(self.asked_ms)
    }

    /// Returns whether the picture is older than it should be.
    pub fn is_old(&self) -> bool {
        // How often a recording asked may have changed while it was made.
        let [.., slowest] = REFRESHES_MS;
        let every_ms = if self.replay.is_some() { slowest } else { self.refresh_ms };
        self.frozen || matches!(self.link, Link::Lost { .. }) || self.age_ms() > every_ms + OLD_AFTER_MS
    }

    pub fn nodes(&self) -> &[NodeStatus] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.nodes)
    }

    pub fn node(&self, id: DatanodeId) -> Option<&NodeStatus> {
        let nodes = self.nodes();
        nodes.binary_search_by_key(&id, |node| node.id).ok().and_then(|at| nodes.get(at))
    }

    /// Returns the time zone that times are shown in.
    pub fn zone(&self) -> TimeZone {
        Offset::from_seconds(self.zone_s).map_or(TimeZone::UTC, TimeZone::fixed)
    }

    /// Returns how long ago a datanode was heard from: the age of its heartbeat in the picture, and
    /// that of the picture.
    pub fn heard_ms(&self, node: &NodeStatus) -> u64 {
        node.heartbeat_age_ms.saturating_add(self.age_ms())
    }
    /// Returns what a datanode does per second; none where that is not known.
    pub fn rates(&self, node: &NodeStatus) -> Option<Rates> {
        self.history.node(node.id)?.rates()
    }
}
