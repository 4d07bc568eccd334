//! The actions on marked or selected entries. They produce lines of the shell from separate words,
//! so that no name can become a command.

use super::pane::{Pane, Row};
use super::state::{Files, Side, say, transfers};
use crate::top::message::{Act, Naming, Question};
use crate::top::page::{Action, Binding};
use crate::top::shared::Shared;
use crate::top::typed::Typed;
use crate::top::widgets::cancel as cancel_command;
use crossterm::event::KeyCode;
use dfs_term::figures::{count, plural, size};
use dfs_term::quote::quote_words;
use dfs_term::text::sanitise;
use dfs_types::DfsPath;

/// Replication factors that are offered.
const REPLICAS_OFFERED: std::ops::RangeInclusive<u8> = 1..=4;
/// Uploads of at least so many bytes require confirmation.
const LARGE_BYTES: u64 = 1 << 30;
const NO_TRASH: &str = "there is no trash yet, this cannot be undone";

/// An action on entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Upload,
    Download,
    MakeDirectory,
    Rename,
    Replicas,
    Delete,
}

impl Verb {
    /// Returns the action of a key in the pane of this side.
    pub(super) fn of(key: KeyCode, side: Side) -> Option<Self> {
        Some(match key {
            KeyCode::Char('u') => Self::Upload,
            KeyCode::Char('d') => Self::Download,
            KeyCode::F(5) if side == Side::Local => Self::Upload,
            KeyCode::F(5) => Self::Download,
            KeyCode::Char('n') | KeyCode::F(7) => Self::MakeDirectory,
            KeyCode::Char('r') | KeyCode::F(6) => Self::Rename,
            KeyCode::Char('c') => Self::Replicas,
            KeyCode::Delete | KeyCode::F(8) => Self::Delete,
            _ => return None,
        })
    }
}

/// Returns the keys of this view.
pub(super) fn bindings(shared: &Shared) -> Vec<Binding> {
    let mut bindings = vec![
        Binding::new("enter", "open", "open a directory; preview a file"),
        Binding::new("tab", "pane", "the other pane, as o does; ← the DFS, → this machine; shift-tab leaves the view"),
    ];
    if !shared.read_only {
        bindings.extend([
            Binding::new("u", "upload", "copy to the directory of the DFS; F5 in the right pane"),
            Binding::new("d", "download", "copy to the local directory; F5 in the left pane"),
            Binding::new("n", "mkdir", "make a directory in the DFS; F7"),
            Binding::new("r", "rename", "rename or move in the DFS; F6"),
            Binding::new("del", "delete", "delete in the DFS, after a question; F8"),
            Binding::new("c", "replicas", "set the number of replicas"),
        ]);
    }
    bindings.extend([
        Binding::new("v", "preview", "preview a file; F3; esc closes it, pgup and pgdn scroll it"),
        Binding::new("i", "info", "the chunks of a file and their replicas"),
        Binding::new("s", "sort", "by name, size or time, once all of a directory is loaded"),
        Binding::new("bksp", "up", "the parent directory"),
        Binding::new("space", "mark", "mark or unmark an entry, as insert does; actions are for all that is marked"),
        Binding::new("*", "invert", "mark what is not marked, and unmark the rest; esc unmarks all"),
    ]);
    if transfers(shared).next().is_some() {
        bindings.push(Binding::new("x", "cancel", "cancel the first transfer; the commands view cancels any of them"));
    }
    bindings
}

/// Performs the action of a key that produces a line of the shell.
pub(super) fn act(files: &Files, verb: Verb, shared: &Shared) -> Vec<Act> {
    if let Some(why) = shared.refusal() {
        return say(&format!("{why}: nothing can be changed from here"));
    }
    let acted = match verb {
        Verb::Upload => upload(files),
        Verb::Download => download(files),
        Verb::MakeDirectory => Ok(Act::Name(mkdir(files))),
        Verb::Rename => remote_pane(files).and_then(|()| rename(files)).map(Act::Name),
        Verb::Replicas => remote_pane(files).and_then(|()| remote(files)).map(|_| Act::Type("setrep ".to_owned())),
        Verb::Delete => remote_pane(files).and_then(|()| remote(files)).map(|those| Act::Ask(delete(files, &those))),
    };
    acted.map_or_else(say, |act| vec![act])
}

/// Returns all actions for the palette.
pub(super) fn actions(files: &Files, shared: &Shared) -> Vec<Action> {
    let named = |act: Act| match &act {
        Act::Run(line) | Act::Ask(Question { line, .. }) => Some(Action { name: line.clone(), act }),
        Act::Name(naming) => Some(Action { name: quote_words(&naming.words), act }),
        _ => None,
    };
    if shared.read_only {
        return Vec::new();
    }
    let mut acts = Vec::new();
    if let Ok(those) = remote(files) {
        acts.extend(download(files));
        acts.extend(rename(files).map(Act::Name));
        acts.push(Act::Ask(delete(files, &those)));
        acts.extend(REPLICAS_OFFERED.map(|replicas| Act::Run(setrep(&those, replicas))));
    }
    acts.extend(upload(files));
    acts.push(Act::Name(mkdir(files)));
    acts.into_iter().filter_map(named).collect()
}

/// Cancels the first transfer.
pub(super) fn cancel(shared: &Shared) -> Vec<Act> {
    match transfers(shared).next() {
        Some(command) => cancel_command(command),
        None => say("nothing is being transferred"),
    }
}

/// Entries of the DFS, each with its path.
type Remote<'f> = Vec<(&'f Row, DfsPath)>;

/// Refuses changes to the DFS while the local pane is active, because the user is not looking at
/// the entries of the DFS then.
fn remote_pane(files: &Files) -> Result<(), &'static str> {
    if files.side == Side::Local { Err("only the DFS can be changed from here: tab goes to its pane") } else { Ok(()) }
}

/// Returns the marked entries of the DFS, or the selected one.
fn remote(files: &Files) -> Result<Remote<'_>, &'static str> {
    let with_path = files.remote.targets().into_iter().map(|row| (row, files.remote.path.join(&row.name)));
    let those: Remote<'_> = with_path.filter_map(|(row, path)| Some((row, path.ok()?))).collect();
    if those.is_empty() { Err("nothing is selected in the DFS") } else { Ok(those) }
}

fn upload(files: &Files) -> Result<Act, &'static str> {
    let rows = files.local.targets();
    let mut paths = Vec::new();
    for row in &rows {
        let path = files.local.path.join(&row.name);
        let path = path.to_str().ok_or("a path is not UTF-8: it cannot be named in a line")?;
        paths.push(path.to_owned());
    }
    if paths.is_empty() {
        return Err("nothing is selected on this machine");
    }
    let to = files.remote.path.as_str();
    let (there, line) = transfer("put", &rows, &paths, to, &files.remote);
    let bytes = Bytes::of(&rows, &files.local);
    let question = |what| Act::Ask(Question { what, line: line.clone() });
    Ok(match there.as_slice() {
        [] if bytes.is_small() => Act::Run(line),
        [] => question(format!("upload {} to {}: {}", subject(&rows), sanitise(to), bytes.told())),
        there => question(format!("{}; {} to upload", replaced(there, &rows, to), bytes.told())),
    })
}

fn download(files: &Files) -> Result<Act, &'static str> {
    let those = remote(files)?;
    let (rows, paths): (Vec<&Row>, Vec<String>) =
        those.into_iter().map(|(row, path)| (row, path.as_str().to_owned())).unzip();
    let to = files.local.path.to_string_lossy();
    let (there, line) = transfer("get", &rows, &paths, &to, &files.local);
    Ok(match there.as_slice() {
        [] => Act::Run(line),
        there => Act::Ask(Question { what: replaced(there, &rows, &to), line }),
    })
}

/// Returns the transfer of all entries: the existing names that it replaces, if any, and its line.
fn transfer<'r, P>(
    verb: &'static str,
    rows: &[&'r Row],
    paths: &[String],
    to: &str,
    into: &Pane<P>,
) -> (Vec<&'r str>, String) {
    let there: Vec<&str> = rows.iter().map(|row| row.name.as_str()).filter(|name| into.named(name).is_some()).collect();
    let recursive = rows.iter().any(|row| row.directory).then_some("-r");
    let force = (!there.is_empty()).then_some("-f");
    let words = [verb].into_iter().chain(recursive).chain(force);
    let line = quote_words(words.chain(paths.iter().map(String::as_str)).chain([to]));
    (there, line)
}

/// Returns the description of the entries that a transfer replaces.
fn replaced(there: &[&str], rows: &[&Row], to: &str) -> String {
    let to = sanitise(to);
    let what = match there {
        [one] => sanitise(one).into_owned(),
        many => format!("{} of {}", count(many.len() as u64), subject(rows)),
    };
    let is_directory = rows.iter().any(|row| row.directory && there.contains(&row.name.as_str()));
    let files = if is_directory { "files that are there are replaced" } else { "the file that is there is lost" };
    format!("replace {what} in {to}: {files}, this cannot be undone")
}

/// Returns `a.csv`, or `3 entries`.
fn subject(rows: &[&Row]) -> String {
    match rows {
        [row] => sanitise(&row.name).into_owned(),
        rows => plural(rows.len() as u64, "entry", "entries"),
    }
}

/// The size of an upload, as far as it is known.
struct Bytes {
    counted: u64,
    whole: bool,
}

impl Bytes {
    fn of(rows: &[&Row], pane: &Pane<std::path::PathBuf>) -> Self {
        let mut bytes = Self { counted: 0, whole: true };
        for row in rows {
            let so_far = || pane.counted(&row.name).map_or(0, |counted| counted.bytes);
            bytes.counted = bytes.counted.saturating_add(row.size.unwrap_or_else(so_far));
            bytes.whole &= row.size.is_some();
        }
        bytes
    }

    fn is_small(&self) -> bool {
        self.whole && self.counted < LARGE_BYTES
    }

    fn told(&self) -> String {
        let counted = size(self.counted);
        if self.whole { counted } else { format!("{counted} counted so far") }
    }
}

fn mkdir(files: &Files) -> Naming {
    let directory = files.remote.path.clone();
    let what = format!("New directory in {}", sanitise(directory.as_str()));
    Naming { what, words: vec!["mkdir".to_owned()], directory, name: Typed::default() }
}

/// Renames one entry, or moves several into a directory.
fn rename(files: &Files) -> Result<Naming, &'static str> {
    let those = remote(files)?;
    let words = ["mv".to_owned()].into_iter().chain(those.iter().map(|(_, path)| path.as_str().to_owned())).collect();
    let directory = files.remote.path.clone();
    Ok(match those.as_slice() {
        [(row, _)] => {
            let what = format!("Rename {} to", sanitise(&row.name));
            Naming { what, words, directory, name: row.name.clone().into() }
        }
        many => {
            let what = format!("Move {} to", plural(many.len() as u64, "entry", "entries"));
            Naming { what, words, directory, name: Typed::default() }
        }
    })
}

fn setrep(those: &Remote<'_>, replicas: u8) -> String {
    let recursive = those.iter().any(|(row, _)| row.directory).then_some("-R");
    let replicas = replicas.to_string();
    let paths = those.iter().map(|(_, path)| path.as_str());
    quote_words(["setrep"].into_iter().chain(recursive).chain([replicas.as_str()]).chain(paths))
}

/// Returns the question, which names everything that will be lost.
fn delete(files: &Files, those: &Remote<'_>) -> Question {
    let rows: Vec<&Row> = those.iter().map(|(row, _)| *row).collect();
    let bytes = size(rows.iter().filter_map(|row| row.size).sum());
    let directories: u64 = rows.iter().filter(|row| row.directory).map(|row| row.directories + 1).sum();
    let files_lost: u64 = rows.iter().map(|row| if row.directory { row.files } else { 1 }).sum();
    let paths = those.iter().map(|(_, path)| path.as_str());
    let flags: &[&str] = if directories > 0 { &["-r", "--yes"] } else { &[] };
    let line = quote_words(["rm"].into_iter().chain(flags.iter().copied()).chain(paths));
    let what = match those.as_slice() {
        [(_, path)] => sanitise(path.as_str()).into_owned(),
        _ => format!("{} of {}", subject(&rows), sanitise(files.remote.path.as_str())),
    };
    let lost = match (directories, rows.as_slice()) {
        (0, [_]) => bytes,
        (0, _) => format!("{}, {bytes}", plural(files_lost, "file", "files")),
        _ => {
            let directories = plural(directories, "directory", "directories");
            format!("{}, {directories}, {bytes}", plural(files_lost, "file", "files"))
        }
    };
    Question { what: format!("delete {what}: {lost}; {NO_TRASH}"), line }
}
