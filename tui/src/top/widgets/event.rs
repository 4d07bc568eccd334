//! Formats events of the cluster.

use crate::top::theme::Theme;
use dfs_rpc::view::{Event, Severity};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate};
use jiff::tz::TimeZone;
use ratatui::text::{Line, Span};

/// Returns an event as text.
pub fn event_text(event: &Event) -> String {
    let about = event.node.map(|node| format!("{node} ")).unwrap_or_default();
    format!("{about}{}", sanitise(&event.text))
}

/// Returns an event as one line of so many cells.
pub fn event_line(event: &Event, theme: &Theme, zone: &TimeZone, cells: usize) -> Line<'static> {
    let (glyph, tone) = match event.severity {
        Severity::Info => ("·", Tone::Dim),
        Severity::Warning => ("!", Tone::Warning),
        Severity::Error => ("✗", Tone::Bad),
    };
    let at = dfs_term::figures::time_seconds(event.at, zone);
    // The date is shown if there is room for it.
    let at = if cells >= 100 { at.as_str() } else { at.split_once(' ').map_or(at.as_str(), |(_, time)| time) };
    let room = cells.saturating_sub(at.len() + 3);
    Line::from(vec![
        Span::styled(format!("{at} "), theme.dim()),
        Span::styled(format!("{glyph} "), theme.tone(tone)),
        Span::raw(truncate(&event_text(event), room).into_owned()),
    ])
}
