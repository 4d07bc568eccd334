//! What the keys and the helper of the editor share while a line is typed.
//!
//! A key handler of the editor can only name a command. The one command that calls code of ours with the line is
//! completion: a handler leaves at the desk what the line is to become, and asks for a completion, which puts it in.

use super::menu::{Menu, Step};
use super::recall::Recall;
use parking_lot::Mutex;
use rustyline::Cmd;
use std::ops::Range;
use std::sync::Arc;

/// A desk that several use.
pub(super) type Shared = Arc<Mutex<Desk>>;

/// What lies there.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// What the next completion puts in.
    put: Option<Put>,
    pub recall: Option<Recall>,
    pub menu: Option<Menu>,
    /// How the line was left, where not by Enter.
    pub left: Option<Left>,
    /// The line goes on one that was typed before.
    pub continued: bool,
}

/// A line that was left without being entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It is given up.
    GivenUp,
    /// The lines before it are to be edited again.
    Back,
}

/// A text, and the part of the line that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Put {
    /// The line that it was meant for; in any other it has no place.
    line: String,
    pub range: Range<usize>,
    pub text: String,
}

impl Desk {
    /// Clears everything for a new line.
    pub(super) fn clear(&mut self, continued: bool) {
        *self = Self { continued, ..Self::default() };
    }

    /// Has the text put in the place of a part of the line.
    pub(super) fn put(&mut self, line: &str, range: Range<usize>, text: String) -> Cmd {
        self.put = Some(Put { line: line.to_owned(), range, text });
        Cmd::Complete
    }

    /// What is to be put into this line, if anything is.
    pub(super) fn pending(&mut self, line: &str) -> Option<&Put> {
        self.put = self.put.take().filter(|put| put.line == line);
        self.put.as_ref()
    }

    /// Takes what is to be put in from the desk.
    pub(super) fn take_put(&mut self) -> Option<Put> {
        self.put.take()
    }

    /// The menu below this line, if there is one.
    pub(super) fn menu_at(&mut self, line: &str, pos: usize) -> Option<&mut Menu> {
        self.menu.as_mut().filter(|menu| menu.is_at(line, pos))
    }

    /// Puts in another one of the menu below this line, if there is one.
    pub(super) fn step(&mut self, line: &str, pos: usize, step: Step) -> Option<Cmd> {
        let (range, text) = self.menu_at(line, pos)?.step(step)?;
        Some(self.put(line, range, text))
    }

    /// Closes the menu below this line, if there is one, and takes back what it has put in.
    pub(super) fn close(&mut self, line: &str, pos: usize) -> Option<Cmd> {
        let menu = self.menu.take().filter(|menu| menu.is_at(line, pos))?;
        match menu.back() {
            Some((range, text)) => Some(self.put(line, range, text)),
            None => Some(Cmd::Repaint),
        }
    }

    /// Closes the menu below this line, if something of it was put in, which stays.
    pub(super) fn accept(&mut self, line: &str, pos: usize) -> Option<Cmd> {
        self.menu_at(line, pos).filter(|menu| menu.has_selection())?;
        self.menu = None;
        Some(Cmd::Repaint)
    }

    /// Leaves the line as it is.
    pub(super) fn leave(&mut self, how: Left) -> Cmd {
        self.left = Some(how);
        // The editor draws the line once more, without its hint.
        Cmd::AcceptLine
    }
}
