//! The state that all views read: the observed cluster, the display settings, and the commands that
//! were run.

use crate::top::history::History;
use crate::top::message::CommandState;
use crate::top::observation::{Link, Moment, Observed};
use crate::top::playback::Playback;
use crate::top::theme::Theme;
use dfs_client::{NodeStatus, Snapshot};
use dfs_diagnosis::{Finding, Health, Local, Observation, findings, health, unreachable};
use dfs_rpc::curve::Rates;
use dfs_term::meter::Meter;
use dfs_types::DatanodeId;
use jiff::tz::{Offset, TimeZone};
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The default interval between requests for snapshots.
pub const REFRESH_MS: u64 = 1000;
/// The refresh intervals to choose from.
pub const REFRESHES_MS: [u64; 5] = [250, 500, 1000, 2000, 5000];
/// The maximum number of commands that are kept.
pub const COMMANDS_KEPT_MAX: usize = 100;
/// A snapshot counts as old if its age exceeds the refresh interval by this much.
const OLD_AFTER_MS: u64 = 3000;

/// The state that all views read.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    pub now: Moment,
    /// The displayed snapshot; it does not change while frozen.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The time of its request, in milliseconds of the dashboard's clock; a slow response may be as
    /// old as that.
    pub asked_ms: u64,
    /// The findings in the snapshot, worst first.
    pub findings: Vec<Finding>,
    pub history: History,
    pub link: Link,
    pub theme: Theme,
    pub read_only: bool,
    /// The daemons of the local cluster; `None` for any other cluster.
    pub local: Option<Local>,
    /// The name of the cluster, if it has one.
    pub context: Option<String>,
    /// The offset of local time from UTC, in seconds.
    pub zone_s: i32,
    /// True if new snapshots are not shown.
    pub frozen: bool,
    pub refresh_ms: u64,
    /// True if mouse events are handled; otherwise the terminal selects text.
    pub mouse: bool,
    /// The window.
    pub area: Rect,
    /// The commands that were run from the dashboard, oldest first.
    pub commands: VecDeque<CommandLine>,
    /// True if snapshots are being recorded.
    pub recorded: bool,
    /// The playback, if a recording is shown; `now` is the time in it.
    pub replay: Option<Playback>,
}

/// A command that was run from the dashboard.
#[derive(Debug, Clone)]
pub struct CommandLine {
    pub number: u64,
    /// The line in the syntax of the shell.
    pub line: String,
    pub state: CommandState,
    /// Measures the transfer rate.
    pub meter: Meter,
    /// The start and the end of the command, in milliseconds of the dashboard's clock.
    pub began_ms: u64,
    pub ended_ms: Option<u64>,
    /// True if the output was shown to the user.
    pub read: bool,
}

impl Shared {
    /// Returns the cluster as of the last snapshot.
    pub fn observation(&self) -> Option<Observation<'_>> {
        let snapshot = self.snapshot.as_deref()?;
        let age = Duration::from_millis(self.age_ms());
        let local = self.local.as_ref();
        Some(Observation { status: &snapshot.status, nodes: &snapshot.nodes, affected: None, age, local })
    }

    /// Returns the health of the cluster; critical while no master answers.
    pub fn health(&self) -> Health {
        health(&self.findings)
    }

    /// Returns the reason why changes are not possible, in a word; `None` if they are.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.replay {
            Some(_) => Some("a recording"),
            None => self.read_only.then_some("read-only"),
        }
    }

    /// Replaces the observed state with that of another moment.
    pub fn seek(&mut self, observation: Observed) {
        let Observed { now, snapshot, asked_ms, findings, history, link } = observation;
        (self.now, self.snapshot, self.asked_ms, self.findings) = (now, snapshot, asked_ms, findings);
        (self.history, self.link) = (history, link);
    }

    /// Returns the observed state, without the display settings.
    pub fn into_observed(self) -> Observed {
        let Shared { now, snapshot, asked_ms, findings, history, link, .. } = self;
        Observed { now, snapshot, asked_ms, findings, history, link }
    }

    /// Computes what depends on the snapshot and the link.
    pub fn look(&mut self) {
        let lost = match &self.link {
            Link::Lost { error, .. } => Some(unreachable(&error.message, self.local.as_ref())),
            Link::Waiting | Link::Live => None,
        };
        let known = self.observation().map(|seen| findings(&seen)).unwrap_or_default();
        self.findings = lost.into_iter().chain(known).collect();
    }

    /// Returns the maximum age of the snapshot in milliseconds.
    pub fn age_ms(&self) -> u64 {
        self.now.elapsed_ms.saturating_sub(self.asked_ms)
    }

    /// Returns true if the snapshot is older than expected.
    pub fn is_old(&self) -> bool {
        // The refresh interval of the recording dashboard is not known, so the slowest one is
        // assumed.
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

    /// Returns the time zone for displayed times.
    pub fn zone(&self) -> TimeZone {
        Offset::from_seconds(self.zone_s).map_or(TimeZone::UTC, TimeZone::fixed)
    }

    /// Returns the time since the last heartbeat of a datanode: its age in the snapshot plus the
    /// age of the snapshot.
    pub fn heartbeat_age_ms(&self, node: &NodeStatus) -> u64 {
        node.heartbeat_age_ms.saturating_add(self.age_ms())
    }
    /// Returns the rates of a datanode per second; `None` if they are not known.
    pub fn rates(&self, node: &NodeStatus) -> Option<Rates> {
        self.history.node(node.id)?.rates()
    }
}
