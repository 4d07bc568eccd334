//! The details of one datanode: its properties, directories, rates, events and log.

use crate::nodes::{full, state, tone};
use crate::top::chart::{self, bar};
use crate::top::history::NODE_SECONDS_KEPT;
use crate::top::message::Effect;
use crate::top::shared::Shared;
use crate::top::widgets::{drain, event_line, text};
use crossterm::event::{KeyCode, KeyEvent};
use dfs_client::{AdminState, NodeState, NodeStatus};
use dfs_rpc::wire::DirectoryLoad;
use dfs_term::figures::{age, apart, count, percent, plural, rate, size};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, truncate};
use dfs_types::{DatanodeId, Error};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Interval between the arrival of the log and the next request.
const LOG_EVERY_MS: u64 = 3_000;
/// The maximum time to wait for a response.
const LOG_PATIENCE_MS: u64 = 20_000;
/// Maximum number of lines of the log that are kept.
const LOG_LINES_MAX: usize = 500;
/// From this width on, curves and log are to the right of the rest.
const WIDE: u16 = 140;
const NAME_CELLS: usize = 13;
/// Lines of figures, with the header; a draining datanode has one more.
const FACTS: u16 = 8;

/// The datanode that is shown.
#[derive(Debug)]
pub(super) struct One {
    id: DatanodeId,
    log: Option<Result<Vec<String>, Error>>,
    /// The times of the request for the log and of its arrival, in milliseconds of the dashboard's
    /// clock.
    asked_ms: Option<u64>,
    came_ms: u64,
    /// The number of lines that the log is scrolled up by.
    back: usize,
}

impl One {
    pub(super) fn new(id: DatanodeId) -> Self {
        Self { id, log: None, asked_ms: None, came_ms: 0, back: 0 }
    }

    pub(super) fn id(&self) -> DatanodeId {
        self.id
    }

    /// Requests the log if it is due.
    pub(super) fn ask(&mut self, shared: &Shared) -> Option<Effect> {
        let now = shared.now.elapsed_ms;
        let due = match self.asked_ms {
            Some(asked) => now >= asked + LOG_PATIENCE_MS,
            None => self.log.is_none() || now >= self.came_ms + LOG_EVERY_MS,
        };
        due.then(|| {
            self.asked_ms = Some(now);
            Effect::ReadLog { node: self.id.to_string() }
        })
    }

    pub(super) fn log_came(&mut self, node: &str, lines: &Result<Vec<String>, Error>, shared: &Shared) {
        if node != self.id.to_string() {
            return;
        }
        (self.asked_ms, self.came_ms) = (None, shared.now.elapsed_ms);
        let newest =
            |lines: &Vec<String>| lines.get(lines.len().saturating_sub(LOG_LINES_MAX)..).unwrap_or(&[]).to_vec();
        self.log = Some(lines.as_ref().map(newest).map_err(Error::clone));
    }

    /// Scrolls the log. Returns true if the key scrolls.
    pub(super) fn key(&mut self, key: KeyEvent, area: Rect, shared: &Shared) -> bool {
        let page = isize::from(Places::of(area, shared.node(self.id)).log.height as i16).max(2) - 1;
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.wheel(-1),
            KeyCode::Down | KeyCode::Char('j') => self.wheel(1),
            KeyCode::PageUp => self.wheel(-page),
            KeyCode::PageDown => self.wheel(page),
            KeyCode::Home => self.wheel(-(LOG_LINES_MAX as isize)),
            KeyCode::End => self.back = 0,
            _ => return false,
        }
        true
    }

    pub(super) fn wheel(&mut self, down: isize) {
        let lines = self.log.as_ref().and_then(|log| log.as_ref().ok()).map_or(0, Vec::len);
        self.back = self.back.saturating_add_signed(-down).min(lines.saturating_sub(1));
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
        let Some(node) = shared.node(self.id) else {
            let gone = format!("{} is not known: it never registered, or was forgotten.", self.id);
            return text(frame, Rect { height: 1, ..area }, gone);
        };
        let places = Places::of(area, Some(node));
        lines(frame, places.facts, facts(node, shared, places.facts.width.into()));
        curves(frame, places.curves, node, shared);
        lines(frame, places.directories, directories(node, places.directories, shared));
        lines(frame, places.events, self.events(places.events, shared));
        lines(frame, places.log, self.log_lines(places.log, shared));
    }

    /// Returns the events of the datanode, the newest that there is room for.
    fn events(&self, area: Rect, shared: &Shared) -> Vec<Line<'static>> {
        let Some(snapshot) = &shared.snapshot else { return Vec::new() };
        let of_it: Vec<_> = snapshot.events.iter().filter(|event| event.node == Some(self.id)).collect();
        let room = usize::from(area.height.saturating_sub(1));
        let newest = of_it.iter().skip(of_it.len().saturating_sub(room));
        let head = if of_it.is_empty() { "no events" } else { "events" };
        let zone = shared.zone();
        let told = newest.into_iter().map(|event| event_line(event, &shared.theme, &zone, area.width.into()));
        std::iter::once(Line::styled(head, shared.theme.head())).chain(told).collect()
    }

    fn log_lines(&self, area: Rect, shared: &Shared) -> Vec<Line<'static>> {
        let (theme, cells) = (&shared.theme, usize::from(area.width));
        let head = |text: String| Line::styled(truncate(&text, cells).into_owned(), theme.head());
        let lines = match &self.log {
            None => return vec![head("log: not read yet".to_owned())],
            Some(Err(error)) => {
                let what = truncate(&sanitise(&error.message), cells).into_owned();
                return vec![
                    head("the log could not be read".to_owned()),
                    Line::styled(what, theme.tone(Tone::Warning)),
                ];
            }
            Some(Ok(lines)) => lines,
        };
        let came = Duration::from_millis(shared.now.elapsed_ms.saturating_sub(self.came_ms));
        let at = match self.back {
            _ if lines.is_empty() => ": empty".to_owned(),
            0 => String::new(),
            back => format!(", {} before the end", plural(back as u64, "line", "lines")),
        };
        let room = usize::from(area.height.saturating_sub(1));
        let end = lines.len().saturating_sub(self.back);
        let shown = lines.get(end.saturating_sub(room)..end).unwrap_or(&[]);
        let shown = shown.iter().map(|line| Line::from(truncate(&sanitise(line), cells).into_owned()));
        std::iter::once(head(format!("end of the log, read {}{at}", age(came)))).chain(shown).collect()
    }
}

/// The areas of the parts.
struct Places {
    facts: Rect,
    curves: Rect,
    directories: Rect,
    events: Rect,
    log: Rect,
}

impl Places {
    fn of(area: Rect, node: Option<&NodeStatus>) -> Self {
        let directories = node.map_or(0, |node| u16::try_from(node.load.directories.len()).unwrap_or(u16::MAX));
        let facts = FACTS + u16::from(node.is_some_and(|node| node.admin_state == AdminState::Draining));
        let below = |area: Rect, lines: u16| {
            let lines = lines.min(area.height);
            let rest = Rect { y: area.y + lines, height: area.height - lines, ..area };
            (Rect { height: lines, ..area }, rest)
        };
        if area.width >= WIDE {
            // Figures are next to the curves; parts with long lines are below and take the full
            // width.
            let high = facts.saturating_add(directories).saturating_add(3).min(area.height / 2);
            let (upper, rest) = below(area, high);
            let left = Rect { width: area.width / 2 - 1, ..upper };
            let curves = Rect { x: area.x + left.width + 2, width: area.width - left.width - 2, ..upper };
            let curves = Rect { height: curves.height.saturating_sub(1), ..curves };
            let (facts, directories) = below(left, facts + 1);
            let (events, log) = below(rest, (rest.height / 3).clamp(2, 12));
            return Self { facts, curves, directories, events, log };
        }
        let (facts, rest) = below(area, facts);
        let (curves, rest) = below(rest, (rest.height / 3).min(8));
        let (directories, rest) = below(rest, directories.saturating_add(1).min((rest.height / 3).max(2)));
        let (events, log) = below(rest, (rest.height / 2).min(8));
        Self { facts, curves, directories, events, log }
    }
}

fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    for (row, line) in lines.into_iter().take(area.height.into()).enumerate() {
        text(frame, Rect { y: area.y + row as u16, height: 1, ..area }, line);
    }
}

fn facts(node: &NodeStatus, shared: &Shared, cells: usize) -> Vec<Line<'static>> {
    let (theme, load) = (&shared.theme, &node.load);
    let ms = Duration::from_millis;
    let heartbeat = format!("  last heartbeat {}", age(ms(shared.heartbeat_age_ms(node))));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{}  ", node.id), theme.head()),
        Span::styled(state(node), theme.tone(tone(node))),
        Span::styled(heartbeat, if node.state == NodeState::Live { theme.dim() } else { theme.tone(Tone::Warning) }),
    ])];
    let part = full(node).map_or_else(String::new, |part| format!("{} ", bar(part, 16)));
    let (used, free, capacity) = (load.used(), load.free(), load.capacity());
    let side = if node.skew_ms < 0 { "behind" } else { "ahead of" };
    let in_flight = [("read", "reads", load.reads_in_flight), ("write", "writes", load.writes_in_flight)];
    let [reads, writes] = in_flight.map(|(one, many, number)| plural(number.into(), one, many));
    let rows = [
        (
            "address",
            format!(
                "{}, registered {}, version {}",
                node.address,
                age(ms(node.registered_ms)),
                sanitise(&node.version)
            ),
        ),
        ("clock", format!("{} {side} the master's", apart(node.skew_ms))),
        ("space", format!("{part}{} of {}, {} free", percent(used, capacity), size(capacity), size(free))),
        ("chunks", chunks(node, shared)),
        ("drain", drain::told(node, shared).unwrap_or_default()),
        ("now", format!("{reads} and {writes} in flight")),
        ("since start", format!("{} read, {} written", size(load.bytes_read), size(load.bytes_written))),
        ("disk errors", count(load.disk_errors)),
    ];
    let rows = rows.into_iter().filter(|(name, value)| *name != "drain" || !value.is_empty());
    let tone = |name: &str| match name {
        "clock" if node.skew_ms.unsigned_abs() > dfs_diagnosis::SKEW_MAX_MS => Tone::Warning,
        "chunks" if node.last_replica > 0 => Tone::Bad,
        "chunks" if node.under_replicated > 0 => Tone::Warning,
        "disk errors" if load.disk_errors > 0 => Tone::Warning,
        "drain" => Tone::Command,
        _ if node.state != NodeState::Live => Tone::Dim,
        _ => Tone::Plain,
    };
    lines.extend(rows.map(|(name, value)| {
        let value = truncate(&value, cells.saturating_sub(NAME_CELLS)).into_owned();
        Line::from(vec![Span::styled(pad(name, NAME_CELLS), theme.dim()), Span::styled(value, theme.tone(tone(name)))])
    }));
    lines
}

/// Returns the health of its chunks in words.
fn chunks(node: &NodeStatus, shared: &Shared) -> String {
    let all = count(node.chunks);
    if node.state == NodeState::Dead {
        return format!("{all} at the last heartbeat; these replicas do not count now");
    }
    if shared.snapshot.as_ref().is_none_or(|snapshot| snapshot.status.counted_ms.is_none()) {
        return format!("{all}; the replicas of chunks have not been counted yet");
    }
    match (node.under_replicated, node.last_replica) {
        (0, _) => format!("{all}, each with all its replicas"),
        (under_replicated, 0) => format!("{all}; {} under-replicated", count(under_replicated)),
        (under_replicated, last_replica) => format!(
            "{all}; {} under-replicated, {} with one replica left",
            count(under_replicated),
            count(last_replica)
        ),
    }
}

fn directories(node: &NodeStatus, area: Rect, shared: &Shared) -> Vec<Line<'static>> {
    let (theme, directories) = (&shared.theme, &node.load.directories);
    let room = usize::from(area.height.saturating_sub(1));
    // Failed directories come first, so that none is cut off while a healthy one is shown.
    let mut order: Vec<&DirectoryLoad> = directories.iter().collect();
    order.sort_by_key(|directory| !directory.failed);
    let hidden = order.len().saturating_sub(room);
    let mut head = plural(directories.len() as u64, "directory", "directories");
    if hidden > 0 {
        head.push_str(&format!(", {hidden} of them not shown"));
    }
    let line = |directory: &&DirectoryLoad| {
        let part = if directory.capacity > 0 { directory.used as f64 / directory.capacity as f64 } else { 0.0 };
        let figures = format!(
            " {:>5}  {} of {}, {} free  ",
            percent(directory.used, directory.capacity),
            size(directory.used),
            size(directory.capacity),
            size(directory.free)
        );
        let (mark, tone) = if directory.failed { ("! failed ", Tone::Bad) } else { ("", Tone::Plain) };
        let used = dfs_term::text::width(mark) + 16 + dfs_term::text::width(&figures);
        let path = truncate(&sanitise(&directory.path), usize::from(area.width).saturating_sub(used)).into_owned();
        Line::from(vec![
            Span::styled(mark, theme.tone(tone)),
            Span::raw(bar(part, 16)),
            Span::raw(figures),
            Span::styled(path, theme.tone(Tone::Directory)),
        ])
    };
    std::iter::once(Line::styled(head, theme.head())).chain(order.iter().take(room).map(line)).collect()
}

/// Draws the bytes read and written in the seconds that are kept.
fn curves(frame: &mut Frame<'_>, area: Rect, node: &NodeStatus, shared: &Shared) {
    let history = shared.history.node(node.id);
    let high = (area.height / 2).max(1);
    for (index, name) in ["read", "written"].into_iter().enumerate() {
        let y = area.y + index as u16 * high;
        if y + high > area.bottom() {
            return;
        }
        let part = |second: Option<(f32, f32)>| {
            second.map(|(read, written)| f64::from(if index == 0 { read } else { written }))
        };
        let columns = usize::from(area.width).saturating_sub(NAME_CELLS + 12);
        let curve = match history {
            Some(history) => chart::columns(history.seconds().map(part), NODE_SECONDS_KEPT, columns),
            None => vec![None; columns],
        };
        let most = chart::most(&curve);
        let now = shared.rates(node).map(|rates| if index == 0 { rates.read } else { rates.written });
        let now = now.map_or_else(|| "not known".to_owned(), rate);
        for (row, blocks) in chart::rows(&curve, most, high.into()).into_iter().enumerate() {
            let (left, right) = match row {
                0 => (name.to_owned(), now.as_str()),
                1 if most > 0.0 => (format!("most {}", rate(most)), ""),
                _ => (String::new(), ""),
            };
            let left = match row {
                1 => pad(&left, NAME_CELLS + 12),
                _ => format!("{}{right:>11} ", pad(&left, NAME_CELLS)),
            };
            let spans =
                vec![Span::styled(left, shared.theme.dim()), Span::styled(blocks, shared.theme.tone(Tone::Command))];
            text(frame, Rect { y: y + row as u16, height: 1, ..area }, Line::from(spans));
        }
    }
}
