//! The whole state of the dashboard: the shared state, the views, and the overlays.

use crate::top::message::{Act, Naming, Preferences, Question};
use crate::top::page::Page;
use crate::top::page_id::PageId;
use crate::top::pages::Pages;
use crate::top::playback::Playback;
use crate::top::shared::{REFRESH_MS, Shared};
use crate::top::theme::Theme;
use crate::top::typed::Typed;
use dfs_diagnosis::Local;
use std::path::PathBuf;

/// The options that the dashboard is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// True if nothing may be changed from the dashboard.
    pub read_only: bool,
    /// The daemons of the local cluster; `None` for any other cluster.
    pub local: Option<Local>,
    /// The offset of local time from UTC, in seconds.
    pub zone_s: i32,
    pub theme: Theme,
    pub preferences: Preferences,
    /// The first view; `None` means the last view of the previous session.
    pub page: Option<PageId>,
    /// The local directory that the dashboard was started in.
    pub directory: PathBuf,
    /// True if snapshots are being recorded.
    pub recorded: bool,
    /// The playback, if a recording is shown.
    pub replay: Option<Playback>,
    /// The name of the cluster, if it has one.
    pub context: Option<String>,
    /// The names of the other clusters that can be shown instead.
    pub contexts: Vec<String>,
    /// A message for the foot line of the first frame.
    pub said: Option<String>,
}

/// A layer over the view.
#[derive(Debug, Clone, Default)]
pub enum Overlay {
    #[default]
    None,
    /// The help on keys, scrolled down by so many lines.
    Help(usize),
    /// A line that begins with `:`, while it is being typed.
    Palette(Line),
    /// A name, while it is being typed.
    Naming(Naming),
    /// A filter, while it is being typed.
    Filter(Typed),
    /// The output of a command, over the view in which it was typed.
    Output { line: String, text: String },
    /// A question; `yes` is true if the confirming button is selected.
    Question { question: Question, yes: bool },
}

/// A line that is being typed.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub typed: Typed,
    /// The candidates for completion, best first.
    pub candidates: Vec<Candidate>,
    /// The index of the chosen candidate, if any.
    pub chosen: Option<usize>,
}

/// A completion of the text that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub act: Option<Act>,
}

/// The whole state.
#[derive(Debug, Default)]
pub struct Model {
    pub shared: Shared,
    pub pages: Pages,
    pub page: PageId,
    /// Views that were left, for `[`, and views that were gone back from, for `]`.
    pub back: Vec<PageId>,
    pub forth: Vec<PageId>,
    pub overlay: Overlay,
    /// The message in the foot line, shown until the next key.
    pub said: Option<String>,
    /// The time of the last check of the processes of the local daemons, in milliseconds of the
    /// dashboard's clock; `None` before the first.
    pub looked_ms: Option<u64>,
    /// True while the result of that check is awaited.
    pub looking: bool,
    /// The names of the other clusters that can be shown instead.
    pub contexts: Vec<String>,
    /// The view is that of the previous session: the overview replaces it if the cluster turns out to
    /// have problems.
    pub resumed: bool,
    /// The number of the last command.
    pub last_command: u64,
    /// True if visible content has changed since the last frame.
    pub dirty: bool,
}

impl Model {
    pub fn new(options: Options) -> Self {
        let Options { read_only, local, zone_s, theme, preferences, page, directory, recorded, replay, .. } = options;
        let theme = Theme { name: preferences.theme.unwrap_or(theme.name), ..theme };
        let shared = Shared {
            theme,
            // A recording cannot be changed.
            read_only: read_only || replay.is_some(),
            recorded,
            replay,
            local,
            zone_s,
            context: options.context,
            refresh_ms: preferences.refresh_ms.unwrap_or(REFRESH_MS),
            mouse: preferences.mouse.unwrap_or(true),
            ..Shared::default()
        };
        let resumed = page.is_none() && shared.replay.is_none();
        let page = page.or(preferences.page).unwrap_or_default();
        let pages = Pages::new(&preferences, directory);
        let (contexts, said) = (options.contexts, options.said);
        Self { shared, pages, page, contexts, said, resumed, dirty: true, ..Self::default() }
    }

    /// Returns the current view.
    pub fn current(&self) -> &dyn Page {
        self.pages.get(self.page)
    }

    /// Sets the filter of the current view.
    pub fn set_filter(&mut self, filter: String) {
        self.pages.get_mut(self.page).set_filter(filter, &self.shared);
    }

    /// Returns the preferences to keep for the next start.
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
