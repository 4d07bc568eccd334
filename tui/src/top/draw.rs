//! Draws the dashboard.
//!
//! ```text
//! dfs 1c33a995 · healthy │ leader master-1, term 3 │ …          the status line
//!  1 overview  2 nodes  3 heatmap …                             the tabs of the views
//! …                                                             one view
//! enter open  s sort  / filter  ? help                          the keys, or a message
//! ```

mod overlay;

use crate::top::model::Model;
use crate::top::observation::Link;
use crate::top::page_id::PageId;
use crate::top::playback::Playback;
use crate::top::shared::Shared;
use crate::top::widgets::{FindingList, page_area, text};
use crate::top::window::{FootPart, foot_parts, tab_texts};
use dfs_client::NodeState;
use dfs_term::figures::{age, time_seconds};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate, width};
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// The minimum size of the window in columns and lines; a smaller one has no room for readable
/// content.
pub const COLUMNS_MIN: u16 = 60;
pub const LINES_MIN: u16 = 16;

/// Cells of the status line that a message about a lost connection leaves free.
const LOST_REST_CELLS: usize = 24;
/// Minimum number of cells for that message.
const LOST_CELLS_MIN: usize = 20;

/// Draws the whole window.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    draw_all(model, frame);
    model.shared.theme.replace_glyphs(frame.buffer_mut());
}

fn draw_all(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        return too_small(frame, area);
    }
    let shared = &model.shared;
    text(frame, Rect { height: 1, ..area }, trust(shared, area.width.into()));
    text(frame, Rect { y: area.y + 1, height: 1, ..area }, tabs(model));
    let inside = page_area(area);
    let has_picture = shared.snapshot.is_some();
    let is_lost = matches!(shared.link, Link::Lost { .. });
    match model.page {
        _ if has_picture => model.current().draw(frame, inside, shared),
        PageId::Overview if is_lost => model.current().draw(frame, inside, shared),
        PageId::Commands => model.current().draw(frame, inside, shared),
        _ if is_lost => only_findings(frame, inside, shared),
        _ => text(frame, inside, "Waiting for the first answer of a master…"),
    }
    if shared.is_old() && has_picture {
        // Old content is dimmed. The finding that no master answers is current and is not part of
        // the snapshot.
        let fresh = if is_lost { model.current().fresh(inside, shared) } else { Rect::ZERO };
        for part in around(inside, fresh) {
            frame.buffer_mut().set_style(part, shared.theme.dim());
        }
    }
    foot(model, frame, Rect { y: area.bottom() - 1, height: 1, ..area });
    overlay::draw(model, frame, inside);
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let what = format!("dfs-top needs {COLUMNS_MIN}×{LINES_MIN}, this is {}×{}", area.width, area.height);
    for (row, piece) in pieces(&what, area.width.into()).into_iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        if row < area.height {
            text(frame, Rect { y: area.y + row, height: 1, ..area }, piece);
        }
    }
}

/// Splits the text into pieces of so many cells; all its characters take one cell.
fn pieces(what: &str, cells: usize) -> Vec<String> {
    let letters: Vec<char> = what.chars().collect();
    letters.chunks(cells.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// Draws the findings in a view that has no snapshot to show.
fn only_findings(frame: &mut Frame<'_>, area: Rect, shared: &Shared) {
    let list = FindingList { shared, selected: 0, cells: area.width.into() };
    for (row, (_, line)) in (0..area.height).zip(list.lines(area.height.into())) {
        text(frame, Rect { y: area.y + row, height: 1, ..area }, line);
    }
}

/// Returns the parts of an area around a hole in it.
fn around(area: Rect, hole: Rect) -> [Rect; 4] {
    let hole = hole.intersection(area);
    if hole.is_empty() {
        return [area, Rect::ZERO, Rect::ZERO, Rect::ZERO];
    }
    let above = Rect { height: hole.y - area.y, ..area };
    let below = Rect { y: hole.bottom(), height: area.bottom() - hole.bottom(), ..area };
    let left = Rect { width: hole.x - area.x, x: area.x, ..hole };
    let right = Rect { x: hole.right(), width: area.right() - hole.right(), ..hole };
    [above, below, left, right]
}

/// Returns the status line: the cluster, its health, the age of the snapshot, and the number of
/// datanodes that do not report.
fn trust(shared: &Shared, cells: usize) -> Line<'static> {
    let theme = &shared.theme;
    let bar = || Span::styled(" │ ", theme.dim());
    let health = shared.health();
    let mut spans = match &shared.replay {
        Some(playback) => vec![Span::styled(moment(shared, playback), theme.tone(Tone::Command)), bar()],
        None => {
            let context = shared.context.as_ref().map(|name| format!("{} ", sanitise(name))).unwrap_or_default();
            vec![Span::styled("dfs ", theme.head()), Span::styled(context, theme.head())]
        }
    };
    let again = if shared.replay.is_some() { "" } else { ", trying again" };
    if let Link::Lost { since_ms, error } = &shared.link {
        let gone = Duration::from_millis(shared.now.elapsed_ms.saturating_sub(*since_ms));
        let lost = match gone.as_secs() {
            0 => "LOST".to_owned(),
            _ => format!("LOST for {}{again}", dfs_term::figures::span(gone)),
        };
        let what = format!("{lost}: {}", sanitise(&error.message));
        let told = spans.iter().map(Span::width).sum::<usize>();
        let room = cells.saturating_sub(told + LOST_REST_CELLS).max(LOST_CELLS_MIN);
        spans.push(Span::styled(truncate(&what, room).into_owned(), theme.tone(Tone::Bad)));
        if shared.snapshot.is_some() {
            spans.extend([bar(), Span::styled(format!("as of {}", picture_age(shared)), theme.tone(Tone::Warning))]);
        }
    } else if let Some(snapshot) = &shared.snapshot {
        let status = &snapshot.status;
        if shared.replay.is_none() {
            let cluster = status.cluster.to_string();
            spans.push(Span::styled(format!("{} ", cluster.get(..8).unwrap_or(&cluster)), theme.dim()));
        }
        spans.push(Span::styled(health.grade.sign(), theme.tone(health.grade.tone())));
        let leader = status.leader.map_or_else(|| "no leader".to_owned(), |leader| format!("leader {leader}"));
        let tone = if status.leader.is_none() { Tone::Bad } else { Tone::Plain };
        spans.extend([bar(), Span::styled(format!("{leader}, term {}", status.term), theme.tone(tone))]);
        let tone = if shared.is_old() { Tone::Warning } else { Tone::Plain };
        spans.extend([bar(), Span::styled(format!("as of {}", picture_age(shared)), theme.tone(tone))]);
        let silent = shared.nodes().iter().filter(|node| node.state != NodeState::Live).count();
        let (heartbeat, tone) = match silent {
            0 => ("all reporting".to_owned(), Tone::Plain),
            _ => (format!("{silent} not reporting"), Tone::Warning),
        };
        spans.extend([bar(), Span::styled(heartbeat, theme.tone(tone))]);
    }
    if shared.frozen {
        spans.extend([bar(), Span::styled("FROZEN", theme.tone(Tone::Warning))]);
    }
    if shared.recorded {
        spans.extend([bar(), Span::styled("recorded", theme.tone(Tone::Command))]);
    }
    if shared.read_only && shared.replay.is_none() {
        spans.extend([bar(), Span::styled("read-only", theme.dim())]);
    }
    fitted(spans, cells)
}

/// Returns the date of the recording and the current position in it.
fn moment(shared: &Shared, playback: &Playback) -> String {
    let time = time_seconds(shared.now.calendar, &TimeZone::UTC);
    format!("recording · {time} UTC · {}", playback.told(shared.now.elapsed_ms))
}

fn picture_age(shared: &Shared) -> String {
    age(Duration::from_millis(shared.age_ms()))
}

/// Returns as many spans as fit; the last one may be cut.
fn fitted(spans: Vec<Span<'static>>, cells: usize) -> Line<'static> {
    let mut left = cells;
    let mut line = Vec::new();
    for span in spans {
        let wide = width(&span.content);
        if wide > left {
            line.push(Span::styled(truncate(&span.content, left).into_owned(), span.style));
            break;
        }
        left -= wide;
        line.push(span);
    }
    Line::from(line)
}

fn tabs(model: &Model) -> Line<'static> {
    let theme = &model.shared.theme;
    let style = |page| if page == model.page { theme.selected() } else { Style::new() };
    let tabs = tab_texts(model).into_iter();
    tabs.flat_map(|(page, text)| [Span::styled(text, style(page)), Span::raw(" ")]).collect::<Vec<_>>().into()
}

/// Draws the last message, otherwise the keys that do something here.
fn foot(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let theme = &model.shared.theme;
    if let Some(said) = &model.said {
        return text(
            frame,
            area,
            Line::styled(truncate(&sanitise(said), area.width.into()).into_owned(), theme.head()),
        );
    }
    let mut spans = Vec::new();
    for (_, part) in foot_parts(model) {
        match part {
            FootPart::Failed(what) => spans.push(Span::styled(what, theme.tone(Tone::Bad))),
            FootPart::Key(binding) => {
                spans.push(Span::styled(binding.key, theme.head()));
                spans.push(Span::styled(format!(" {}  ", binding.name), theme.dim()));
            }
        }
    }
    text(frame, area, fitted(spans, area.width.into()));
}

#[cfg(test)]
mod tests;
