//! Draws the figures at the top of the overview: health, space, names, chunks, nodes.

use crate::top::chart::bar;
use crate::top::observation::Link;
use crate::top::shared::Shared;
use crate::top::widgets::{replicas_in_words, text};
use dfs_client::ClusterStatus;
use dfs_term::figures::{age, count, percent, plural, size};
use dfs_term::report::Tone;
use dfs_term::text::{pad, sanitise, shorten, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Cells before the values.
const NAME_CELLS: usize = 11;

/// Draws the figures, one line each.
pub(super) fn figures(frame: &mut Frame<'_>, area: Rect, shared: &Shared, status: &ClusterStatus) {
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
    let reason = shorten(&reason, room).into_owned();
    let first = vec![Span::styled(grade.sign(), theme.tone(grade.tone())), Span::raw(reason)];
    let chunks = &status.replication;
    let replicas = match status.counted_ms {
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
        ("namespace", vec![names.into()]),
        ("chunks", vec![shorten(&replicas, room).into_owned().into()]),
        ("nodes", nodes),
    ];
    for (row, (name, value)) in rows.into_iter().enumerate() {
        let mut spans = vec![Span::styled(pad(name, NAME_CELLS), theme.dim())];
        spans.extend(value);
        let place = Rect { y: area.y + row as u16, height: 1, ..area };
        text(frame, place.intersection(area), Line::from(spans));
    }
}

/// Returns the style of a count; zero has no colour.
fn state_style(shared: &Shared, tone: Tone, count: u32) -> Style {
    if count == 0 { Style::new() } else { shared.theme.tone(tone) }
}

/// Returns the style of a fill level; a nearly full disk is highlighted.
fn full_style(shared: &Shared, part: f64) -> Style {
    let tone = match part {
        part if part >= 0.95 => Tone::Bad,
        part if part >= 0.8 => Tone::Warning,
        _ => Tone::Good,
    };
    shared.theme.tone(tone)
}
