//! Files: the DFS on the left, this machine on the right, what is moved between them below.
//!
//! ```text
//! > dfs  /data · 3 entries               │   here /home/ann · 12 entries
//!   NAME             SIZE  MODIFIED      │   NAME             SIZE  MODIFIED
//! > photos/       266 MiB  2026-11-20    │ > a.csv         1.2 MiB  2026-11-21
//! ── preview of /data/a.csv ──
//! …
//! ── transfers ──
//! x ███░░░░░  41 % 88 MB/s put -r /home/ann/photos /data
//! ```

mod draw;
mod pane;
mod verbs;

use crate::top::list::Selection;
use crate::top::message::{CommandNews, CommandState, Effect, Message};
use crate::top::model::{CommandLine, Shared};
use crate::top::page::{Act, Action, Binding, Page};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_types::{DfsPath, Error};
use pane::Pane;
use ratatui::Frame;
use ratatui::layout::Rect;
use std::path::PathBuf;

/// Which of the two directories the keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Remote,
    Local,
}

/// What is looked at below the directories.
#[derive(Debug)]
struct Lower {
    /// `preview`, `info`.
    what: &'static str,
    path: DfsPath,
    /// None as long as it has not come.
    text: Option<Result<String, Error>>,
    /// Shown from this line on.
    line: usize,
}

#[derive(Debug)]
pub struct Files {
    remote: Pane<DfsPath>,
    local: Pane<PathBuf>,
    side: Side,
    lower: Option<Lower>,
    /// This is the view that is shown.
    shown: bool,
}

impl Default for Files {
    fn default() -> Self {
        Self::new(PathBuf::new())
    }
}

impl Files {
    /// Begins at the root of the DFS and in this local directory; without one at the root of this machine.
    pub fn new(directory: PathBuf) -> Self {
        let here = if directory.as_os_str().is_empty() { PathBuf::from("/") } else { directory };
        let (remote, local) = (Pane::new(DfsPath::root()), Pane::new(here));
        Self { remote, local, side: Side::default(), lower: None, shown: false }
    }

    fn list_remote(&self, after: Option<String>) -> Act {
        Act::Effect(Effect::List { path: self.remote.path.clone(), after })
    }

    fn list_local(&self) -> Act {
        Act::Effect(Effect::ListLocal { path: self.local.path.clone() })
    }

    fn open_remote(&mut self, path: DfsPath, wanted: Option<String>) -> Vec<Act> {
        self.remote.open(path, wanted);
        vec![self.list_remote(None)]
    }

    fn open_local(&mut self, path: PathBuf, wanted: Option<String>) -> Vec<Act> {
        self.local.open(path, wanted);
        vec![self.list_local()]
    }

    /// Enter: into a directory; a file is looked at.
    fn enter_row(&mut self) -> Vec<Act> {
        match self.side {
            Side::Remote => match (self.remote.row(), self.remote_path()) {
                (Some(row), Some(path)) if row.directory => self.open_remote(path, None),
                (Some(_), Some(_)) => self.look("preview"),
                _ => nothing(),
            },
            Side::Local => match (self.local.row(), self.local_path()) {
                (Some(row), Some(path)) if row.directory => self.open_local(path, None),
                (Some(_), _) => say("only files of the DFS are looked at here"),
                _ => nothing(),
            },
        }
    }

    fn up(&mut self) -> Vec<Act> {
        match self.side {
            Side::Remote => match self.remote.path.parent() {
                Some(above) => {
                    let name = self.remote.path.name().map(str::to_owned);
                    self.open_remote(above, name)
                }
                None => say("this is the root"),
            },
            Side::Local => match self.local.path.parent() {
                Some(above) => {
                    let name = self.local.path.file_name().map(|name| name.to_string_lossy().into_owned());
                    self.open_local(above.to_owned(), name)
                }
                None => say("this is the root"),
            },
        }
    }

    /// What is selected in the DFS.
    fn remote_path(&self) -> Option<DfsPath> {
        self.remote.path.join(&self.remote.row()?.name).ok()
    }

    /// What is selected on this machine.
    fn local_path(&self) -> Option<PathBuf> {
        Some(self.local.path.join(&self.local.row()?.name))
    }

    fn look(&mut self, what: &'static str) -> Vec<Act> {
        let Some(path) = self.remote_path() else { return nothing() };
        let is_directory = self.remote.row().is_some_and(|row| row.directory);
        if is_directory && what == "preview" {
            return say("a directory: enter opens it");
        }
        let line = verbs::look(what, &path);
        self.lower = Some(Lower { what, path: path.clone(), text: None, line: 0 });
        vec![Act::Effect(Effect::Look { path, line })]
    }

    /// Moves the selection; more of a remote directory may be needed then.
    fn moved(&mut self) -> Vec<Act> {
        self.remote.wants_more().map(|after| self.list_remote(Some(after))).into_iter().collect()
    }

    fn scroll(&mut self, lines: isize) -> bool {
        let Some(Lower { text: Some(Ok(text)), line, .. }) = &mut self.lower else { return self.lower.is_some() };
        let last = text.lines().count().saturating_sub(1);
        *line = line.saturating_add_signed(lines).min(last);
        true
    }

    fn sort(&mut self) -> Vec<Act> {
        let (sort, is_whole) = match self.side {
            Side::Remote => {
                self.remote.set_sort(self.remote.sort().next());
                (self.remote.sort(), !self.remote.has_more())
            }
            Side::Local => {
                self.local.set_sort(self.local.sort().next());
                (self.local.sort(), !self.local.has_more())
            }
        };
        match is_whole {
            true => say(&format!("sorted by {}", sort.word())),
            false => say("sorted by name: not all of this directory is loaded"),
        }
    }

    /// Both directories from the beginning, whatever was asked for before.
    fn list_both(&mut self) -> Vec<Act> {
        self.remote.list_anew();
        self.local.list_anew();
        vec![self.list_remote(None), self.list_local()]
    }

    fn list_what_is_due(&mut self, now_ms: u64) -> Vec<Act> {
        let remote = self.remote.is_due(now_ms).then(|| self.list_remote(None));
        let local = self.local.is_due(now_ms).then(|| self.list_local());
        remote.into_iter().chain(local).collect()
    }
}

/// Transfers that run, the first one first.
fn transfers(shared: &Shared) -> impl Iterator<Item = &CommandLine> {
    shared.commands.iter().filter(|command| command.ended_ms.is_none() && verbs::is_transfer(&command.line))
}

fn say(what: &str) -> Vec<Act> {
    vec![Act::Say(what.to_owned())]
}

fn nothing() -> Vec<Act> {
    say("nothing is selected")
}

impl Page for Files {
    fn bindings(&self, shared: &Shared) -> Vec<Binding> {
        verbs::bindings(shared)
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let half = isize::try_from(shared.area.height / 3).unwrap_or(1);
        match key.code {
            KeyCode::Enter => return Some(self.enter_row()),
            KeyCode::Backspace => return Some(self.up()),
            KeyCode::Left => self.side = Side::Remote,
            KeyCode::Right => self.side = Side::Local,
            KeyCode::Char('o') => self.side = if self.side == Side::Remote { Side::Local } else { Side::Remote },
            KeyCode::Esc if self.lower.take().is_some() => {}
            KeyCode::PageDown if self.scroll(half) => {}
            KeyCode::PageUp if self.scroll(-half) => {}
            KeyCode::Char('s') => return Some(self.sort()),
            KeyCode::Char('v') => return Some(self.look("preview")),
            KeyCode::Char('i') => return Some(self.look("info")),
            KeyCode::Char('x') => return Some(verbs::cancel(shared)),
            KeyCode::Char('u' | 'd' | 'n' | 'r' | 'c') | KeyCode::Delete => {
                return Some(verbs::act(self, key.code, shared));
            }
            _ => {
                let page = usize::from(shared.area.height).saturating_sub(8);
                let count = self.count();
                let moved = self.chosen_mut().key(key, count, page);
                return moved.then(|| self.moved());
            }
        }
        Some(Vec::new())
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let places = draw::places(self, area, shared);
        let at = (event.column, event.row).into();
        let lines = match event.kind {
            MouseEventKind::ScrollDown => 3,
            MouseEventKind::ScrollUp => -3,
            _ => 0,
        };
        if places.lower.contains(at) {
            self.scroll(lines);
            return Vec::new();
        }
        let Some(side) = [Side::Remote, Side::Local].into_iter().find(|side| places.of(*side).contains(at)) else {
            return Vec::new();
        };
        let was = (self.side, self.chosen().at);
        self.side = side;
        let (place, count) = (places.of(side), self.count());
        let mut chosen = *self.chosen();
        if lines != 0 {
            chosen.wheel(lines, count);
        } else {
            let Some(row) = event.row.checked_sub(place.y + draw::HEAD_LINES) else { return Vec::new() };
            let first = chosen.first(count, draw::rows_shown(place));
            chosen.at = (first + usize::from(row)).min(count.saturating_sub(1));
        }
        *self.chosen_mut() = chosen;
        // What is selected already is opened.
        if lines == 0 && was == (side, chosen.at) && count > 0 { self.enter_row() } else { self.moved() }
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        let now = shared.now.elapsed_ms;
        match message {
            Message::Listed { path, after, result } if *path == self.remote.path => {
                let next = self.remote.page(after.as_deref(), result.clone(), now);
                next.map(|after| self.list_remote(Some(after))).into_iter().collect()
            }
            Message::ListedLocal { path, result } if *path == self.local.path => {
                self.local.all(result.clone(), now);
                Vec::new()
            }
            Message::Looked { path, text } => {
                if let Some(lower) = self.lower.as_mut().filter(|lower| lower.path == *path) {
                    lower.text = Some(text.clone());
                }
                Vec::new()
            }
            Message::Command(CommandNews { state: CommandState::Ended { .. }, .. }) if self.shown => self.list_both(),
            Message::Tick(_) if self.shown => self.list_what_is_due(now),
            _ => Vec::new(),
        }
    }

    fn enter(&mut self, _shared: &Shared) -> Vec<Act> {
        self.shown = true;
        self.list_both()
    }

    fn leave(&mut self) {
        self.shown = false;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        draw::draw(self, frame, area, shared);
    }

    fn filter(&self) -> Option<&str> {
        Some(match self.side {
            Side::Remote => self.remote.filter(),
            Side::Local => self.local.filter(),
        })
    }

    fn set_filter(&mut self, filter: String, _shared: &Shared) {
        match self.side {
            Side::Remote => self.remote.set_filter(filter),
            Side::Local => self.local.set_filter(filter),
        }
    }

    fn selected_text(&self, _shared: &Shared) -> Option<String> {
        match self.side {
            Side::Remote => self.remote_path().map(|path| path.to_string()),
            Side::Local => self.local_path().map(|path| path.to_string_lossy().into_owned()),
        }
    }

    fn actions(&self, shared: &Shared) -> Vec<Action> {
        verbs::actions(self, shared)
    }
}

impl Files {
    fn count(&self) -> usize {
        match self.side {
            Side::Remote => self.remote.shown_count(),
            Side::Local => self.local.shown_count(),
        }
    }

    fn chosen(&self) -> &Selection {
        match self.side {
            Side::Remote => &self.remote.chosen,
            Side::Local => &self.local.chosen,
        }
    }

    fn chosen_mut(&mut self) -> &mut Selection {
        match self.side {
            Side::Remote => &mut self.remote.chosen,
            Side::Local => &mut self.local.chosen,
        }
    }
}

#[cfg(test)]
mod tests;
