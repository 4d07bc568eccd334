//! Which folders are big: what is in a folder, by the space that it takes with all its copies.

use crate::figures::{age, count, percent, plural, size};
use crate::text::{pad, sanitise, truncate, width};
use crate::top::chart::bar;
use crate::top::draw::text;
use crate::top::list::Selection;
use crate::top::message::Effect;
use crate::top::model::Shared;
use crate::top::page::{Act, Binding};
use crate::top::update::page_area;
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::ListPage;
use dfs_types::{DfsPath, Entry, Error, Kind};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Pages of a folder that are read: what is behind them is not looked at.
const PAGES_MAX: usize = 10;
/// Lines above the first entry.
const HEAD_LINES: u16 = 2;
const NAME_CELLS_MAX: usize = 60;
/// Cells of what stands behind the bar.
const FIGURES_CELLS: usize = 44;

/// A folder that is looked at.
#[derive(Debug)]
pub struct Folders {
    path: DfsPath,
    /// The biggest first.
    entries: Vec<Entry>,
    chosen: Selection,
    /// Names of the folders that were gone into, to be found again on the way up.
    came_from: Option<String>,
    reading: Reading,
    pages: usize,
}

/// How far a folder has been read.
#[derive(Debug, Clone, PartialEq)]
enum Reading {
    /// The page behind this name is awaited.
    Awaits {
        after: Option<String>,
    },
    /// It was read at this moment of the dashboard's clock, in milliseconds, to its end or as far as it is read.
    Done {
        at_ms: u64,
        more: bool,
    },
    Failed(Error),
}

impl Folders {
    /// The root, and what to do to read it.
    pub fn new() -> (Self, Effect) {
        let (path, awaits) = (DfsPath::root(), Reading::Awaits { after: None });
        let effect = Effect::List { path: path.clone(), after: None };
        let chosen = Selection::default();
        (Self { path, entries: Vec::new(), chosen, came_from: None, reading: awaits, pages: 0 }, effect)
    }

    pub fn bindings(&self) -> Vec<Binding> {
        vec![
            Binding::new("enter", "open", "into the chosen folder"),
            Binding::new("backspace", "up", "to the folder above"),
            Binding::new("r", "again", "read the folder again"),
            Binding::new("f", "tiles", "back to the datanodes; esc does so at the root"),
        ]
    }

    /// What is chosen.
    pub fn selected(&self) -> Option<DfsPath> {
        let entry = self.entries.get(self.chosen.within(self.entries.len()))?;
        self.path.join(&entry.name).ok()
    }

    /// A key; the outer none: back to the tiles.
    pub fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Option<Vec<Act>>> {
        let acts = match key.code {
            KeyCode::Char('f') => return None,
            KeyCode::Esc if self.path.is_root() => return None,
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.up(),
            KeyCode::Enter | KeyCode::Right => self.open_chosen(),
            KeyCode::Char('r') => self.read(self.path.clone(), None),
            _ => {
                let page = page_area(shared.area).height.saturating_sub(HEAD_LINES);
                return Some(self.chosen.key(key, self.entries.len(), page.into()).then(Vec::new));
            }
        };
        Some(Some(acts))
    }

    pub fn mouse(&mut self, event: MouseEvent, area: Rect) -> Vec<Act> {
        let entries = self.entries.len();
        match event.kind {
            MouseEventKind::ScrollDown => self.chosen.wheel(3, entries),
            MouseEventKind::ScrollUp => self.chosen.wheel(-3, entries),
            _ => {
                let Some(row) = event.row.checked_sub(area.y + HEAD_LINES) else { return Vec::new() };
                let room = usize::from(area.height.saturating_sub(HEAD_LINES));
                let at = self.chosen.first(entries, room) + usize::from(row);
                if at == self.chosen.within(entries) {
                    return self.open_chosen();
                }
                self.chosen.at = at.min(entries.saturating_sub(1));
            }
        }
        Vec::new()
    }

    fn up(&mut self) -> Vec<Act> {
        let Some(above) = self.path.parent() else { return vec![Act::Say("this is the root".to_owned())] };
        let here = self.path.name().map(str::to_owned);
        self.read(above, here)
    }

    fn open_chosen(&mut self) -> Vec<Act> {
        let Some(entry) = self.entries.get(self.chosen.within(self.entries.len())) else { return Vec::new() };
        match self.path.join(&entry.name) {
            Ok(path) if entry.stat.kind == Kind::Directory => self.read(path, None),
            _ => vec![Act::Say("that is a file".to_owned())],
        }
    }

    /// Begins to read a folder.
    fn read(&mut self, path: DfsPath, came_from: Option<String>) -> Vec<Act> {
        let effect = Effect::List { path: path.clone(), after: None };
        let reading = Reading::Awaits { after: None };
        *self = Self { path, entries: Vec::new(), chosen: Selection::default(), came_from, reading, pages: 0 };
        vec![Act::Effect(effect)]
    }

    /// A page came, if it is the one that is awaited. Gives what to do for the next one.
    pub fn listed(
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
        // The last name of the page: sorting would lose it.
        let last = page.entries.last().map(|entry| entry.name.clone());
        let chosen = self.came_from.clone().or_else(|| self.chosen_name());
        self.entries
            .sort_by(|one, other| other.stat.space.cmp(&one.stat.space).then_with(|| one.name.cmp(&other.name)));
        let found = self.entries.iter().position(|entry| Some(&entry.name) == chosen.as_ref());
        self.chosen.at = found.filter(|_| self.chosen.at > 0 || self.came_from.is_some()).unwrap_or(self.chosen.at);
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

    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let (theme, cells) = (&shared.theme, usize::from(area.width));
        let line = |row: u16| Rect { y: area.y + row, height: 1, ..area }.intersection(area);
        let path = truncate(&sanitise(self.path.as_str()), cells).into_owned();
        text(frame, line(0), Line::styled(path, theme.head()));
        text(frame, line(1), Line::styled(truncate(&self.state(shared), cells).into_owned(), theme.dim()));
        let room = usize::from(area.height.saturating_sub(HEAD_LINES));
        let first = self.chosen.first(self.entries.len(), room);
        let all: u64 = self.entries.iter().map(|entry| entry.stat.space).fold(0, u64::saturating_add);
        let most = self.entries.first().map_or(0, |entry| entry.stat.space);
        // Names take what they need, bars what is left.
        let shown = self.entries.iter().skip(first).take(room);
        let longest = shown.clone().map(|entry| width(&sanitise(&entry.name)) + 1).max().unwrap_or(0);
        let names = longest.min(NAME_CELLS_MAX).min(cells.saturating_sub(FIGURES_CELLS) / 2).max(8);
        let bars = cells.saturating_sub(names + 1 + FIGURES_CELLS).min(100);
        for (row, entry) in shown.enumerate() {
            let place = line(HEAD_LINES + row as u16);
            let folder = entry.stat.kind == Kind::Directory;
            let name = format!("{}{}", sanitise(&entry.name), if folder { "/" } else { "" });
            let tone = if folder { crate::report::Tone::Folder } else { crate::report::Tone::Plain };
            let part = if most > 0 { entry.stat.space as f64 / most as f64 } else { 0.0 };
            let files = if folder {
                plural(entry.stat.files, "file", "files")
            } else {
                format!("{} copies", entry.stat.replication)
            };
            let figures = format!(
                " {:>9} {:>6} {:>9} data  {files}",
                size(entry.stat.space),
                percent(entry.stat.space, all),
                size(entry.stat.size)
            );
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

    /// What is shown, and how much of the truth it is.
    fn state(&self, shared: &Shared) -> String {
        let entries = self.entries.len() as u64;
        let (folders, files) = self.entries.iter().fold((0, 0), |(folders, files), entry| match entry.stat.kind {
            Kind::Directory => (folders + 1, files),
            Kind::File => (folders, files + 1),
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
                    false => format!("{}, {}", plural(folders, "folder", "folders"), plural(files, "file", "files")),
                };
                format!("{what} │ space with all copies │ read {read}")
            }
        }
    }
}
