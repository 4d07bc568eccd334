//! The state of the view of files: two directories, the active side, and the lower part.

use super::pane::{Counted, Pane};
use crate::top::list::Selection;
use crate::top::message::{Act, Effect};
use crate::top::shared::{CommandLine, Shared};
use dfs_term::quote::quote_words;
use dfs_types::{DfsPath, Error};
use std::path::PathBuf;

/// Bytes of a file that a preview shows.
const PREVIEW_BYTES: &str = "4096";

/// The side that keys act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Side {
    #[default]
    Remote,
    Local,
}

/// The content of the lower part.
#[derive(Debug)]
pub(super) struct Lower {
    /// `preview`, `info`.
    pub(super) what: &'static str,
    pub(super) path: DfsPath,
    /// `None` until it has arrived.
    pub(super) text: Option<Result<String, Error>>,
    /// The first visible line.
    pub(super) line: usize,
}

/// The state of the view.
#[derive(Debug)]
pub struct Files {
    pub(super) remote: Pane<DfsPath>,
    pub(super) local: Pane<PathBuf>,
    pub(super) side: Side,
    pub(super) lower: Option<Lower>,
    /// True while this view is shown.
    pub(super) shown: bool,
    /// True while local directories are being counted.
    counting: bool,
}

impl Default for Files {
    fn default() -> Self {
        Self::new(PathBuf::new())
    }
}

impl Files {
    /// Returns a view that begins at the root of the DFS and in this local directory; an empty path
    /// means the root of this machine.
    pub fn new(directory: PathBuf) -> Self {
        let here = if directory.as_os_str().is_empty() { PathBuf::from("/") } else { directory };
        let (remote, local) = (Pane::new(DfsPath::root()), Pane::new(here));
        Self { remote, local, side: Side::default(), lower: None, shown: false, counting: false }
    }

    pub(super) fn list_remote(&self, after: Option<String>) -> Act {
        Act::Effect(Effect::List { path: self.remote.path.clone(), after })
    }

    pub(super) fn list_local(&self) -> Act {
        Act::Effect(Effect::ListLocal { path: self.local.path.clone() })
    }

    pub(super) fn open_remote(&mut self, path: DfsPath, wanted: Option<String>) -> Vec<Act> {
        self.remote.open(path, wanted);
        vec![self.list_remote(None)]
    }

    pub(super) fn open_local(&mut self, path: PathBuf, wanted: Option<String>) -> Vec<Act> {
        self.local.open(path, wanted);
        self.counting = false;
        vec![self.list_local()]
    }

    /// Requests a count of the local directories whose bytes are not known, unless one is running.
    pub(super) fn count_local(&mut self) -> Vec<Act> {
        let names = self.local.uncounted();
        if names.is_empty() || self.counting || !self.shown {
            return Vec::new();
        }
        self.counting = true;
        vec![Act::Effect(Effect::CountLocal { path: self.local.path.clone(), names })]
    }

    /// Stores a new count of a local directory; `left` directories are not counted completely yet.
    pub(super) fn counted(&mut self, name: &str, bytes: u64, whole: bool, left: usize) {
        self.local.count(name, Counted { bytes, whole });
        self.counting = left > 0;
    }

    /// Stops the count because the view is left.
    pub(super) fn stop_counting(&mut self) {
        self.counting = false;
    }

    /// Switches to the other pane.
    pub(super) fn turn(&mut self) {
        self.side = if self.side == Side::Remote { Side::Local } else { Side::Remote };
    }

    pub(super) fn mark(&mut self) {
        match self.side {
            Side::Remote => self.remote.mark(),
            Side::Local => self.local.mark(),
        }
    }

    pub(super) fn invert_marks(&mut self) {
        match self.side {
            Side::Remote => self.remote.invert_marks(),
            Side::Local => self.local.invert_marks(),
        }
    }

    /// Removes all marks in the active pane; returns true if there were any.
    pub(super) fn unmark(&mut self) -> bool {
        match self.side {
            Side::Remote => self.remote.unmark(),
            Side::Local => self.local.unmark(),
        }
    }

    /// Handles the end of a command: entries may have changed, and the marks of its targets are
    /// removed.
    pub(super) fn command_ended(&mut self, well: bool, line: &str) -> Vec<Act> {
        if well && matches!(line.split_whitespace().next(), Some("put" | "get" | "rm" | "mv" | "setrep")) {
            self.remote.unmark();
            self.local.unmark();
        }
        self.local.forget_counts();
        self.counting = false;
        if self.shown { self.list_both() } else { Vec::new() }
    }

    /// Handles Enter: opens a directory, or previews a file.
    pub(super) fn enter_row(&mut self) -> Vec<Act> {
        match self.side {
            Side::Remote => match (self.remote.row(), self.remote_path()) {
                (Some(row), Some(path)) if row.directory => self.open_remote(path, None),
                (Some(_), Some(_)) => self.look("preview"),
                _ => nothing(),
            },
            Side::Local => match (self.local.row(), self.local_path()) {
                (Some(row), Some(path)) if row.directory => self.open_local(path, None),
                (Some(_), _) => say("only files of the DFS can be previewed"),
                _ => nothing(),
            },
        }
    }

    pub(super) fn up(&mut self) -> Vec<Act> {
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

    /// Returns the path of the selected entry of the DFS.
    pub(super) fn remote_path(&self) -> Option<DfsPath> {
        self.remote.path.join(&self.remote.row()?.name).ok()
    }

    /// Returns the path of the selected local entry.
    pub(super) fn local_path(&self) -> Option<PathBuf> {
        Some(self.local.path.join(&self.local.row()?.name))
    }

    pub(super) fn look(&mut self, what: &'static str) -> Vec<Act> {
        let Some(path) = self.remote_path() else { return nothing() };
        let is_directory = self.remote.row().is_some_and(|row| row.directory);
        if is_directory && what == "preview" {
            return say("this is a directory: enter opens it");
        }
        let line = look_line(what, &path);
        self.lower = Some(Lower { what, path: path.clone(), text: None, line: 0 });
        vec![Act::Effect(Effect::Look { path, line })]
    }

    /// Handles a moved selection; more of a remote directory may have to be requested.
    pub(super) fn moved(&mut self) -> Vec<Act> {
        self.remote.wants_more().map(|after| self.list_remote(Some(after))).into_iter().collect()
    }

    pub(super) fn scroll(&mut self, lines: isize) -> bool {
        let Some(Lower { text: Some(Ok(text)), line, .. }) = &mut self.lower else { return self.lower.is_some() };
        let last = text.lines().count().saturating_sub(1);
        *line = line.saturating_add_signed(lines).min(last);
        true
    }

    pub(super) fn sort(&mut self) -> Vec<Act> {
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

    /// Requests both directories from the beginning and drops pending requests.
    pub(super) fn list_both(&mut self) -> Vec<Act> {
        self.remote.list_anew();
        self.local.list_anew();
        vec![self.list_remote(None), self.list_local()]
    }

    pub(super) fn list_what_is_due(&mut self, now_ms: u64) -> Vec<Act> {
        let remote = self.remote.is_due(now_ms).then(|| self.list_remote(None));
        let local = self.local.is_due(now_ms).then(|| self.list_local());
        remote.into_iter().chain(local).collect()
    }

    pub(super) fn count(&self) -> usize {
        match self.side {
            Side::Remote => self.remote.shown_count(),
            Side::Local => self.local.shown_count(),
        }
    }

    pub(super) fn chosen(&self) -> &Selection {
        match self.side {
            Side::Remote => &self.remote.chosen,
            Side::Local => &self.local.chosen,
        }
    }

    pub(super) fn chosen_mut(&mut self) -> &mut Selection {
        match self.side {
            Side::Remote => &mut self.remote.chosen,
            Side::Local => &mut self.local.chosen,
        }
    }
}

/// Returns the running transfers, oldest first.
pub(super) fn transfers(shared: &Shared) -> impl Iterator<Item = &CommandLine> {
    shared.commands.iter().filter(|command| command.ended_ms.is_none() && is_transfer(&command.line))
}

pub(super) fn say(what: &str) -> Vec<Act> {
    vec![Act::Say(what.to_owned())]
}

pub(super) fn nothing() -> Vec<Act> {
    say("nothing is selected")
}

/// Returns true if a line moves bytes between the DFS and this machine.
fn is_transfer(line: &str) -> bool {
    matches!(line.split_whitespace().next(), Some("put" | "get"))
}

/// Returns the line that previews a file.
fn look_line(what: &str, path: &DfsPath) -> String {
    match what {
        "info" => quote_words(["info", path.as_str()]),
        _ => quote_words(["head", "-c", PREVIEW_BYTES, path.as_str()]),
    }
}
