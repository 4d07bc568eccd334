//! The view of recent events, as the answering master keeps them.

use crate::top::list::{Selection, matches};
use crate::top::message::Act;
use crate::top::page::{Binding, Page};
use crate::top::shared::Shared;
use crate::top::widgets::{event_line, event_text, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::Snapshot;
use dfs_rpc::view::{Event, Severity};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

#[derive(Debug, Default)]
pub struct Events {
    /// Counted from the newest; new events do not move the selected event.
    chosen: Selection,
    /// The number of the selected event; `None` means that the newest is followed.
    reading: Option<u64>,
    severity: Option<Severity>,
    filter: String,
}

impl Page for Events {
    fn bindings(&self, _shared: &Shared) -> Vec<Binding> {
        vec![
            Binding::new("enter", "why", "explain the state of the datanode that the event is about"),
            Binding::new("s", "severity", "show only warnings and errors, only errors, or all"),
            Binding::new("end", "follow", "follow the newest event"),
        ]
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let snapshot = shared.snapshot.as_ref()?;
        if key.code == KeyCode::Char('s') {
            self.severity = match self.severity {
                None => Some(Severity::Warning),
                Some(Severity::Warning) => Some(Severity::Error),
                Some(_) => None,
            };
            return Some(vec![Act::Say(format!("{} and worse", word(self.severity.unwrap_or(Severity::Info))))]);
        }
        let shown = self.shown(snapshot);
        self.chosen.at = self.place(&shown);
        if key.code == KeyCode::Enter {
            let node = shown.get(self.chosen.at).and_then(|event| event.node);
            let why = |node| Act::Run(format!("why {node}"));
            return Some(vec![node.map_or_else(|| Act::Say("the event is about no datanode".to_owned()), why)]);
        }
        let moved = self.chosen.key(key, shown.len(), usize::from(shared.area.height).saturating_sub(4));
        moved.then(|| {
            self.read(&shown);
            Vec::new()
        })
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let Some(snapshot) = &shared.snapshot else { return Vec::new() };
        let shown = self.shown(snapshot);
        let at = self.place(&shown);
        self.chosen.at = at;
        match event.kind {
            MouseEventKind::ScrollDown => self.chosen.wheel(3, shown.len()),
            MouseEventKind::ScrollUp => self.chosen.wheel(-3, shown.len()),
            _ => {
                let first = self.chosen.first(shown.len(), area.height.into());
                self.chosen.at = (first + usize::from(event.row - area.y)).min(shown.len().saturating_sub(1));
            }
        }
        self.read(&shown);
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let Some(snapshot) = &shared.snapshot else { return };
        let shown = self.shown(snapshot);
        if shown.is_empty() {
            let what = if snapshot.events.is_empty() {
                "No events since this master became leader."
            } else {
                "No event matches the filter."
            };
            return text(frame, area, Line::styled(what, shared.theme.dim()));
        }
        let at = self.place(&shown);
        let first = Selection { at }.first(shown.len(), area.height.into());
        for (row, (index, event)) in shown.iter().enumerate().skip(first).take(area.height.into()).enumerate() {
            let place = Rect { y: area.y + row as u16, height: 1, ..area };
            let mut line = event_line(event, &shared.theme, &shared.zone(), area.width.into());
            if index == at && self.reading.is_some() {
                line = line.style(shared.theme.selected());
            }
            text(frame, place, line);
        }
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter)
    }

    fn set_filter(&mut self, filter: String, _shared: &Shared) {
        self.filter = filter;
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        let shown = self.shown(shared.snapshot.as_deref()?);
        shown.get(self.place(&shown)).map(|event| event_text(event))
    }
}

impl Events {
    fn shown<'s>(&self, snapshot: &'s Snapshot) -> Vec<&'s Event> {
        let least = self.severity.unwrap_or(Severity::Info);
        let wanted = |event: &&Event| event.severity >= least && matches(&event_text(event), &self.filter);
        snapshot.events.iter().filter(wanted).collect()
    }

    /// Returns the index of the selected event. The selection does not change when others are added
    /// or removed.
    fn place(&self, shown: &[&Event]) -> usize {
        let last = shown.len().saturating_sub(1);
        self.reading.map_or(last, |number| shown.partition_point(|event| event.number < number).min(last))
    }

    /// Selects the chosen event; the newest is followed.
    fn read(&mut self, shown: &[&Event]) {
        let newest = self.chosen.at + 1 >= shown.len();
        self.reading = shown.get(self.chosen.at).filter(|_| !newest).map(|event| event.number);
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
