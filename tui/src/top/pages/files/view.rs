//! The view of files: its keys, its mouse, its messages.

use super::state::{Files, Side};
use super::{draw, verbs};
use crate::top::message::{Act, CommandNews, CommandState, Message};
use crate::top::page::{Action, Binding, Page};
use crate::top::shared::Shared;
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::layout::Rect;

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
            KeyCode::Tab | KeyCode::Char('o') => self.turn(),
            KeyCode::Char(' ') | KeyCode::Insert => {
                self.mark();
                return Some(self.moved());
            }
            KeyCode::Char('*') => self.invert_marks(),
            KeyCode::Esc if self.lower.take().is_some() || self.unmark() => {}
            KeyCode::PageDown if self.scroll(half) => {}
            KeyCode::PageUp if self.scroll(-half) => {}
            KeyCode::Char('s') => return Some(self.sort()),
            KeyCode::Char('v') | KeyCode::F(3) => return Some(self.look("preview")),
            KeyCode::Char('i') => return Some(self.look("info")),
            KeyCode::Char('x') => return Some(verbs::cancel(shared)),
            code => {
                if let Some(verb) = verbs::Verb::of(code, self.side) {
                    return Some(verbs::act(self, verb, shared));
                }
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
        // A click on the selected row opens it.
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
                self.count_local()
            }
            Message::CountedLocal { path, name, bytes, whole, left } if *path == self.local.path => {
                self.counted(name, *bytes, *whole, *left);
                Vec::new()
            }
            Message::Looked { path, text } => {
                if let Some(lower) = self.lower.as_mut().filter(|lower| lower.path == *path) {
                    lower.text = Some(text.clone());
                }
                Vec::new()
            }
            Message::Command(CommandNews { number, state: CommandState::Ended { code, .. } }) => {
                let line = shared.commands.iter().find(|command| command.number == *number);
                self.command_ended(*code == 0, line.map_or("", |command| &command.line))
            }
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
        self.stop_counting();
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

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
