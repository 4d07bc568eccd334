//! What can be done with what is selected: lines of the shell, made of words, so that no name can become a command.

use super::pane::Row;
use super::state::{Files, Side, say, transfers};
use crate::top::message::{Act, Naming, Question};
use crate::top::page::{Action, Binding};
use crate::top::shared::Shared;
use crate::top::typed::Typed;
use crate::top::widgets::cancel as cancel_command;
use crossterm::event::KeyCode;
use dfs_term::figures::{plural, size};
use dfs_term::quote::quote_words;
use dfs_term::text::sanitise;
use dfs_types::DfsPath;

/// Numbers of copies that are offered.
const COPIES_OFFERED: std::ops::RangeInclusive<u8> = 1..=4;
const NO_TRASH: &str = "there is no trash yet, it cannot be taken back";

/// The keys of this view.
pub(super) fn bindings(shared: &Shared) -> Vec<Binding> {
    let mut bindings = vec![
        Binding::new("enter", "open", "open a directory; look at the beginning of a file"),
        Binding::new("bksp", "up", "the directory above"),
        Binding::new("o", "pane", "the other pane; ← the DFS, → this machine"),
    ];
    if !shared.read_only {
        bindings.extend([
            Binding::new("u", "upload", "put what is selected on this machine into the directory of the DFS"),
            Binding::new("d", "download", "get what is selected in the DFS into the local directory"),
            Binding::new("n", "mkdir", "make a directory in the DFS"),
            Binding::new("r", "rename", "give what is selected in the DFS another name, or move it"),
            Binding::new("del", "delete", "delete what is selected in the DFS; it is asked first"),
            Binding::new("c", "copies", "set how many copies of what is selected there are"),
        ]);
    }
    bindings.extend([
        Binding::new("v", "preview", "the beginning of a file; esc closes it, pgup and pgdn scroll it"),
        Binding::new("i", "info", "the chunks of a file and where their copies are"),
        Binding::new("s", "sort", "by name, by size, by time, where all of a directory is loaded"),
    ]);
    if transfers(shared).next().is_some() {
        bindings.push(Binding::new("x", "cancel", "end the first transfer; the commands view ends any of them"));
    }
    bindings
}

/// What a key does that makes a line of the shell.
pub(super) fn act(files: &Files, key: KeyCode, shared: &Shared) -> Vec<Act> {
    if let Some(why) = shared.refusal() {
        return say(&format!("{why}: nothing is changed from here"));
    }
    let acted = match key {
        KeyCode::Char('u') => return upload(files).map_or_else(say, |line| vec![Act::Run(line)]),
        KeyCode::Char('n') => Ok(Act::Name(mkdir(files))),
        KeyCode::Char('d') => on_remote(files, false).map(|(row, path)| Act::Run(download(files, row, &path))),
        KeyCode::Char('r') => on_remote(files, true).map(|(_, path)| Act::Name(rename(files, &path))),
        KeyCode::Char('c') => on_remote(files, true).map(|_| Act::Type("setrep ".to_owned())),
        _ => on_remote(files, true).map(|(row, path)| Act::Ask(delete(row, &path))),
    };
    acted.map_or_else(say, |act| vec![act])
}

/// All of it for the palette.
pub(super) fn actions(files: &Files, shared: &Shared) -> Vec<Action> {
    let run = |line: String| Action { name: line.clone(), act: Act::Run(line) };
    let mut actions = Vec::new();
    if shared.read_only {
        return actions;
    }
    if let Ok((row, path)) = on_remote(files, false) {
        actions.push(run(download(files, row, &path)));
        actions.push(Action { name: quote_words(["mv", path.as_str()]), act: Act::Name(rename(files, &path)) });
        let delete = delete(row, &path);
        actions.push(Action { name: delete.line.clone(), act: Act::Ask(delete) });
        let recursive = row.directory.then_some("-R");
        let setrep = |copies: u8| {
            let copies = copies.to_string();
            let words = ["setrep"].into_iter().chain(recursive).chain([copies.as_str(), path.as_str()]);
            quote_words(words)
        };
        actions.extend(COPIES_OFFERED.map(setrep).map(run));
    }
    actions.extend(upload(files).ok().map(run));
    actions.push(Action { name: "mkdir".to_owned(), act: Act::Name(mkdir(files)) });
    actions
}

/// Ends the first transfer.
pub(super) fn cancel(shared: &Shared) -> Vec<Act> {
    match transfers(shared).next() {
        Some(command) => cancel_command(command),
        None => say("nothing is being transferred"),
    }
}

/// What is selected in the DFS. What changes it is refused while the keys are for this machine, where it is not looked at.
fn on_remote(files: &Files, changes: bool) -> Result<(&Row, DfsPath), &'static str> {
    if changes && files.side == Side::Local {
        return Err("only the DFS is changed from here: o goes to its pane");
    }
    files.remote.row().zip(files.remote_path()).ok_or("nothing is selected in the DFS")
}

fn upload(files: &Files) -> Result<String, &'static str> {
    let row = files.local.row().ok_or("nothing is selected on this machine")?;
    let path = files.local_path().ok_or("nothing is selected on this machine")?;
    let path = path.to_str().ok_or("its path is not UTF-8: it cannot be named in a line")?;
    let recursive = row.directory.then_some("-r");
    Ok(quote_words(["put"].into_iter().chain(recursive).chain([path, files.remote.path.as_str()])))
}

fn download(files: &Files, row: &Row, path: &DfsPath) -> String {
    let (recursive, directory) = (row.directory.then_some("-r"), files.local.path.to_string_lossy());
    quote_words(["get"].into_iter().chain(recursive).chain([path.as_str(), &directory]))
}

fn mkdir(files: &Files) -> Naming {
    let directory = files.remote.path.clone();
    let what = format!("new directory in {}", sanitise(directory.as_str()));
    Naming { what, words: vec!["mkdir".to_owned()], directory, name: Typed::default() }
}

fn rename(files: &Files, path: &DfsPath) -> Naming {
    let name = path.name().unwrap_or_default().to_owned();
    let what = format!("{} shall be called", sanitise(&name));
    let words = vec!["mv".to_owned(), path.as_str().to_owned()];
    Naming { what, words, directory: files.remote.path.clone(), name: name.into() }
}

/// The question says what will be lost.
fn delete(row: &Row, path: &DfsPath) -> Question {
    let shown = sanitise(path.as_str());
    let bytes = size(row.size.unwrap_or(0));
    let (what, line) = if row.directory {
        let (files, directories) =
            (plural(row.files, "file", "files"), plural(row.directories + 1, "directory", "directories"));
        (format!("{files}, {directories}, {bytes}"), quote_words(["rm", "-r", "--yes", path.as_str()]))
    } else {
        (bytes, quote_words(["rm", path.as_str()]))
    };
    Question { what: format!("delete {shown}: {what}; {NO_TRASH}"), line }
}
