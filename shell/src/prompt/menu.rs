//! Draws the menu below the line: the completion candidates and the selected one. Pure.
//!
//! The editor draws it as a hint of several lines.

use super::choices::{Choice, Screen, completed_path};
use dfs_term::text::{columns_with, truncate, width};
use dfs_term::{Tone, View};
use std::borrow::Cow;
use std::ops::Range;

/// The number of cells between a word and its description.
const GAP: usize = 2;

/// A menu below the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Menu {
    list: Vec<Choice>,
    /// Set if there are more candidates than listed; holds their number if it is known.
    others: Option<Option<u64>>,
    /// True if the cluster did not answer in time.
    late: bool,
    /// The opening quote of the word.
    quote: Option<char>,
    /// The position of the word in the line, in bytes, and its typed text.
    start: usize,
    raw: String,
    selected: Option<usize>,
    /// The line that the menu belongs to, and the position of the cursor in it.
    line: String,
    pos: usize,
    /// The numbers of rows and columns, as last drawn.
    rows: usize,
}

/// A step of the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    Previous,
    Left,
    Right,
}

/// A menu without and with colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    pub plain: String,
    pub styled: String,
}

/// The content of a menu, without the line that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub list: Vec<Choice>,
    pub others: Option<Option<u64>>,
    pub late: bool,
    pub quote: Option<char>,
}

impl Menu {
    /// Returns a menu for the word from `start` to the cursor of this line.
    pub(super) fn new(content: Content, line: &str, start: usize, pos: usize) -> Self {
        let Content { list, others, late, quote } = content;
        let raw = line.get(start..pos).unwrap_or_default().to_owned();
        Self { list, others, late, quote, start, raw, selected: None, line: line.to_owned(), pos, rows: 1 }
    }

    /// Returns true if the menu belongs to this line and cursor position.
    pub(super) fn is_at(&self, line: &str, pos: usize) -> bool {
        self.line == line && self.pos == pos
    }

    pub(super) fn has_selection(&self) -> bool {
        self.selected.is_some()
    }

    /// Moves the selection; returns the range of the line to replace, and its new text.
    pub(super) fn step(&mut self, step: Step) -> Option<(Range<usize>, String)> {
        let count = self.list.len();
        let last = count.checked_sub(1)?;
        let next = match (self.selected, step) {
            (None, Step::Next | Step::Right) => 0,
            (None, Step::Previous | Step::Left) => last,
            (Some(at), Step::Next) => (at + 1) % count,
            (Some(at), Step::Previous) => at.checked_sub(1).unwrap_or(last),
            (Some(at), Step::Right) => {
                if at + self.rows <= last {
                    at + self.rows
                } else {
                    at
                }
            }
            (Some(at), Step::Left) => at.checked_sub(self.rows).unwrap_or(at),
        };
        self.selected = Some(next);
        let choice = self.list.get(next)?;
        Some(self.replaced(completed_path(&choice.text, self.quote, choice.ended)))
    }

    /// Returns the range of the line to restore, and the text that was typed there; none if nothing
    /// was inserted.
    pub(super) fn back(mut self) -> Option<(Range<usize>, String)> {
        self.selected?;
        let raw = std::mem::take(&mut self.raw);
        Some(self.replaced(raw))
    }

    fn replaced(&mut self, text: String) -> (Range<usize>, String) {
        let range = self.start..self.pos;
        let end = self.line.get(self.pos..).unwrap_or_default().to_owned();
        self.line.truncate(self.start);
        self.line.push_str(&text);
        self.pos = self.line.len();
        self.line.push_str(&end);
        (range, text)
    }

    /// Draws the page with the selected entry, in at most `screen.lines` lines.
    pub(super) fn draw(&mut self, screen: Screen, view: &View) -> Drawn {
        // A line of full width would wrap.
        let cells = screen.cells.saturating_sub(1).max(1);
        let page = self.page(cells, screen.lines.max(1));
        let (plain, rows) = self.entries(&page, cells, &View::default());
        let (styled, _) = self.entries(&page, cells, view);
        self.rows = rows;
        match self.note(page.end) {
            None => Drawn { plain, styled },
            Some(note) => {
                let note = truncate(&note, cells);
                Drawn {
                    plain: format!("{plain}\n{note}"),
                    styled: format!("{styled}\n{}", view.paint(Tone::Dim, &note)),
                }
            }
        }
    }

    /// Returns the range of entries on the same page as the selected one.
    fn page(&self, cells: usize, lines: usize) -> Range<usize> {
        let selected = self.selected.unwrap_or(0);
        let mut from = 0;
        loop {
            // Each entry takes at least one cell and a gap.
            let most = lines.saturating_mul(cells.div_ceil(1 + GAP) + 1);
            let mut end = self.list.len().min(most.saturating_add(from));
            let fits = |end: usize| {
                let (_, rows) = self.entries(&(from..end), cells, &View::default());
                rows + usize::from(self.note(end).is_some()) <= lines
            };
            while end > from + 1 && !fits(end) {
                end = from + ((end - from) * 9 / 10).max(1);
            }
            if selected < end || end >= self.list.len() {
                return from..end;
            }
            from = end;
        }
    }

    /// Draws the entries of a page, each line after a line feed; returns the text and the number of
    /// lines.
    fn entries(&self, page: &Range<usize>, cells: usize, view: &View) -> (String, usize) {
        let list = self.list.get(page.clone()).unwrap_or_default();
        let names: Vec<String> = list.iter().map(|choice| truncate(&choice.shown, cells).into_owned()).collect();
        let tone = |index: usize, name: &str| match self.selected == Some(page.start + index) {
            true => Tone::Selected,
            false if name.ends_with('/') => Tone::Directory,
            false => Tone::Plain,
        };
        let text = if list.iter().all(|choice| choice.about.is_none()) {
            columns_with(&names, cells, |index, name| match tone(index, name) {
                Tone::Plain => Cow::Borrowed(name),
                tone => view.paint(tone, name),
            })
        } else {
            let wide = names.iter().map(|name| width(name)).max().unwrap_or(0);
            let row = |(index, (name, choice)): (usize, (&String, &Choice))| {
                let about = choice.about.as_deref().unwrap_or_default();
                let about = truncate(about, cells.saturating_sub(wide + GAP)).into_owned();
                let gap = if about.is_empty() { String::new() } else { " ".repeat(wide - width(name) + GAP) };
                format!("{}{gap}{}\n", view.paint(tone(index, name), name), view.paint(Tone::Dim, &about))
            };
            names.iter().zip(list).enumerate().map(row).collect()
        };
        let rows = text.lines().count();
        (text.lines().flat_map(|line| ["\n", line]).collect(), rows)
    }

    /// Returns the note below a page that ends at `end`.
    fn note(&self, end: usize) -> Option<String> {
        let hidden = (self.list.len() - end) as u64;
        let others = match self.others {
            None => (hidden > 0).then_some(Some(hidden)),
            Some(others) => Some(others.map(|others| others + hidden)),
        };
        let stale = if self.late { " (stale)" } else { "" };
        match others {
            Some(Some(others)) => Some(format!("… and {} more{stale}", dfs_term::figures::count(others))),
            Some(None) => Some(format!("… and more{stale}")),
            None => self.late.then(|| "(stale)".to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "menu_tests.rs"]
mod tests;
