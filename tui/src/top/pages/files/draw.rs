//! Draws the directories, the lower part and the transfers.

use super::pane::{ENTRIES_MAX, Pane, Row};
use super::state::{Files, Lower, Side, transfers};
use crate::top::shared::Shared;
use crate::top::widgets::{progress, text};
use dfs_term::figures::{count, plural, size, size_short, time};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, truncate, width};
use dfs_types::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines above the rows of a directory: its path and the column headers.
pub(super) const HEAD_LINES: u16 = 2;
/// Lines below the rows: the number of rows shown, or an error.
const FOOT_LINES: u16 = 1;
/// Maximum number of transfers that are shown.
const TRANSFERS_SHOWN: usize = 4;
/// A pane of at least this width shows times, not only dates.
const WIDE_CELLS: usize = 60;
const SIZE_CELLS: usize = 9;
/// A text may have at most one invalid character in so many.
const WRONG_IN_TEXT: usize = 20;

/// The areas of all parts.
pub(super) struct Places {
    remote: Rect,
    local: Rect,
    pub lower: Rect,
    transfers: Rect,
}

impl Places {
    pub(super) fn of(&self, side: Side) -> Rect {
        match side {
            Side::Remote => self.remote,
            Side::Local => self.local,
        }
    }
}

pub(super) fn places(files: &Files, area: Rect, shared: &Shared) -> Places {
    let moving = transfers(shared).count().min(TRANSFERS_SHOWN);
    let below = if moving == 0 { 0 } else { moving as u16 + 1 }.min(area.height / 3);
    let lower = if files.lower.is_some() { area.height * 2 / 5 } else { 0 };
    let high = area.height.saturating_sub(below + lower);
    let half = area.width.saturating_sub(1) / 2;
    let remote = Rect { width: half, height: high, ..area };
    let local = Rect { x: area.x + half + 1, width: area.width.saturating_sub(half + 1), ..remote };
    let lower = Rect { y: area.y + high, height: lower, ..area };
    Places { remote, local, lower, transfers: Rect { y: lower.y + lower.height, height: below, ..area } }
}

pub(super) fn rows_shown(pane: Rect) -> usize {
    usize::from(pane.height.saturating_sub(HEAD_LINES + FOOT_LINES))
}

pub(super) fn draw(files: &Files, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    let places = places(files, area, shared);
    let remote_path = sanitise(files.remote.path.as_str()).into_owned();
    let local_path = sanitise(&files.local.path.to_string_lossy()).into_owned();
    let on_remote = files.side == Side::Remote;
    draw_pane(&files.remote, &format!("dfs  {remote_path}"), on_remote, frame, places.remote, shared);
    draw_pane(&files.local, &format!("here {local_path}"), !on_remote, frame, places.local, shared);
    for y in places.remote.top()..places.remote.bottom() {
        let rule = Rect { x: places.remote.right(), y, width: 1, height: 1 };
        text(frame, rule.intersection(area), Line::styled("│", shared.theme.dim()));
    }
    if let Some(lower) = &files.lower {
        draw_lower(lower, frame, places.lower, shared);
    }
    draw_transfers(frame, places.transfers, shared);
}

fn draw_pane<P>(pane: &Pane<P>, title: &str, active: bool, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    let theme = &shared.theme;
    let cells = usize::from(area.width);
    let line = |row: u16| Rect { y: area.y + row, height: 1, ..area }.intersection(area);
    let mark = if active { ">" } else { " " };
    let style = if active { theme.head() } else { theme.dim() };
    text(frame, line(0), Line::styled(format!("{mark} {}", end_of(title, cells.saturating_sub(2))), style));
    let columns = Columns { cells: cells.saturating_sub(1), zone: shared.zone() };
    text(frame, line(1), Line::styled(format!("  {}", columns.line("NAME", "SIZE", "MODIFIED")), theme.dim()));
    let (shown, count) = (rows_shown(area), pane.shown_count());
    let (chosen, first) = (pane.chosen.within(count), pane.chosen.first(count, shown));
    for (at, row) in pane.shown().enumerate().skip(first).take(shown) {
        let mark = if at == chosen { ">" } else { " " };
        let style = match () {
            () if at == chosen && active => theme.selected(),
            () if row.directory => theme.tone(Tone::Directory),
            () => theme.tone(Tone::Plain),
        };
        let place = line(HEAD_LINES + (at - first) as u16);
        let marked = if pane.is_marked(&row.name) { "*" } else { " " };
        text(frame, place, Line::styled(format!("{mark}{marked}{}", columns.row(row)), style));
    }
    let (told, tone) = foot(pane);
    let told = truncate(&told, cells.saturating_sub(2)).into_owned();
    text(frame, line(area.height.saturating_sub(1)), Line::styled(format!("  {told}"), theme.tone(tone)));
}

/// Returns the number of rows that are shown, or the error of the directory.
fn foot<P>(pane: &Pane<P>) -> (String, Tone) {
    if let Some(error) = &pane.error {
        return (format!("✗ {}", sanitise(&error.to_string())), Tone::Bad);
    }
    let marked: Vec<&Row> = pane.targets().into_iter().filter(|row| pane.is_marked(&row.name)).collect();
    if !marked.is_empty() {
        let bytes = marked.iter().map(|row| row.size).sum::<Option<u64>>();
        let bytes = bytes.map_or_else(|| "not counted yet".to_owned(), size);
        return (format!("{} of {} marked, {bytes}", count(marked.len() as u64), all(pane)), Tone::Strong);
    }
    let loaded = pane.loaded();
    let sorted = pane.sort().word();
    match pane.shown_count() {
        _ if !pane.is_listed() => ("loading…".to_owned(), Tone::Dim),
        _ if loaded == 0 => ("empty".to_owned(), Tone::Dim),
        shown if shown < loaded && pane.has_more() => {
            // Entries that are not loaded might also match.
            let of = format!("of the first {}, {}", count(loaded as u64), count(shown as u64));
            (format!("{of} match the filter {}", sanitise(pane.filter())), Tone::Warning)
        }
        shown if shown < loaded => (
            format!("{} of {} match the filter {}", count(shown as u64), all(pane), sanitise(pane.filter())),
            Tone::Dim,
        ),
        _ if loaded >= ENTRIES_MAX && pane.has_more() => {
            (format!("the first {}; the rest is not shown", count(loaded as u64)), Tone::Warning)
        }
        _ => (format!("{}, by {sorted}", all(pane)), Tone::Dim),
    }
}

fn all<P>(pane: &Pane<P>) -> String {
    let more = if pane.has_more() { ", and more" } else { "" };
    format!("{}{more}", plural(pane.loaded() as u64, "entry", "entries"))
}

/// The columns of a pane of so many cells, two of which are the mark.
struct Columns {
    cells: usize,
    zone: TimeZone,
}

impl Columns {
    fn time_cells(&self) -> usize {
        if self.cells >= WIDE_CELLS { "2026-11-21 09:03".len() } else { "2026-11-21".len() }
    }

    fn line(&self, name: &str, size: &str, modified: &str) -> String {
        let times = self.time_cells();
        let room = self.cells.saturating_sub(2 + SIZE_CELLS + 2 + times);
        let name = pad(&truncate(name, room), room);
        format!("{name} {size:>SIZE_CELLS$} {modified:<times$}")
    }

    fn row(&self, row: &Row) -> String {
        let slash = if row.directory { "/" } else { "" };
        let name = format!("{}{slash}", sanitise(&row.name));
        let size = row.size.map_or_else(|| "–".to_owned(), size_short);
        let modified = row.modified.map_or_else(|| "–".to_owned(), |at| self.time(at));
        self.line(&name, &size, &modified)
    }

    fn time(&self, at: Timestamp) -> String {
        let whole = time(at, &self.zone);
        whole.get(..self.time_cells()).unwrap_or(&whole).to_owned()
    }
}

/// Returns the end of a text that is too long, because the end of a path is the most informative
/// part.
fn end_of(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut rest = text;
    while width(rest) >= cells && !rest.is_empty() {
        let mut letters = rest.chars();
        letters.next();
        rest = letters.as_str();
    }
    format!("…{rest}")
}

fn draw_lower(lower: &Lower, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    let theme = &shared.theme;
    let cells = usize::from(area.width);
    title(frame, area, shared, &format!("{} of {}: esc closes", lower.what, sanitise(lower.path.as_str())));
    let lines: Vec<String> = match &lower.text {
        None => vec!["loading…".to_owned()],
        Some(Err(error)) => vec![format!("✗ {}", sanitise(&error.message))],
        Some(Ok(text)) if text.is_empty() => vec!["empty".to_owned()],
        Some(Ok(text)) if !is_text(text) => vec!["a binary file; d downloads it".to_owned()],
        Some(Ok(text)) => text.lines().map(|line| sanitise(&line.replace('\t', "    ")).into_owned()).collect(),
    };
    let style = if matches!(lower.text, Some(Err(_))) { theme.tone(Tone::Bad) } else { theme.tone(Tone::Plain) };
    let room = usize::from(area.height.saturating_sub(1));
    let from = if lines.len() > 1 { lower.line } else { 0 };
    for (row, line) in lines.into_iter().skip(from).take(room).enumerate() {
        let place = Rect { y: area.y + 1 + row as u16, height: 1, ..area };
        text(frame, place, Line::styled(truncate(&line, cells).into_owned(), style));
    }
}

/// Returns true if the bytes are readable text. The last character may be cut.
fn is_text(text: &str) -> bool {
    let odd =
        |c: &char| *c == char::REPLACEMENT_CHARACTER || c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x1b');
    let wrong = text.trim_end_matches(char::REPLACEMENT_CHARACTER).chars().filter(odd).count();
    !text.contains('\0') && wrong * WRONG_IN_TEXT <= text.chars().count()
}

fn draw_transfers(frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    let moving = transfers(shared).count();
    if moving == 0 || area.height == 0 {
        return;
    }
    title(frame, area, shared, &format!("{}: x cancels the first", plural(moving as u64, "transfer", "transfers")));
    for (row, command) in transfers(shared).take(usize::from(area.height) - 1).enumerate() {
        let mark = if row == 0 { "x" } else { " " };
        let line = format!("{mark} {} {}", pad(&progress(command), 26), sanitise(&command.line));
        let place = Rect { y: area.y + 1 + row as u16, height: 1, ..area };
        text(frame, place, truncate(&line, area.width.into()).into_owned());
    }
}

/// Draws a title: `── what ──────`.
fn title(frame: &mut Frame<'_>, area: Rect, shared: &Shared, what: &str) {
    let cells = usize::from(area.width);
    let what = format!("── {} ", truncate(what, cells.saturating_sub(4)));
    let rule = "─".repeat(cells.saturating_sub(width(&what)));
    text(frame, Rect { height: 1.min(area.height), ..area }, Line::styled(what + &rule, shared.theme.dim()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_bytes() {
        assert!(is_text("a\tb\r\n漢 \x1b[31m") && is_text("cut \u{fffd}") && is_text(""));
        assert!(!is_text("a\0b") && !is_text("\u{fffd}\u{1}\u{fffd}PNG\u{fffd}x"));
    }

    #[test]
    fn columns_are_aligned_whatever_the_name() {
        let columns = Columns { cells: 40, zone: crate::top::shared::Shared::default().zone() };
        for name in
            ["a", "漢字漢字漢字漢字漢字漢字", "e\u{301}e\u{301}", "\x1b[31m\n", &"x".repeat(300), "🦀 crab", "-rf"]
        {
            for directory in [false, true] {
                let row = Row {
                    name: name.to_owned(),
                    directory,
                    size: Some(5 << 30),
                    modified: None,
                    files: 0,
                    directories: 0,
                    copies: 3,
                };
                assert_eq!(width(&columns.row(&row)), 38, "{name:?}");
            }
        }
        assert_eq!(end_of("/a/漢字/photos", 9), "…/photos");
    }
}
