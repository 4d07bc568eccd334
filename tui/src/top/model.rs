//! All that the dashboard knows.

use crate::top::history::History;
use crate::top::message::{CommandState, Moment, Preferences};
use crate::top::page::{Naming, Page, Question};
use crate::top::pages::Pages;
use crate::top::replay::Playback;
use crate::top::theme::Theme;
use crate::top::typed::Typed;
use dfs_client::{NodeStatus, Snapshot};
use dfs_diagnosis::{Finding, Health, LocalDaemon, Observation, findings, health, unreachable};
use dfs_term::meter::Meter;
use dfs_types::{DatanodeId, Error};
use jiff::tz::{Offset, TimeZone};
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::path::PathBuf;
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

/// The views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageId {
    #[default]
    Overview,
    Nodes,
    Heatmap,
    Replication,
    Files,
    Masters,
    Events,
    Commands,
}

impl PageId {
    /// In the order of their number keys, which begin at 1.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Nodes,
        Self::Heatmap,
        Self::Replication,
        Self::Files,
        Self::Masters,
        Self::Events,
        Self::Commands,
    ];

    /// Its name behind `:` and on its tab.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Nodes => "nodes",
            Self::Heatmap => "heatmap",
            Self::Replication => "replication",
            Self::Files => "files",
            Self::Masters => "masters",
            Self::Events => "events",
            Self::Commands => "commands",
        }
    }

    /// The view of this name, or the only one that begins so.
    pub fn find(word: &str) -> Option<Self> {
        let mut begun = Self::ALL.into_iter().filter(|page| !word.is_empty() && page.word().starts_with(word));
        let exact = Self::ALL.into_iter().find(|page| page.word() == word);
        exact.or_else(|| begun.next().filter(|_| begun.next().is_none()))
    }

    /// The key that leads to it.
    pub fn key(self) -> char {
        let at = Self::ALL.iter().position(|page| *page == self).unwrap_or(0);
        char::from_digit(at as u32 + 1, 10).unwrap_or('1')
    }
}

/// What the dashboard is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// The daemons of the local cluster; none for any other cluster.
    pub local: Option<Vec<LocalDaemon>>,
    /// How far people's clocks are ahead of UTC, in seconds.
    pub zone_s: i32,
    pub theme: Theme,
    pub preferences: Preferences,
    /// The view to begin with; the one of the last time if none.
    pub page: Option<PageId>,
    /// The local directory that it was started in.
    pub directory: PathBuf,
    /// What comes is recorded.
    pub recorded: bool,
    /// What is shown is a recording.
    pub replay: Option<Playback>,
}

/// How we are connected.
#[derive(Debug, Clone, Default)]
pub enum Link {
    /// No picture has come yet.
    #[default]
    Waiting,
    Live,
    /// The cluster does not answer.
    Lost {
        /// Since when, in milliseconds of the dashboard's clock.
        since_ms: u64,
        error: Error,
    },
}

/// What all views read.
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

/// What lies over the view.
#[derive(Debug, Clone, Default)]
pub enum Overlay {
    #[default]
    None,
    /// What the keys do; scrolled down by so many lines.
    Help(usize),
    /// A line that begins with `:` is being typed.
    Palette(Line),
    /// A name is being typed.
    Naming(Naming),
    /// A filter is being typed.
    Filter(Typed),
    /// A question; whether `yes` is chosen.
    Question { question: Question, yes: bool },
}

/// A line that is being typed.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub typed: Typed,
    /// What may be meant, the best first.
    pub candidates: Vec<Candidate>,
    /// Which of them is chosen, if one is.
    pub chosen: Option<usize>,
}

/// Something that may be meant by what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub act: Option<crate::top::page::Act>,
}

/// The whole.
#[derive(Debug, Default)]
pub struct Model {
    pub shared: Shared,
    pub pages: Pages,
    pub page: PageId,
    /// Views that were left, for `[` and those that were gone back from, for `]`.
    pub back: Vec<PageId>,
    pub forth: Vec<PageId>,
    pub overlay: Overlay,
    /// What the foot line says until the next key.
    pub said: Option<String>,
    /// The number of the last command.
    pub last_command: u64,
    /// Something that is seen has changed since the last frame.
    pub dirty: bool,
}

impl Model {
    pub fn new(options: Options) -> Self {
        let Options { read_only, local, zone_s, theme, preferences, page, directory, recorded, replay } = options;
        let theme = Theme { name: preferences.theme.unwrap_or(theme.name), ..theme };
        let shared = Shared {
            theme,
            // A recording cannot be changed.
            read_only: read_only || replay.is_some(),
            recorded,
            replay,
            local,
            zone_s,
            refresh_ms: preferences.refresh_ms.unwrap_or(REFRESH_MS),
            mouse: preferences.mouse.unwrap_or(true),
            ..Shared::default()
        };
        let page = page.or(preferences.page).unwrap_or_default();
        let pages = Pages::new(&preferences, directory);
        Self { shared, pages, page, dirty: true, ..Self::default() }
    }

    /// The view that is shown.
    pub fn current(&self) -> &dyn Page {
        self.pages.get(self.page)
    }

    /// What is to be kept for the next start.
    pub fn preferences(&self) -> Preferences {
        let mut preferences = Preferences {
            page: Some(self.page),
            theme: Some(self.shared.theme.name),
            refresh_ms: Some(self.shared.refresh_ms),
            mouse: Some(self.shared.mouse),
            ..Preferences::default()
        };
        self.pages.keep(&mut preferences);
        preferences
    }
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

    /// Why nothing can be done from here, in a word; none where it can.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.replay {
            Some(_) => Some("a recording"),
            None => self.read_only.then_some("read-only"),
        }
    }

    /// Takes over what was seen at another moment.
    pub fn seek(&mut self, seen: Shared) {
        let Shared { now, snapshot, asked_ms, findings, history, link, .. } = seen;
        (self.now, self.snapshot, self.asked_ms, self.findings) = (now, snapshot, asked_ms, findings);
        (self.history, self.link) = (history, link);
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

    /// The age of the picture in milliseconds, at most.
    pub fn age_ms(&self) -> u64 {
        self.now.elapsed_ms.saturating_sub(self.asked_ms)
    }

    /// Whether the picture is older than it should be.
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

    /// The zone of people's clocks.
    pub fn zone(&self) -> TimeZone {
        Offset::from_seconds(self.zone_s).map_or(TimeZone::UTC, TimeZone::fixed)
    }

    /// For how long ago a datanode was heard from: its age in the picture and that of the picture.
    pub fn heard_ms(&self, node: &NodeStatus) -> u64 {
        node.heartbeat_age_ms.saturating_add(self.age_ms())
    }
}
