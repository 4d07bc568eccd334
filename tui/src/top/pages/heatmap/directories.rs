//! The view of directories by size or by heat: entries sorted by the space of all their replicas,
//! or by the recent reads and writes below them.

use crate::top::chart::bar;
use crate::top::list::Selection;
use crate::top::message::{Act, Effect};
use crate::top::page::Binding;
use crate::top::shared::Shared;
use crate::top::widgets::{page_area, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::{DirectoryTraffic, ListPage, Traffic};
use dfs_term::figures::{age, count, percent, plural, rate, size};
use dfs_term::text::{pad, sanitise, truncate, width};
use dfs_types::{DfsPath, Entry, Error, Kind};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cmp::Reverse;
use std::time::Duration;

/// Maximum number of pages of a directory that are read; later entries are ignored.
const PAGES_MAX: usize = 10;
/// Lines above the first entry.
const HEAD_LINES: u16 = 2;
const NAME_CELLS_MAX: usize = 60;
/// Cells of the figures to the right of the bar.
const FIGURES_CELLS: usize = 44;
/// Minimum interval between requests for traffic, in milliseconds.
const TRAFFIC_INTERVAL_MS: u64 = 2_000;

/// The quantity that entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum By {
    #[default]
    Size,
    Heat,
}

/// The recent traffic of the directory.
#[derive(Debug, Default)]
struct Lately {
    /// The newest answer.
    answer: Option<Result<DirectoryTraffic, Error>>,
    asked_ms: u64,
    awaited: bool,
}

/// The directory that is shown.
#[derive(Debug)]
pub(super) struct Directories {
    path: DfsPath,
    /// Largest first.
    entries: Vec<Entry>,
    chosen: Selection,
    /// The name of the directory that was left towards its parent; it is selected there.
    came_from: Option<String>,
    reading: Reading,
    pages: usize,
    by: By,
    lately: Lately,
}

/// The progress of reading a directory.
#[derive(Debug, Clone, PartialEq)]
enum Reading {
    /// The page after this name is awaited.
    Awaits {
        after: Option<String>,
    },
    /// The directory was read at this time of the dashboard's clock, in milliseconds, completely or
    /// up to the maximum number of pages.
    Done {
        at_ms: u64,
        more: bool,
    },
    Failed(Error),
}

impl Directories {
    /// Returns the view of the root, and the effect that reads it.
    pub(super) fn new() -> (Self, Effect) {
        let (path, awaits) = (DfsPath::root(), Reading::Awaits { after: None });
        let effect = Effect::List { path: path.clone(), after: None };
        (Self::at(path, None, awaits, By::default()), effect)
    }

    fn at(path: DfsPath, came_from: Option<String>, reading: Reading, by: By) -> Self {
        let (entries, chosen, lately) = (Vec::new(), Selection::default(), Lately::default());
        Self { path, entries, chosen, came_from, reading, pages: 0, by, lately }
    }

    pub(super) fn bindings(&self) -> Vec<Binding> {
        vec![
            Binding::new("enter", "open", "open the selected directory"),
            Binding::new("backspace", "up", "go to the parent directory"),
            Binding::new("r", "reload", "read the directory again"),
            match self.by {
                By::Size => Binding::new("h", "heat", "sort by recent reads and writes"),
                By::Heat => Binding::new("h", "size", "sort by space with all replicas"),
            },
            Binding::new("f", "tiles", "back to the datanodes; so does esc at the root"),
        ]
    }

    /// Returns the path of the chosen entry.
    pub(super) fn selected(&self) -> Option<DfsPath> {
        let entry = self.entries.get(self.chosen.within(self.entries.len()))?;
        self.path.join(&entry.name).ok()
    }

    /// Handles a key; the outer `None` returns to the tiles.
    pub(super) fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Option<Vec<Act>>> {
        let acts = match key.code {
            KeyCode::Char('f') => return None,
            KeyCode::Esc if self.path.is_root() => return None,
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.up(shared),
            KeyCode::Enter | KeyCode::Right => self.open_chosen(shared),
            KeyCode::Char('r') => self.read(self.path.clone(), None, shared),
            KeyCode::Char('h') => self.turn(shared),
            _ => {
                let page = page_area(shared.area).height.saturating_sub(HEAD_LINES);
                return Some(self.chosen.key(key, self.entries.len(), page.into()).then(Vec::new));
            }
        };
        Some(Some(acts))
    }

    pub(super) fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let entries = self.entries.len();
        match event.kind {
            MouseEventKind::ScrollDown => self.chosen.wheel(3, entries),
            MouseEventKind::ScrollUp => self.chosen.wheel(-3, entries),
            _ => {
                let Some(row) = event.row.checked_sub(area.y + HEAD_LINES) else { return Vec::new() };
                let room = usize::from(area.height.saturating_sub(HEAD_LINES));
                let at = self.chosen.first(entries, room) + usize::from(row);
                if at == self.chosen.within(entries) {
                    return self.open_chosen(shared);
                }
                self.chosen.at = at.min(entries.saturating_sub(1));
            }
        }
        Vec::new()
    }

    fn up(&mut self, shared: &Shared) -> Vec<Act> {
        let Some(above) = self.path.parent() else { return vec![Act::Say("this is the root".to_owned())] };
        let here = self.path.name().map(str::to_owned);
        self.read(above, here, shared)
    }

    fn open_chosen(&mut self, shared: &Shared) -> Vec<Act> {
        let Some(entry) = self.entries.get(self.chosen.within(self.entries.len())) else { return Vec::new() };
        match self.path.join(&entry.name) {
            Ok(path) if entry.stat.kind == Kind::Directory => self.read(path, None, shared),
            _ => vec![Act::Say("not a directory".to_owned())],
        }
    }

    /// Starts to read a directory.
    fn read(&mut self, path: DfsPath, came_from: Option<String>, shared: &Shared) -> Vec<Act> {
        let effect = Effect::List { path: path.clone(), after: None };
        *self = Self::at(path, came_from, Reading::Awaits { after: None }, self.by);
        [effect].into_iter().chain(self.ask(shared)).map(Act::Effect).collect()
    }

    /// Switches between size and heat.
    fn turn(&mut self, shared: &Shared) -> Vec<Act> {
        self.by = if self.by == By::Size { By::Heat } else { By::Size };
        let chosen = self.chosen_name();
        self.sort(chosen);
        self.ask(shared).map(Act::Effect).into_iter().collect()
    }

    /// Requests the traffic if it is shown and due.
    pub(super) fn ask(&mut self, shared: &Shared) -> Option<Effect> {
        let now = shared.now.elapsed_ms;
        let lately = &mut self.lately;
        let due = lately.answer.is_none() || now.saturating_sub(lately.asked_ms) >= TRAFFIC_INTERVAL_MS;
        if self.by == By::Size || lately.awaited || !due {
            return None;
        }
        (lately.asked_ms, lately.awaited) = (now, true);
        Some(Effect::Traffic { path: self.path.clone() })
    }

    /// Stores the traffic if it belongs to the directory that is shown.
    pub(super) fn told(&mut self, path: &DfsPath, result: &Result<DirectoryTraffic, Error>) {
        if *path == self.path {
            (self.lately.answer, self.lately.awaited) = (Some(result.clone()), false);
            let chosen = self.chosen_name();
            self.sort(chosen);
        }
    }

    /// Returns the recent traffic below an entry; the traffic of files is counted for their
    /// directory.
    fn traffic(&self, entry: &Entry) -> Traffic {
        let Some(Ok(answer)) = &self.lately.answer else { return Traffic::default() };
        let found = answer.directories.binary_search_by(|(name, _)| name.as_str().cmp(&entry.name));
        found.ok().and_then(|at| answer.directories.get(at)).map(|(_, traffic)| *traffic).unwrap_or_default()
    }

    /// Returns the value of an entry in the chosen quantity.
    fn weight(&self, entry: &Entry) -> u64 {
        match self.by {
            By::Size => entry.stat.space,
            By::Heat => sum(self.traffic(entry)),
        }
    }

    /// Sorts by descending value, and chooses the entry with this name again, if one was chosen.
    fn sort(&mut self, chosen: Option<String>) {
        let mut entries = std::mem::take(&mut self.entries);
        entries
            .sort_by_cached_key(|entry| (Reverse(self.weight(entry)), Reverse(entry.stat.space), entry.name.clone()));
        self.entries = entries;
        let found = self.entries.iter().position(|entry| Some(&entry.name) == chosen.as_ref());
        self.chosen.at = found.filter(|_| self.chosen.at > 0 || self.came_from.is_some()).unwrap_or(self.chosen.at);
    }

    /// Stores a page if it is the awaited one. Returns the request for the next page.
    pub(super) fn listed(
        &mut self,
        path: &DfsPath,
        after: Option<&str>,
        result: &Result<ListPage, Error>,
        shared: &Shared,
    ) -> Option<Effect> {
        let awaited = matches!(&self.reading, Reading::Awaits { after: behind } if behind.as_deref() == after);
        if *path != self.path || !awaited {
            return None;
        }
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                self.reading = Reading::Failed(error.clone());
                return None;
            }
        };
        self.pages += 1;
        self.entries.extend(page.entries.iter().cloned());
        // The last name must be taken before sorting.
        let last = page.entries.last().map(|entry| entry.name.clone());
        let chosen = self.came_from.clone().or_else(|| self.chosen_name());
        self.sort(chosen);
        if page.more && self.pages < PAGES_MAX && last.is_some() {
            self.reading = Reading::Awaits { after: last.clone() };
            return Some(Effect::List { path: path.clone(), after: last });
        }
        self.reading = Reading::Done { at_ms: shared.now.elapsed_ms, more: page.more };
        None
    }

    fn chosen_name(&self) -> Option<String> {
        self.entries.get(self.chosen.at).map(|entry| entry.name.clone())
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let (theme, cells) = (&shared.theme, usize::from(area.width));
        let line = |row: u16| Rect { y: area.y + row, height: 1, ..area }.intersection(area);
        let path = truncate(&sanitise(self.path.as_str()), cells).into_owned();
        text(frame, line(0), Line::styled(path, theme.head()));
        text(frame, line(1), Line::styled(truncate(&self.state(shared), cells).into_owned(), theme.dim()));
        let room = usize::from(area.height.saturating_sub(HEAD_LINES));
        let first = self.chosen.first(self.entries.len(), room);
        let all: u64 = self.entries.iter().map(|entry| entry.stat.space).fold(0, u64::saturating_add);
        let most = self.entries.first().map_or(0, |entry| self.weight(entry));
        // Names take the width that they need, bars the rest.
        let shown = self.entries.iter().skip(first).take(room);
        let longest = shown.clone().map(|entry| width(&sanitise(&entry.name)) + 1).max().unwrap_or(0);
        let names = longest.min(NAME_CELLS_MAX).min(cells.saturating_sub(FIGURES_CELLS) / 2).max(8);
        let bars = cells.saturating_sub(names + 1 + FIGURES_CELLS).min(100);
        for (row, entry) in shown.enumerate() {
            let place = line(HEAD_LINES + row as u16);
            let directory = entry.stat.kind == Kind::Directory;
            let name = format!("{}{}", sanitise(&entry.name), if directory { "/" } else { "" });
            let tone = if directory { dfs_term::report::Tone::Directory } else { dfs_term::report::Tone::Plain };
            let part = if most > 0 { self.weight(entry) as f64 / most as f64 } else { 0.0 };
            let figures = match self.by {
                By::Size => sizes(entry, all),
                By::Heat if directory => flows(self.traffic(entry)),
                By::Heat => String::new(),
            };
            text(
                frame,
                place,
                Line::from(vec![
                    Span::styled(pad(&truncate(&name, names), names + 1), theme.tone(tone)),
                    Span::raw(bar(part, bars)),
                    Span::raw(figures),
                ]),
            );
            if first + row == self.chosen.within(self.entries.len()) {
                frame.buffer_mut().set_style(place, theme.selected());
            }
        }
    }

    /// Returns the description of the entries that are shown, and how many of all they are.
    fn state(&self, shared: &Shared) -> String {
        let entries = self.entries.len() as u64;
        let (directories, files) =
            self.entries.iter().fold((0, 0), |(directories, files), entry| match entry.stat.kind {
                Kind::Directory => (directories + 1, files),
                Kind::File => (directories, files + 1),
            });
        match &self.reading {
            Reading::Failed(error) => format!("could not be read: {}; r tries again", sanitise(&error.message)),
            Reading::Awaits { .. } if entries == 0 => "is being read…".to_owned(),
            Reading::Awaits { .. } => format!("is being read: {} so far", plural(entries, "entry", "entries")),
            Reading::Done { .. } if entries == 0 => "is empty".to_owned(),
            Reading::Done { at_ms, more } => {
                let read = age(Duration::from_millis(shared.now.elapsed_ms.saturating_sub(*at_ms)));
                let what = match more {
                    true => format!("the largest of the first {} entries; there are more", count(entries)),
                    false => format!(
                        "{}, {}",
                        plural(directories, "directory", "directories"),
                        plural(files, "file", "files")
                    ),
                };
                match self.by {
                    By::Size => format!("{what} │ space with all replicas │ read {read}"),
                    By::Heat => format!("{what} │ {}", self.heat()),
                }
            }
        }
    }

    /// Returns the traffic of the whole directory in words.
    fn heat(&self) -> String {
        match &self.lately.answer {
            None => "asking for recent traffic…".to_owned(),
            Some(Err(error)) => format!("recent traffic is not known: {}", sanitise(&error.message)),
            Some(Ok(answer)) => {
                let below: u64 =
                    answer.directories.iter().map(|(_, traffic)| sum(*traffic)).fold(0, u64::saturating_add);
                let own = sum(answer.whole).saturating_sub(below);
                let (read, written) = (rate(answer.whole.read as f64), rate(answer.whole.written as f64));
                format!("recently {read} read, {written} written, {} in this directory itself", rate(own as f64))
            }
        }
    }
}

fn sum(traffic: Traffic) -> u64 {
    traffic.read.saturating_add(traffic.written)
}

/// Returns the space, its percentage of `all`, and the content of the entry.
fn sizes(entry: &Entry, all: u64) -> String {
    let files = match entry.stat.kind {
        Kind::Directory => plural(entry.stat.files, "file", "files"),
        Kind::File => format!("{} replicas", entry.stat.replication),
    };
    let (space, part) = (size(entry.stat.space), percent(entry.stat.space, all));
    format!(" {space:>9} {part:>6} {:>9} data  {files}", size(entry.stat.size))
}

fn flows(traffic: Traffic) -> String {
    format!(" {:>11} read {:>11} written", rate(traffic.read as f64), rate(traffic.written as f64))
}
