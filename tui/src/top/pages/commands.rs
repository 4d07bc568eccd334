//! The commands that were run from the dashboard: their progress and their output.
//!
//! ```text
//!   STATE         TOOK     PROGRESS              LINE
//! > running       12 s     ███░░░░░ 41 % 88 MB/s put -r /home/ann/photos /data
//!   failed 1      0.12 s   –                     setrep 2 /data/none
//! ── setrep 2 /data/none: line 1 of 2
//! setrep: /data/none: no such file
//! ```

use crate::top::list::Selection;
use crate::top::message::{Act, CommandNews, CommandState, Message};
use crate::top::page::{Binding, Page};
use crate::top::shared::{CommandLine, Shared};
use crate::top::widgets::{cancel, progress, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_term::figures::{count, span};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, truncate};
use dfs_types::ErrorCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::time::Duration;
use unicode_width::UnicodeWidthChar;

const STATE_CELLS: usize = 12;
const TOOK_CELLS: usize = 8;
const PROGRESS_CELLS: usize = 26;
/// The number of cells that a key scrolls sideways.
const SIDE_CELLS: usize = 20;

#[derive(Debug, Default)]
pub struct Commands {
    /// The number of the command whose output is shown; `None` means the newest.
    chosen: Option<u64>,
    /// True if the chosen command was set by another view and must stay chosen on the next visit.
    asked_for: bool,
    /// The output is shown from this line and cell on.
    line: usize,
    cell: usize,
    /// True while this view is shown.
    shown: bool,
}

impl Commands {
    /// Chooses the command to show on the next visit to this view.
    pub fn choose(&mut self, number: u64) {
        self.show(Some(number));
        self.asked_for = true;
    }

    fn show(&mut self, number: Option<u64>) {
        (self.chosen, self.line, self.cell) = (number, 0, 0);
    }

    /// Returns the index of the chosen command, counted from the newest.
    fn place(&self, shared: &Shared) -> usize {
        let newest_first = || shared.commands.iter().rev();
        self.chosen.and_then(|number| newest_first().position(|command| command.number == number)).unwrap_or(0)
    }

    fn command<'s>(&self, shared: &'s Shared) -> Option<&'s CommandLine> {
        shared.commands.iter().rev().nth(self.place(shared))
    }

    /// Returns the act that marks the chosen command as read, which applies once it has ended.
    fn read(&self, shared: &Shared) -> Vec<Act> {
        self.command(shared).map(|command| Act::Read(command.number)).into_iter().collect()
    }

    fn choose_at(&mut self, at: usize, shared: &Shared) -> Vec<Act> {
        let number = shared.commands.iter().rev().nth(at).map(|command| command.number);
        if number.is_some() && number != self.command(shared).map(|command| command.number) {
            self.show(number);
        }
        self.read(shared)
    }

    fn scroll(&mut self, lines: isize, shared: &Shared) {
        let last = self.command(shared).map_or(0, |command| output(command).lines().count()).saturating_sub(1);
        self.line = self.line.saturating_add_signed(lines).min(last);
    }
}

/// Returns the areas of the list, above, and of the output, below.
fn split(area: Rect, commands: usize) -> (Rect, Rect) {
    let most = (area.height / 3).max(4);
    let rows = u16::try_from(commands + 1).unwrap_or(u16::MAX).min(most).min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

impl Page for Commands {
    fn bindings(&self, shared: &Shared) -> Vec<Binding> {
        let mut bindings = vec![
            Binding::new("↑ ↓", "select", "select a command; its output is below"),
            Binding::new("pgup/dn", "scroll", "scroll the output; ← → scroll it sideways"),
            Binding::new("enter", "repeat", "type the command again, to change or repeat it"),
        ];
        if self.command(shared).is_some_and(|command| command.ended_ms.is_none()) {
            bindings.push(Binding::new("x", "cancel", "cancel the command; again to abort it at once"));
        }
        bindings
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let command = self.command(shared)?;
        let page = isize::try_from(shared.area.height / 2).unwrap_or(1);
        match key.code {
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page, shared),
            KeyCode::PageUp => self.scroll(-page, shared),
            KeyCode::End => self.scroll(isize::MAX, shared),
            KeyCode::Home => (self.line, self.cell) = (0, 0),
            KeyCode::Right => self.cell = self.cell.saturating_add(SIDE_CELLS),
            KeyCode::Left => self.cell = self.cell.saturating_sub(SIDE_CELLS),
            KeyCode::Enter => return Some(vec![Act::Type(command.line.clone())]),
            KeyCode::Char('x') => return Some(cancel(command)),
            _ => {
                let mut selection = Selection { at: self.place(shared) };
                if !selection.key(key, shared.commands.len(), 2) {
                    return None;
                }
                return Some(self.choose_at(selection.at, shared));
            }
        }
        Some(self.read(shared))
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let (list, output) = split(area, shared.commands.len());
        let lines = match event.kind {
            MouseEventKind::ScrollDown => 3,
            MouseEventKind::ScrollUp => -3,
            _ => 0,
        };
        if output.contains((event.column, event.row).into()) {
            self.scroll(lines, shared);
            return Vec::new();
        }
        let mut selection = Selection { at: self.place(shared) };
        if lines != 0 {
            selection.wheel(lines.signum(), shared.commands.len());
        } else if let Some(row) = event.row.checked_sub(list.y + 1) {
            selection.at = selection.first(shared.commands.len(), rows_shown(list)) + usize::from(row);
        }
        self.choose_at(selection.at, shared)
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        let Message::Command(CommandNews { number, state: CommandState::Ended { .. } }) = message else {
            return Vec::new();
        };
        let is_seen = self.shown && self.command(shared).is_some_and(|command| command.number == *number);
        if is_seen { vec![Act::Read(*number)] } else { Vec::new() }
    }

    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        self.shown = true;
        if !std::mem::take(&mut self.asked_for) {
            // Failed commands that were not read come first.
            let unread = shared.commands.iter().rev().find(|command| command.ended_ms.is_some() && !command.read);
            self.show(unread.map(|command| command.number));
        }
        self.read(shared)
    }

    fn leave(&mut self) {
        self.shown = false;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let theme = &shared.theme;
        let Some(command) = self.command(shared) else {
            let what = "No commands have been run yet; : runs one.";
            return text(frame, Rect { height: 1, ..area }, Line::styled(what, theme.dim()));
        };
        let (list, below) = split(area, shared.commands.len());
        let head = format!("  {} LINE", head_cells("STATE", "TOOK", "PROGRESS"));
        text(frame, Rect { height: 1, ..list }, Line::styled(head, theme.head()));
        let (place, shown) = (self.place(shared), rows_shown(list));
        let first = Selection { at: place }.first(shared.commands.len(), shown);
        for (row, command) in shared.commands.iter().rev().skip(first).take(shown).enumerate() {
            let (state, tone) = state(command);
            let mark = if first + row == place { ">" } else { " " };
            let line =
                format!("{mark} {} {}", head_cells(&state, &took(command, shared), &progress(command)), command.line);
            let style = if first + row == place { theme.selected() } else { theme.tone(tone) };
            let line = truncate(&sanitise(&line), list.width.into()).into_owned();
            text(frame, Rect { y: list.y + 1 + row as u16, height: 1, ..list }, Line::styled(line, style));
        }
        self.draw_output(frame, below, command, shared);
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        self.command(shared).map(|command| command.line.clone())
    }
}

impl Commands {
    fn draw_output(&self, frame: &mut Frame<'_>, area: Rect, command: &CommandLine, shared: &Shared) {
        let theme = &shared.theme;
        let (output, cells) = (output(command), usize::from(area.width));
        let lines = output.lines().count();
        let told = match (command.ended_ms, lines) {
            (None, _) => "running; its output is shown when it ends".to_owned(),
            (Some(_), 0) => "no output".to_owned(),
            (Some(_), _) => format!("line {} of {}", count(self.line as u64 + 1), count(lines as u64)),
        };
        let title = format!("── {}: {told} ", truncate(&sanitise(&command.line), cells.saturating_sub(44)));
        let rule = "─".repeat(cells.saturating_sub(dfs_term::text::width(&title)));
        text(frame, Rect { height: 1.min(area.height), ..area }, Line::styled(title + &rule, theme.dim()));
        let room = usize::from(area.height.saturating_sub(1));
        for (row, line) in output.lines().skip(self.line).take(room).enumerate() {
            let line = sanitise(&line.replace('\t', "    ")).into_owned();
            let line = truncate(behind(&line, self.cell), cells).into_owned();
            text(frame, Rect { y: area.y + 1 + row as u16, height: 1, ..area }, line);
        }
    }
}

fn rows_shown(list: Rect) -> usize {
    usize::from(list.height.saturating_sub(1))
}

fn head_cells(state: &str, took: &str, progress: &str) -> String {
    format!("{} {} {}", pad(state, STATE_CELLS), pad(took, TOOK_CELLS), pad(progress, PROGRESS_CELLS))
}

/// Returns the output of a command so far.
fn output(command: &CommandLine) -> &str {
    match &command.state {
        CommandState::Ended { output, .. } => output,
        CommandState::Running { .. } | CommandState::WouldAsk(_) => "",
    }
}

/// Returns the state of a command in a word or two.
fn state(command: &CommandLine) -> (String, Tone) {
    match command.state {
        CommandState::Ended { code: 0, .. } => ("done".to_owned(), Tone::Good),
        CommandState::Ended { code, .. } if code == ErrorCode::Interrupted.exit_code() => {
            ("interrupted".to_owned(), Tone::Warning)
        }
        CommandState::Ended { code, .. } => (format!("failed {code}"), Tone::Bad),
        CommandState::Running { .. } | CommandState::WouldAsk(_) => ("running".to_owned(), Tone::Plain),
    }
}

fn took(command: &CommandLine, shared: &Shared) -> String {
    let until = command.ended_ms.unwrap_or(shared.now.elapsed_ms);
    span(Duration::from_millis(until.saturating_sub(command.began_ms)))
}

/// Returns the text without its first cells.
fn behind(text: &str, cells: usize) -> &str {
    let mut passed = 0;
    let start = text.char_indices().find(|(_, c)| {
        let is_behind = passed >= cells;
        passed += c.width().unwrap_or(0);
        is_behind
    });
    start.map_or("", |(at, _)| text.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
