//! The whole state of the dashboard: what the views share, the views, and what lies over them.

use crate::top::message::{Act, Naming, Preferences, Question};
use crate::top::page::Page;
use crate::top::page_id::PageId;
use crate::top::pages::Pages;
use crate::top::playback::Playback;
use crate::top::shared::{REFRESH_MS, Shared};
use crate::top::theme::Theme;
use crate::top::typed::Typed;
use dfs_diagnosis::LocalDaemon;
use std::path::PathBuf;

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
    /// What a command wrote, over the view in which it was typed.
    Output { line: String, text: String },
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
    pub act: Option<Act>,
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
    /// When the processes of the local daemons were last looked at, in milliseconds of the dashboard's clock; none before.
    pub looked_ms: Option<u64>,
    /// The answer has not come yet.
    pub looking: bool,
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

    /// Sets the filter of the view that is shown.
    pub fn set_filter(&mut self, filter: String) {
        self.pages.get_mut(self.page).set_filter(filter, &self.shared);
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
