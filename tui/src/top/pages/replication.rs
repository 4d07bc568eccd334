//! The view of replication: live against wanted replicas of chunks, and the progress of
//! re-replication.

use crate::top::chart;
use crate::top::history::{SECONDS_KEPT, missing_replicas};
use crate::top::message::Act;
use crate::top::page::{Action, Binding, Page};
use crate::top::shared::Shared;
use crate::top::widgets::{drain, replicas_in_words, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::Snapshot;
use dfs_diagnosis::awaited;
use dfs_rpc::view::ReplicaCount;
use dfs_term::figures::{count, plural, span};
use dfs_term::report::Tone;
use dfs_term::text::pad;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

/// Higher numbers of live replicas share one column.
const LIVE_SHOWN_MAX: u8 = 6;
const NAME_CELLS: usize = 18;
const CELL: usize = 11;
/// Lists the files with under-replicated chunks.
const FIND_SHORT: &str = "find / -under-replicated";

#[derive(Debug, Default)]
pub struct Replication {
    /// The chosen cell: row and column of the matrix. `None` means the worst cell.
    chosen: Option<(usize, usize)>,
}

/// The state of a chunk by the number of its replicas, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Missing,
    Endangered,
    Under,
    Right,
    Over,
}

impl Class {
    fn of(wanted: u8, live: u8) -> Self {
        match live {
            0 => Self::Missing,
            1 if wanted > 1 => Self::Endangered,
            live if live < wanted => Self::Under,
            live if live == wanted => Self::Right,
            _ => Self::Over,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Endangered => "with one replica left",
            Self::Under => "under-replicated",
            Self::Right => "with all their replicas",
            Self::Over => "over-replicated",
        }
    }

    fn glyph(self) -> &'static str {
        match self {
            Self::Missing => "✗",
            Self::Endangered => "!",
            Self::Under => "~",
            Self::Right => "·",
            Self::Over => "+",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Missing => Tone::Bad,
            Self::Endangered | Self::Under => Tone::Warning,
            Self::Right => Tone::Good,
            Self::Over => Tone::Command,
        }
    }
}

impl Page for Replication {
    fn bindings(&self, _shared: &Shared) -> Vec<Binding> {
        vec![
            Binding::new("↑↓←→", "select", "select a cell of the matrix"),
            Binding::new("enter", "files", "list the files that have under-replicated chunks"),
        ]
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let (last, (row, column)) = match &shared.snapshot {
            Some(snapshot) => (wanted(snapshot).len().saturating_sub(1), self.place(snapshot)),
            None => Default::default(),
        };
        match key.code {
            KeyCode::Up => self.chosen = Some((row.saturating_sub(1), column)),
            KeyCode::Down => self.chosen = Some(((row + 1).min(last), column)),
            KeyCode::Left => self.chosen = Some((row, column.saturating_sub(1))),
            KeyCode::Right => self.chosen = Some((row, (column + 1).min(LIVE_SHOWN_MAX.into()))),
            KeyCode::Enter => return Some(vec![Act::Run(FIND_SHORT.to_owned())]),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let Some(snapshot) = &shared.snapshot else { return Vec::new() };
        let (rows, top) = (wanted(snapshot).len(), area.y + summary(snapshot, shared).len() as u16 + 2);
        let (Some(row), Some(cells)) = (event.row.checked_sub(top), event.column.checked_sub(area.x + CELL as u16))
        else {
            return Vec::new();
        };
        let (row, column) = (usize::from(row), usize::from(cells) / CELL);
        if matches!(event.kind, MouseEventKind::Down(_)) && row < rows && column <= LIVE_SHOWN_MAX.into() {
            self.chosen = Some((row, column));
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let Some(snapshot) = &shared.snapshot else { return };
        let theme = &shared.theme;
        let mut lines: Vec<Line<'static>> = Vec::new();
        for (name, value, tone) in summary(snapshot, shared) {
            lines.push(Line::from(vec![
                Span::styled(pad(name, NAME_CELLS), theme.dim()),
                Span::styled(value, theme.tone(tone)),
            ]));
        }
        lines.push(Line::default());
        lines.extend(self.matrix(snapshot, shared));
        lines.push(Line::default());
        let left = usize::from(area.height).saturating_sub(lines.len());
        let drains = drain::panel((left / 2).max(3), area.width.into(), shared);
        if !drains.is_empty() {
            lines.extend(drains);
            lines.push(Line::default());
        }
        let room = usize::from(area.height).saturating_sub(lines.len() + 1).min(8);
        if room > 0 {
            let seconds = shared
                .history
                .seconds()
                .map(|second| second?.missing_replicas.map(|missing_replicas| missing_replicas as f64));
            let columns = chart::columns(seconds, SECONDS_KEPT, usize::from(area.width));
            let most = chart::most(&columns);
            let worst =
                shared.history.seconds().flatten().filter_map(|second| second.missing_replicas).max().unwrap_or(0);
            let head = format!("missing replicas in the last 15 minutes, at most {}", count(worst));
            lines.push(Line::styled(head, theme.dim()));
            let rows = chart::rows(&columns, most, room);
            lines.extend(rows.into_iter().map(|row| Line::styled(row, theme.tone(Tone::Warning))));
        }
        for (row, line) in lines.into_iter().enumerate() {
            let place = Rect { y: area.y + row as u16, height: 1, ..area };
            text(frame, place.intersection(area), line);
        }
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        self.words(shared.snapshot.as_deref()?)
    }

    fn actions(&self, _shared: &Shared) -> Vec<Action> {
        let run = |line: &str| Action { name: line.to_owned(), act: Act::Run(line.to_owned()) };
        [FIND_SHORT, "fsck /"].map(run).into()
    }
}

/// Returns the numbers of wanted replicas for which `snapshot` has chunks.
fn wanted(snapshot: &Snapshot) -> Vec<u8> {
    snapshot.copies.iter().map(|count| count.wanted).collect::<BTreeSet<_>>().into_iter().collect()
}

fn chunks(copies: &[ReplicaCount], wanted: u8, live: u8) -> u64 {
    let there = |count: &&ReplicaCount| count.wanted == wanted && count.live.min(LIVE_SHOWN_MAX) == live;
    copies.iter().filter(there).map(|count| count.chunks).sum()
}

/// Returns the state of the replicas, the rate of re-replication and the time left.
fn summary(snapshot: &Snapshot, shared: &Shared) -> Vec<(&'static str, String, Tone)> {
    let status = &snapshot.status;
    let chunks = &status.replication;
    if status.counted_ms.is_none() {
        return vec![(
            "chunks",
            format!("{}; their replicas have not been counted yet", count(chunks.chunks)),
            Tone::Warning,
        )];
    }
    let missing_replicas = missing_replicas(snapshot);
    let rate = shared.history.repair_rate();
    let (tone, missing) = match (missing_replicas, chunks.missing) {
        (0, _) => (Tone::Good, "none: every chunk has all its replicas".to_owned()),
        (_, 0) => (Tone::Warning, format!("{} to be made", count(missing_replicas))),
        (_, missing) => (
            Tone::Bad,
            format!(
                "{} to be made; {} have no live replica to copy from",
                count(missing_replicas),
                plural(missing, "chunk", "chunks")
            ),
        ),
    };
    let speed = match rate {
        _ if missing_replicas == 0 && chunks.copying == 0 => "–".to_owned(),
        _ if missing_replicas == 0 => format!("{} being made, for draining datanodes", count(chunks.copying)),
        None if chunks.copying == 0 => "no replica is being made now".to_owned(),
        None => format!("{} being made; the rate is not known yet", count(chunks.copying)),
        Some(rate) => format!("{} being made, {rate:.1} a second", count(chunks.copying)),
    };
    let (name, eta) = match rate {
        _ if missing_replicas == 0 => ("done in", "–".to_owned()),
        None if chunks.copying == 0 => ("starts", awaited(status).to_owned()),
        None => ("done in", "not known yet".to_owned()),
        Some(rate) => {
            let left = Duration::from_secs_f64((missing_replicas as f64 / rate).clamp(1.0, 1e9));
            ("done in", format!("about {}", span(left)))
        }
    };
    vec![
        ("missing replicas", missing, tone),
        ("chunks", replicas_in_words(chunks), Tone::Plain),
        ("repair", speed, Tone::Plain),
        (name, eta, Tone::Plain),
    ]
}

impl Replication {
    /// Returns the chunks by wanted replicas, one row each, and live replicas, one column each.
    fn matrix(&self, snapshot: &Snapshot, shared: &Shared) -> Vec<Line<'static>> {
        let theme = &shared.theme;
        let heads: Vec<String> = (0..=LIVE_SHOWN_MAX)
            .map(|live| if live == LIVE_SHOWN_MAX { format!("{live}+ live") } else { format!("{live} live") })
            .collect();
        let head: String = heads.iter().map(|head| format!("{head:>CELL$}")).collect();
        let mut lines = vec![Line::styled(format!("{:CELL$}{head}", "WANTED"), theme.head())];
        let (wanted, place) = (wanted(snapshot), self.place(snapshot));
        for (row, wanted) in wanted.iter().enumerate() {
            let mut spans = vec![Span::raw(format!("{:CELL$}", format!("{wanted} replicas")))];
            for live in 0..=LIVE_SHOWN_MAX {
                let class = Class::of(*wanted, live);
                let chunks = chunks(&snapshot.copies, *wanted, live);
                let cell = if chunks == 0 { "–".to_owned() } else { format!("{} {}", class.glyph(), count(chunks)) };
                let chosen = (row, usize::from(live)) == place;
                let style = match chunks {
                    _ if chosen => theme.selected(),
                    0 => theme.dim(),
                    _ => theme.tone(class.tone()),
                };
                let blanks = CELL.saturating_sub(dfs_term::text::width(&cell));
                spans.push(Span::raw(" ".repeat(blanks)));
                spans.push(Span::styled(cell, style));
            }
            lines.push(Line::from(spans));
        }
        lines.push(match self.words(snapshot) {
            Some(chosen) => Line::styled(chosen, theme.dim()),
            None if snapshot.status.replication.chunks > 0 => Line::styled("the chunks are being counted", theme.dim()),
            None => Line::styled("there are no chunks yet", theme.dim()),
        });
        lines
    }

    /// Returns row and column of the chosen cell, within the matrix.
    fn place(&self, snapshot: &Snapshot) -> (usize, usize) {
        let wanted = wanted(snapshot);
        let worst = || {
            let cells = snapshot.copies.iter().map(|cell| (cell.wanted, cell.live.min(LIVE_SHOWN_MAX), cell.chunks));
            let worst = cells.min_by_key(|&(wanted, live, chunks)| (Class::of(wanted, live), Reverse(chunks)))?;
            Some((wanted.binary_search(&worst.0).ok()?, usize::from(worst.1)))
        };
        let (row, column) = self.chosen.or_else(worst).unwrap_or_default();
        (row.min(wanted.len().saturating_sub(1)), column)
    }

    /// Returns the selected cell in words.
    fn words(&self, snapshot: &Snapshot) -> Option<String> {
        let (row, column) = self.place(snapshot);
        let (wanted, live) = (*wanted(snapshot).get(row)?, u8::try_from(column).ok()?);
        let chunks = plural(chunks(&snapshot.copies, wanted, live), "chunk", "chunks");
        Some(format!("{chunks} {}: {live} live of {wanted} wanted", Class::of(wanted, live).word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let class = |wanted, live| Class::of(wanted, live);
        assert_eq!(class(3, 0), Class::Missing);
        assert_eq!((class(3, 1), class(1, 1)), (Class::Endangered, Class::Right));
        assert_eq!((class(3, 2), class(3, 3), class(2, 3)), (Class::Under, Class::Right, Class::Over));
    }
}
