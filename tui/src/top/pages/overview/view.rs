//! The view of the overview: its keys, its mouse, and its parts.

use super::curves;
use super::figures::figures;
use super::places::{Needs, Places, finding_cells, finding_heights, is_roomy, lines};
use crate::nodes::{Mark, full};
use crate::top::list::Selection;
use crate::top::message::{Act, Message};
use crate::top::page::{Action, Binding, Page};
use crate::top::page_id::PageId;
use crate::top::shared::{CommandLine, Shared};
use crate::top::widgets::columns::{Column, heads, node_line};
use crate::top::widgets::{FindingList, JobsFeed, event_line, progress, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::NodeStatus;
use dfs_diagnosis::{Finding, Kind};
use dfs_term::figures::count;
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cmp::Reverse;

/// Spans of the curves, in seconds; the first is the default.
const SPANS: [usize; 4] = [300, 900, 60, 180];
/// Maximum number of datanodes that are sorted; no window has room for more.
const ROWS_MAX: usize = 200;
/// The jobs change slowly, and most dashboards show this view: they are requested less often than
/// snapshots.
const JOBS_EVERY_MS: u64 = 5_000;

#[derive(Debug)]
pub struct Overview {
    /// The kind of the finding that the user selected; there is at most one of each kind. It stays
    /// selected when it moves. `None` means that the first finding is followed.
    chosen: Option<Kind>,
    /// The index in [`SPANS`] of the span of the curves.
    span: usize,
    /// The indices of the worst datanodes in the snapshot, the worst first, then the fullest;
    /// sorted once per snapshot.
    rows: Vec<usize>,
    jobs: JobsFeed,
    /// True while this view is shown.
    shown: bool,
}

impl Default for Overview {
    fn default() -> Self {
        Self { chosen: None, span: 0, rows: Vec::new(), jobs: JobsFeed::every(JOBS_EVERY_MS), shown: false }
    }
}

impl Page for Overview {
    fn bindings(&self, shared: &Shared) -> Vec<Binding> {
        let mut bindings = vec![Binding::new("z", "span", "how far the curves go back: 1, 3, 5 or 15 minutes")];
        if !shared.findings.is_empty() {
            bindings.insert(0, Binding::new("enter", "fix", "type the command that the selected finding advises"));
            bindings.insert(1, Binding::new("↑ ↓", "select", "select a finding"));
        }
        bindings
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) -> Option<Vec<Act>> {
        let count = shared.findings.len();
        match key.code {
            KeyCode::Char('z') => {
                self.span = (self.span + 1) % SPANS.len();
                Some(vec![Act::Say(format!("the last {} minutes", self.seconds() / 60))])
            }
            KeyCode::Enter => self.chosen(shared).map(|finding| vec![Act::Type(finding.run.clone())]),
            _ => {
                let mut selection = Selection { at: self.selected(shared) };
                let moved = selection.key(key, count, count);
                moved.then(|| {
                    self.choose(selection.at, shared);
                    Vec::new()
                })
            }
        }
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let mut selection = Selection { at: self.selected(shared) };
        let count = shared.findings.len();
        match event.kind {
            MouseEventKind::ScrollDown => selection.wheel(1, count),
            MouseEventKind::ScrollUp => selection.wheel(-1, count),
            _ => {
                let places = self.places(area, shared);
                let row = |part: Rect| {
                    let inside = part.contains((event.column, event.row).into());
                    event.row.checked_sub(part.y + 1).filter(|_| inside).map(usize::from)
                };
                if let Some(row) = row(places.nodes) {
                    let at = self.rows.get(row).filter(|_| row < self.nodes_shown(places.nodes, shared));
                    let node = at.and_then(|at| shared.nodes().get(*at));
                    return vec![node.map_or(Act::Go(PageId::Nodes), |node| Act::Node(node.id))];
                }
                let drawn = self.list(shared, places.findings.width).lines(findings_room(places.findings));
                if let Some((at, _)) = row(places.findings).and_then(|row| drawn.get(row)) {
                    selection.at = *at;
                }
            }
        }
        self.choose(selection.at, shared);
        Vec::new()
    }

    fn hear(&mut self, message: &Message, shared: &Shared) -> Vec<Act> {
        if let Message::Picture(..) = message {
            self.arrange(shared);
            // A finding that has disappeared is not selected again when it returns.
            let is_there = |kind: &Kind| shared.findings.iter().any(|finding| finding.kind == *kind);
            self.chosen = self.chosen.filter(is_there);
        }
        // Jobs are not requested if there is no room for them.
        match message {
            Message::Picture(..) if !is_roomy(shared.area) => Vec::new(),
            Message::Picture(..) if self.shown => self.jobs.enter(shared),
            _ => self.jobs.hear(message, shared),
        }
    }

    fn enter(&mut self, shared: &Shared) -> Vec<Act> {
        self.shown = true;
        if is_roomy(shared.area) { self.jobs.enter(shared) } else { Vec::new() }
    }

    fn leave(&mut self) {
        self.shown = false;
        self.jobs.leave();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let places = self.places(area, shared);
        self.findings(frame, places.findings, shared);
        let Some(snapshot) = &shared.snapshot else { return };
        figures(frame, places.figures, shared, &snapshot.status);
        curves::draw(frame, places.curves, self.seconds(), shared);
        self.nodes(frame, places.nodes, shared);
        self.jobs(frame, places.jobs, shared);
        let title = Line::styled("recent events", shared.theme.head());
        let mut lines = vec![title];
        if snapshot.events.is_empty() {
            lines.push(Line::styled("none since this master became leader", shared.theme.dim()));
        }
        let room = usize::from(places.events.height.saturating_sub(1));
        let newest = snapshot.events.iter().skip(snapshot.events.len().saturating_sub(room));
        let (zone, cells) = (shared.zone(), usize::from(places.events.width));
        lines.extend(newest.map(|event| event_line(event, &shared.theme, &zone, cells)));
        draw_lines(frame, places.events, lines);
    }

    fn fresh(&self, area: Rect, shared: &Shared) -> Rect {
        self.places(area, shared).findings
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        self.chosen(shared).map(|finding| finding.run.clone())
    }

    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let typed = |finding: &Finding| Action { name: finding.run.clone(), act: Act::Run(finding.run.clone()) };
        shared.findings.iter().filter(|finding| finding.because.is_none()).map(typed).collect()
    }
}

/// Draws one line below the other, as far as there is room.
fn draw_lines(frame: &mut Frame<'_>, area: Rect, lines: impl IntoIterator<Item = Line<'static>>) {
    for (row, line) in (0..area.height).zip(lines) {
        text(frame, Rect { y: area.y + row, height: 1, ..area }, line);
    }
}

/// Returns the number of lines for findings in their area, below the title.
fn findings_room(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Returns the commands that were run from the dashboard and have not ended.
fn running(shared: &Shared) -> impl Iterator<Item = &CommandLine> {
    shared.commands.iter().filter(|command| command.ended_ms.is_none())
}

impl Overview {
    /// Returns the span of the curves in seconds.
    fn seconds(&self) -> usize {
        SPANS.get(self.span).copied().unwrap_or(SPANS[0])
    }

    /// Returns the index of the selected finding.
    fn selected(&self, shared: &Shared) -> usize {
        let place = |kind| shared.findings.iter().position(|finding| finding.kind == kind);
        self.chosen.and_then(place).unwrap_or(0)
    }

    fn chosen<'s>(&self, shared: &'s Shared) -> Option<&'s Finding> {
        shared.findings.get(self.selected(shared))
    }

    /// Selects a finding; selecting the first one means following it.
    fn choose(&mut self, at: usize, shared: &Shared) {
        self.chosen = shared.findings.get(at).filter(|_| at > 0).map(|finding| finding.kind);
    }

    /// Sorts the datanodes: the worst first, then the fullest.
    fn arrange(&mut self, shared: &Shared) {
        let key = |node: &NodeStatus| {
            let percent = full(node).map_or(0, |part| (part * 100.0).round() as u32);
            (Reverse(Mark::of(node)), Reverse(percent), node.id)
        };
        let mut keyed: Vec<_> = shared.nodes().iter().enumerate().map(|(at, node)| (key(node), at)).collect();
        if keyed.len() > ROWS_MAX {
            keyed.select_nth_unstable(ROWS_MAX);
            keyed.truncate(ROWS_MAX);
        }
        keyed.sort_unstable();
        self.rows = keyed.into_iter().map(|(_, at)| at).collect();
    }

    fn list<'s>(&self, shared: &'s Shared, cells: u16) -> FindingList<'s> {
        FindingList { shared, selected: self.selected(shared), cells: cells.into() }
    }

    fn places(&self, area: Rect, shared: &Shared) -> Places {
        let Some(snapshot) = &shared.snapshot else { return Places { findings: area, ..Places::default() } };
        let running = running(shared).count();
        let with_head = |rows: usize| if rows > 0 { lines(rows + 1) } else { 0 };
        let needs = Needs {
            findings: finding_heights(&self.list(shared, finding_cells(area))),
            nodes: with_head(shared.nodes().len()),
            jobs: with_head(self.jobs.count()) + with_head(running),
            busy: with_head(self.jobs.busy()) + with_head(running),
            events: lines(snapshot.events.len().max(1) + 1),
        };
        Places::of(area, &needs)
    }

    fn findings(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let list = self.list(shared, area.width);
        let title = Line::styled(list.title(), shared.theme.head());
        let lines = list.lines(findings_room(area)).into_iter().map(|(_, line)| line);
        draw_lines(frame, area, std::iter::once(title).chain(lines));
    }

    /// Returns the number of datanodes for which there is room below the head.
    fn nodes_shown(&self, area: Rect, shared: &Shared) -> usize {
        let (all, room) = (shared.nodes().len(), usize::from(area.height.saturating_sub(1)));
        if all <= room.min(ROWS_MAX) { all } else { room.saturating_sub(1).min(ROWS_MAX) }
    }

    /// Draws the worst datanodes; if there is no room for all, the last line is the number of the
    /// others.
    fn nodes(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let nodes = shared.nodes();
        if area.height < 2 || nodes.is_empty() {
            return;
        }
        let columns = Column::fitting(area.width.into(), Column::State, nodes);
        let shown = self.nodes_shown(area, shared);
        let mut lines = vec![Line::styled(heads(&columns, None), shared.theme.head())];
        let of_node = |at: &usize| nodes.get(*at).map(|node| node_line(node, &columns, shared));
        lines.extend(self.rows.iter().take(shown).filter_map(of_node));
        if shown < nodes.len() {
            let more = format!("and {} more: 2 shows all", count((nodes.len() - shown) as u64));
            lines.push(Line::styled(more, shared.theme.dim()));
        }
        draw_lines(frame, area, lines);
    }

    /// Draws the running commands and the background jobs.
    fn jobs(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let theme = &shared.theme;
        let mut lines = Vec::new();
        for command in running(shared) {
            if lines.is_empty() {
                lines.push(Line::styled("running commands: 8 shows all", theme.head()));
            }
            let line = format!("{}  {}", progress(command), sanitise(&command.line));
            lines.push(Line::styled(truncate(&line, area.width.into()).into_owned(), theme.tone(Tone::Command)));
        }
        let height = area.height.saturating_sub(lines.len() as u16);
        if height > 1 {
            lines.extend(self.jobs.short_lines(theme, Rect { height, ..area }));
        }
        draw_lines(frame, area, lines);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
