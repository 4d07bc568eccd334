//! The view of masters: the leader, the progress of each, the speed of the log's disk, the
//! background jobs of the leader.

use crate::top::list::Selection;
use crate::top::message::{Act, Message};
use crate::top::page::{Binding, Page};
use crate::top::shared::Shared;
use crate::top::theme::Theme;
use crate::top::widgets::{JobsFeed, pieces, text};
use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::{MasterStatus, Snapshot};
use dfs_rpc::view::LogStatus;
use dfs_term::figures::{count, latency, percent, plural};
use dfs_term::report::Tone;
use dfs_term::text::{pad, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Masters {
    chosen: Selection,
    /// The background jobs, requested with each snapshot.
    jobs: JobsFeed,
}

impl Page for Masters {
    fn bindings(&self, _shared: &Shared) -> Vec<Binding> {
        vec![Binding::new("↑ ↓", "select", "select a master; y copies its address")]
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let count = masters(shared).len();
        self.chosen.key(key, count, count).then(Vec::new)
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let row = event.row.checked_sub(area.y + 1).map(usize::from);
        if let (MouseEventKind::Down(_), Some(row)) = (event.kind, row.filter(|row| *row < masters(shared).len())) {
            self.chosen.at = row;
        }
        Vec::new()
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        self.jobs.hear(message, shared)
    }

    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        self.jobs.enter(shared)
    }

    fn leave(&mut self) {
        self.jobs.leave();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let Some(snapshot) = &shared.snapshot else { return };
        let theme = &shared.theme;
        let masters = masters(shared);
        let head = format!("{:<12} {:<10} {:<22} {:>14} {:>10}", "MASTER", "ROLE", "ADDRESS", "APPLIED", "LAG");
        text(frame, Rect { height: 1, ..area }, Line::styled(head, theme.head()));
        let furthest = masters.iter().map(|master| master.applied).max().unwrap_or(0);
        for (index, master) in masters.iter().enumerate() {
            let behind = furthest.saturating_sub(master.applied);
            let (known, late) = if master.role == "unknown" {
                ("–".to_owned(), "–".to_owned())
            } else {
                (count(master.applied), count(behind))
            };
            let row = format!(
                "{:<12} {:<10} {:<22} {known:>14} {late:>10}",
                master.id.to_string(),
                master.role,
                master.address.clone()
            );
            let style = match master.role.as_str() {
                _ if index == self.chosen.within(masters.len()) => theme.selected(),
                "unknown" => theme.tone(Tone::Warning),
                _ => theme.tone(Tone::Plain),
            };
            let place = Rect { y: area.y + 1 + index as u16, height: 1, ..area };
            text(frame, place.intersection(area), Line::styled(row, style));
        }
        let below = Rect { y: area.y + 2 + masters.len() as u16, ..area }.intersection(area);
        let rows = row_lines(rows(snapshot, shared), theme, usize::from(below.width));
        let jobs = Rect { y: below.y + rows.len() as u16 + 1, ..below }.intersection(below);
        lines(frame, below, rows);
        lines(frame, jobs, self.jobs.lines(theme, jobs));
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        let masters = masters(shared);
        masters.get(self.chosen.within(masters.len())).map(|master| master.address.clone())
    }
}

const NAME_CELLS: usize = 14;

/// Draws one line below the other, as far as there is room.
fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    for (row, line) in (0..area.height).zip(lines) {
        text(frame, Rect { y: area.y + row, height: 1, ..area }, line);
    }
}

/// Returns names and values as lines of `cells` cells.
fn row_lines(rows: Vec<(&'static str, String)>, theme: &Theme, cells: usize) -> Vec<Line<'static>> {
    let line = |(name, value): (&'static str, String)| {
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        let values = pieces(&value, cells.saturating_sub(NAME_CELLS));
        let line = |(name, value)| Line::from(vec![Span::styled(pad(name, NAME_CELLS), theme.dim()), Span::raw(value)]);
        names.zip(values).map(line).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(line).collect()
}

fn masters(shared: &Shared) -> &[MasterStatus] {
    shared.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.status.masters)
}

/// Returns the figures of the answering master's own log.
fn rows(snapshot: &Snapshot, shared: &Shared) -> Vec<(&'static str, String)> {
    let LogStatus { last, committed, applied, snapshot: compacted, changes, syncs, sync_us, sync_us_max, elections } =
        snapshot.log;
    let mean = Duration::from_micros(sync_us.checked_div(syncs).unwrap_or(0));
    let now = shared.history.now().and_then(|sample| sample.changes);
    let now = now.map_or_else(|| "rate not known".to_owned(), |now| format!("{now:.0}/s now"));
    let term = snapshot.status.term;
    let mode = match &snapshot.status.safe_mode {
        None => "off: changes are accepted".to_owned(),
        Some(mode) => {
            let by = mode.by.as_ref().map(|by| format!(", entered by {by}")).unwrap_or_default();
            let reported = percent(mode.chunks_reported, mode.chunks_total);
            format!("on{by}: {}; {reported} of the chunks have been reported", dfs_term::text::sanitise(&mode.reason))
        }
    };
    let rows = vec![
        (
            "term",
            match elections {
                0 => format!("{term}; no election since this master first saw a leader"),
                _ => {
                    let elections = plural(elections, "election", "elections");
                    format!("{term}; {elections} since this master first saw a leader")
                }
            },
        ),
        ("log", format!("last {}, committed {}, applied {}", count(last), count(committed), count(applied))),
        ("snapshot", format!("up to {}; {} entries since", count(compacted), count(applied.saturating_sub(compacted)))),
        ("changes", format!("{} since its start, {now}", count(changes))),
        (
            "syncs",
            format!(
                "{}, {} each, at most {} recently",
                count(syncs),
                latency(mean),
                latency(Duration::from_micros(sync_us_max))
            ),
        ),
        ("safe mode", mode),
    ];
    debug_assert!(rows.iter().all(|(name, _)| width(name) < NAME_CELLS));
    rows
}

#[cfg(test)]
mod tests {
    use crate::top::fixtures;
    use crate::top::message::{Effect, Message};
    use crate::top::update::update;
    use crossterm::event::{KeyCode, KeyEvent};
    use std::sync::Arc;

    #[test]
    fn the_jobs_are_asked_for_while_they_are_shown_one_answer_at_a_time() {
        let mut model = fixtures::model(fixtures::cluster(3));
        let asks = |effects: Vec<Effect>| effects.contains(&Effect::Jobs);
        let key = |key| Message::Key(KeyEvent::from(KeyCode::Char(key)));
        let picture = || Message::Picture(Arc::new(fixtures::cluster(3)), 0);
        assert!(!asks(update(&mut model, picture())), "nobody looks");
        assert!(asks(update(&mut model, key('6'))));
        assert!(!asks(update(&mut model, picture())), "the answer is awaited");
        update(&mut model, Message::Jobs(Ok(fixtures::jobs())));
        assert!(asks(update(&mut model, picture())));
        update(&mut model, Message::Jobs(Ok(fixtures::jobs())));
        update(&mut model, key('1'));
        assert!(!asks(update(&mut model, picture())));
    }
}
