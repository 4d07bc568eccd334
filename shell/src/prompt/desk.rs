//! Holds the state that the key handlers and the helper of the editor share while a line is typed.
//!
//! A key handler of the editor can only name a command. Completion is the only command that passes
//! the line to our code: a handler stores the wanted edit on the desk and requests a completion,
//! which applies it.

use super::menu::{Menu, Step};
use super::recall::Recall;
use parking_lot::Mutex;
use rustyline::Cmd;
use std::ops::Range;
use std::sync::Arc;

/// A desk shared by the key handlers and the helper.
pub(super) type Shared = Arc<Mutex<Desk>>;

/// The shared state of one line.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The edit that the next completion applies.
    put: Option<Put>,
    pub recall: Option<Recall>,
    pub menu: Option<Menu>,
    /// The way the line was left, if not by Enter.
    pub left: Option<Left>,
    /// True if the line continues one that was typed before.
    pub continued: bool,
}

/// The way a line was left without Enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The line was discarded.
    GivenUp,
    /// The user wants to edit the previous lines again.
    Back,
}

/// An edit: a text and the range of the line that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Put {
    /// The line that the edit applies to. It is discarded for any other line.
    line: String,
    pub range: Range<usize>,
    pub text: String,
}

impl Desk {
    /// Clears everything for a new line.
    pub(super) fn clear(&mut self, continued: bool) {
        *self = Self { continued, ..Self::default() };
    }

    /// Schedules an edit that replaces a range of the line.
    pub(super) fn put(&mut self, line: &str, range: Range<usize>, text: String) -> Cmd {
        self.put = Some(Put { line: line.to_owned(), range, text });
        Cmd::Complete
    }

    /// Returns the pending edit of this line, if any; discards an edit of another line.
    pub(super) fn pending(&mut self, line: &str) -> Option<&Put> {
        self.put = self.put.take().filter(|put| put.line == line);
        self.put.as_ref()
    }

    /// Takes the pending edit.
    pub(super) fn take_put(&mut self) -> Option<Put> {
        self.put.take()
    }

    /// Returns the menu of this line, if one is open.
    pub(super) fn menu_at(&mut self, line: &str, pos: usize) -> Option<&mut Menu> {
        self.menu.as_mut().filter(|menu| menu.is_at(line, pos))
    }

    /// Selects another entry of the menu of this line and inserts it, if a menu is open.
    pub(super) fn step(&mut self, line: &str, pos: usize, step: Step) -> Option<Cmd> {
        let (range, text) = self.menu_at(line, pos)?.step(step)?;
        Some(self.put(line, range, text))
    }

    /// Closes the menu of this line, if one is open, and reverts the text that it inserted.
    pub(super) fn close(&mut self, line: &str, pos: usize) -> Option<Cmd> {
        let menu = self.menu.take().filter(|menu| menu.is_at(line, pos))?;
        match menu.back() {
            Some((range, text)) => Some(self.put(line, range, text)),
            None => Some(Cmd::Repaint),
        }
    }

    /// Closes the menu of this line if an entry was inserted, and keeps that text.
    pub(super) fn accept(&mut self, line: &str, pos: usize) -> Option<Cmd> {
        self.menu_at(line, pos).filter(|menu| menu.has_selection())?;
        self.menu = None;
        Some(Cmd::Repaint)
    }

    /// Leaves the line unchanged.
    pub(super) fn leave(&mut self, how: Left) -> Cmd {
        self.left = Some(how);
        // This makes the editor redraw the line without its hint.
        Cmd::AcceptLine
    }
}
