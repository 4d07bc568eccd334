//! Everything at a glance: is anything wrong, and what comes first?

use crate::top::chart::{self, bar};
use crate::top::list::Selection;
use crate::top::message::Act;
use crate::top::observation::Link;
use crate::top::page::{Action, Binding, Page};
use crate::top::shared::Shared;
use crate::top::widgets::{event_line, text};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent, MouseEventKind};
use dfs_client::{ClusterStatus, ReplicationStatus};
use dfs_diagnosis::{Finding, Grade};
use dfs_rpc::curve::Second;
use dfs_term::figures::{age, count, percent, plural, rate, size};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, truncate, width, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Spans of the curves, in seconds.
const SPANS: [usize; 4] = [60, 180, 300, 900];
/// Cells before the values.
const NAME_CELLS: usize = 11;
/// From this width on, what is wrong stands beside the figures.
const WIDE: u16 = 140;
/// Lines of a finding where there is little room: what, since, next.
const FINDING_LINES: u16 = 3;

#[derive(Debug, Default)]
pub struct Overview {
    /// Which finding is chosen.
    chosen: Selection,
    /// Which of [`SPANS`] the curves show.
    span: usize,
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
            _ => self.chosen.key(key, count, count).then(Vec::new),
        }
    }

    fn mouse(&mut self, event: MouseEvent, area: Rect, shared: &Shared) -> Vec<Act> {
        let count = shared.findings.len();
        match event.kind {
            MouseEventKind::ScrollDown => self.chosen.wheel(1, count),
            MouseEventKind::ScrollUp => self.chosen.wheel(-1, count),
            _ => {
                let places = Places::of(area);
                let inside = places.wrong.contains((event.column, event.row).into());
                let row = event.row.checked_sub(places.wrong.y + 1).filter(|_| inside);
                let drawn = self.wrong_lines(shared, places.wrong.width.into());
                if let Some((at, _)) = row.and_then(|row| drawn.get(usize::from(row))) {
                    self.chosen.at = *at;
                }
            }
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let Some(snapshot) = &shared.snapshot else { return };
        let places = Places::of(area);
        figures(frame, places.figures, shared, &snapshot.status);
        self.curves(frame, places.curves, shared);
        self.wrong(frame, places.wrong, shared);
        let title = Line::styled("recent events", shared.theme.head());
        text(frame, Rect { height: 1, ..places.events }, title);
        let room = usize::from(places.events.height.saturating_sub(1));
        if snapshot.events.is_empty() {
            let nothing = Line::styled("none since this master became leader", shared.theme.dim());
            text(
                frame,
                Rect { y: places.events.y + 1, height: 1, ..places.events }.intersection(places.events),
                nothing,
            );
        }
        let newest: Vec<_> = snapshot.events.iter().rev().take(room).collect();
        for (row, event) in newest.into_iter().rev().enumerate() {
            let place = Rect { y: places.events.y + 1 + row as u16, height: 1, ..places.events };
            text(frame, place, event_line(event, &shared.theme, &shared.zone(), place.width.into()));
        }
    }

    fn selected_text(&self, shared: &Shared) -> Option<String> {
        self.chosen(shared).map(|finding| finding.run.clone())
    }

    fn actions(&self, shared: &Shared) -> Vec<Action> {
        let typed = |finding: &Finding| Action { name: finding.run.clone(), act: Act::Run(finding.run.clone()) };
        shared.findings.iter().filter(|finding| finding.because.is_none()).map(typed).collect()
    }
}

/// Where things stand.
struct Places {
    figures: Rect,
    curves: Rect,
    wrong: Rect,
    events: Rect,
}

impl Places {
    fn of(area: Rect) -> Self {
        const FIGURES: u16 = 6;
        if area.width >= WIDE {
            let left = area.width * 55 / 100;
            let right = Rect { x: area.x + left + 2, width: area.width - left - 2, ..area };
            let wrong = right.height / 2;
            return Self {
                figures: Rect { width: left, height: FIGURES.min(area.height), ..area },
                curves: Rect { y: area.y + FIGURES, width: left, height: area.height.saturating_sub(FIGURES), ..area },
                wrong: Rect { height: wrong, ..right },
                events: Rect { y: right.y + wrong, height: right.height - wrong, ..right },
            };
        }
        let rest = area.height.saturating_sub(FIGURES);
        // Each curve as high as leaves half of the room to what is wrong and what happened.
        let each = (rest / 2 / CURVES.len() as u16).clamp(1, 4);
        let curves = if rest >= 14 { each * CURVES.len() as u16 } else { 2 };
        let wrong = (rest.saturating_sub(curves) * 3 / 5).min(1 + 3 * FINDING_LINES);
        let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        Self {
            figures: row(0, FIGURES.min(area.height)),
            curves: row(FIGURES, curves.min(rest)),
            wrong: row(FIGURES + curves, wrong),
            events: row(FIGURES + curves + wrong, rest.saturating_sub(curves + wrong)),
        }
    }
}

fn figures(frame: &mut Frame<'_>, area: Rect, shared: &Shared, status: &ClusterStatus) {
    let theme = &shared.theme;
    let health = shared.health();
    let grade = health.grade;
    let reason = match &health.reason {
        Some(reason) if matches!(shared.link, Link::Lost { .. }) => {
            format!(": {reason}; the figures are of {}", age(Duration::from_millis(shared.age_ms())))
        }
        Some(reason) => format!(": {}", sanitise(reason)),
        None => ": every chunk has all its replicas, every datanode is reporting".to_owned(),
    };
    let room = usize::from(area.width).saturating_sub(NAME_CELLS + width(&grade.sign()));
    let reason = truncate(&reason, room).into_owned();
    let first = vec![Span::styled(grade.sign(), theme.tone(grade.tone())), Span::raw(reason)];
    let chunks = &status.replication;
    let copies = match status.counted_ms {
        None => format!("{}; their replicas have not been counted yet", count(chunks.chunks)),
        Some(_) => replicas_in_words(chunks),
    };
    let masters: Vec<String> = status.masters.iter().map(|master| format!("{} {}", master.id, master.role)).collect();
    let names = format!(
        "{}, {}, {}",
        plural(status.files, "file", "files"),
        plural(status.directories, "directory", "directories"),
        size(status.bytes)
    );
    let room = usize::from(area.width).saturating_sub(NAME_CELLS);
    let meter = room.saturating_sub(46).clamp(8, 40);
    let full = if status.capacity == 0 { 0.0 } else { status.used as f64 / status.capacity as f64 };
    let (used, capacity) = (size(status.used), size(status.capacity));
    let space = vec![
        Span::styled(bar(full, meter), full_style(shared, full)),
        Span::raw(format!(
            " {used} of {capacity} ({}), {} free",
            percent(status.used, status.capacity),
            size(status.free)
        )),
    ];
    let drains = crate::nodes::drains(shared.nodes()).map(|drains| format!(", {drains}")).unwrap_or_default();
    let nodes = vec![
        Span::styled(format!("{} live", status.nodes_live), theme.tone(Tone::Good)),
        Span::raw(", "),
        Span::styled(format!("{} stale", status.nodes_stale), state_style(shared, Tone::Warning, status.nodes_stale)),
        Span::raw(", "),
        Span::styled(format!("{} dead", status.nodes_dead), state_style(shared, Tone::Bad, status.nodes_dead)),
        Span::styled(drains, theme.tone(Tone::Command)),
        Span::raw(format!("; {}", masters.join(", "))),
    ];
    let rows = [
        ("health", first),
        ("space", space),
        ("names", vec![names.into()]),
        ("chunks", vec![copies.into()]),
        ("nodes", nodes),
    ];
    for (row, (name, value)) in rows.into_iter().enumerate() {
        let mut spans = vec![Span::styled(pad(name, NAME_CELLS), theme.dim())];
        spans.extend(value);
        let place = Rect { y: area.y + row as u16, height: 1, ..area };
        text(frame, place.intersection(area), Line::from(spans));
    }
}

/// No colour for what is not there.
fn state_style(shared: &Shared, tone: Tone, count: u32) -> Style {
    if count == 0 { Style::new() } else { shared.theme.tone(tone) }
}

/// A disk that is nearly full is told apart.
fn full_style(shared: &Shared, part: f64) -> Style {
    let tone = match part {
        part if part >= 0.95 => Tone::Bad,
        part if part >= 0.8 => Tone::Warning,
        _ => Tone::Good,
    };
    shared.theme.tone(tone)
}

/// A curve: its name, its value in a second, and how that is written.
type Curve = (&'static str, fn(&Second) -> Option<f64>, fn(f64) -> String);

fn per_second(value: f64) -> String {
    format!("{}/s", count(value.round() as u64))
}

const CURVES: [Curve; 4] = [
    ("read", |sample| Some(sample.rates?.read), rate),
    ("written", |sample| Some(sample.rates?.written), rate),
    ("chunk ops", |sample| sample.rates.map(|rates| rates.reads + rates.writes), per_second),
    ("changes", |sample| sample.changes, per_second),
];

impl Overview {
    /// How far back the curves go.
    fn seconds(&self) -> usize {
        SPANS.get(self.span).copied().unwrap_or(SPANS[0])
    }

    fn chosen<'s>(&self, shared: &'s Shared) -> Option<&'s Finding> {
        shared.findings.get(self.chosen.within(shared.findings.len()))
    }

    /// As many curves as there is room for, each as high as may be.
    fn curves(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        const VALUE_CELLS: usize = 11;
        let high = (area.height / CURVES.len() as u16).clamp(1, 6);
        let columns = usize::from(area.width).saturating_sub(NAME_CELLS + VALUE_CELLS + 1);
        for (index, (name, value, written)) in CURVES.iter().enumerate() {
            let y = area.y + index as u16 * high;
            if y + high > area.bottom() {
                return;
            }
            let seconds = shared.history.seconds().map(|sample| sample.and_then(value));
            let curve = chart::columns(seconds, self.seconds(), columns);
            let most = chart::most(&curve);
            let now = shared.history.now().and_then(value).map_or_else(|| "not known".to_owned(), *written);
            for (row, blocks) in chart::rows(&curve, most, high.into()).into_iter().enumerate() {
                let (left, right) = match row {
                    0 => (*name, now.as_str()),
                    _ => ("", ""),
                };
                let spans = vec![
                    Span::styled(pad(left, NAME_CELLS), shared.theme.dim()),
                    Span::raw(format!("{right:>VALUE_CELLS$} ")),
                    Span::styled(blocks, shared.theme.tone(Tone::Command)),
                ];
                text(frame, Rect { y: y + row as u16, height: 1, ..area }, Line::from(spans));
            }
        }
    }

    /// The lines of the findings from the chosen one on, each with the finding that it belongs to.
    fn wrong_lines(&self, shared: &Shared, cells: usize) -> Vec<(usize, Line<'static>)> {
        let chosen = self.chosen.within(shared.findings.len());
        let findings = shared.findings.iter().enumerate().skip(chosen);
        let lines = |(at, finding)| told(finding, at == chosen, shared, cells).into_iter().map(move |line| (at, line));
        findings.flat_map(lines).collect()
    }

    /// Draws the findings.
    fn wrong(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let theme = &shared.theme;
        let title = match (shared.findings.len(), shared.health().grade) {
            (0, _) => "no findings".to_owned(),
            (count, Grade::Healthy) => plural(count as u64, "note", "notes"),
            (count, _) => {
                let at = self.chosen.within(count) + 1;
                let which = if count > 1 { format!("; {at} of {count} selected") } else { String::new() };
                format!("{}{which}", plural(count as u64, "finding", "findings"))
            }
        };
        text(frame, Rect { height: 1, ..area }, Line::styled(title, theme.head()));
        for (row, (_, line)) in self.wrong_lines(shared, area.width.into()).into_iter().enumerate() {
            let place = Rect { y: area.y + 1 + row as u16, height: 1, ..area };
            text(frame, place.intersection(area), line);
        }
    }
}

/// Returns how many replicas the chunks have, without classes that are empty.
fn replicas_in_words(chunks: &ReplicationStatus) -> String {
    let kinds = [
        (chunks.missing, "missing"),
        (chunks.endangered, "with one replica left"),
        (chunks.under, "under-replicated"),
        (chunks.over, "over-replicated"),
        (chunks.copying, "being re-replicated"),
    ];
    let there = kinds.iter().filter(|(chunks, _)| *chunks > 0);
    let there: Vec<String> = there.map(|(chunks, kind)| format!("{} {kind}", count(*chunks))).collect();
    match (chunks.chunks, there.as_slice()) {
        (0, []) => "none yet".to_owned(),
        (all, []) => format!("{}, each with all its replicas", count(all)),
        (all, there) => format!("{}: {}", count(all), there.join(", ")),
    }
}

/// Returns the lines of a finding: the fact and what it means, since when and what happens meanwhile, the command.
fn told(finding: &Finding, chosen: bool, shared: &Shared, cells: usize) -> Vec<Line<'static>> {
    let theme = &shared.theme;
    let (glyph, tone) = finding.severity.sign();
    let pieces = |what: &str| -> Vec<String> {
        let wrapped = wrap(what, Some(cells), 2);
        wrapped.lines().map(|line| truncate(line.trim_start(), cells.saturating_sub(2)).into_owned()).collect()
    };
    let meanwhile = match finding.since_ms.map(|ms| age(Duration::from_millis(ms))) {
        None => finding.meanwhile.clone(),
        Some(now) if now == "now" => format!("since just now; {}", finding.meanwhile),
        Some(ago) => format!("for {}; {}", ago.trim_end_matches(" ago"), finding.meanwhile),
    };
    // The command of a consequence stands at its cause.
    let last = match &finding.because {
        Some(cause) => (theme.dim(), format!("because {}", sanitise(cause))),
        None => (theme.tone(Tone::Command), finding.run.clone()),
    };
    let what_style = if chosen { theme.selected() } else { theme.head() };
    let mut lines = Vec::new();
    for (style, text) in [(what_style, sanitise(&finding.sentence()).into_owned()), (theme.dim(), meanwhile), last] {
        for piece in pieces(&text) {
            let first =
                if lines.is_empty() { Span::styled(format!("{glyph} "), theme.tone(tone)) } else { Span::raw("  ") };
            lines.push(Line::from(vec![first, Span::styled(piece, style)]));
        }
    }
    lines
}
