//! Draws the curves of the overview with their scales.

use crate::top::chart;
use crate::top::shared::Shared;
use crate::top::widgets::text;
use dfs_rpc::curve::Second;
use dfs_term::figures::{count, rate};
use dfs_term::report::Tone;
use dfs_term::text::pad;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From this width on, two curves are placed side by side.
const TWO_BESIDE: u16 = 100;
/// Gap between two curves, in cells.
const BETWEEN: u16 = 2;
/// Cells of the name and the value of a curve of one line.
const NAME_CELLS: usize = 22;
const VALUE_CELLS: usize = 10;
/// Cells of the scale, with the vertical line.
const SCALE_CELLS: usize = 11;
/// From this many lines on, a curve has a separate line for its name and figures.
const TITLED: u16 = 3;
/// From this many rows on, the middle of the scale is also labelled.
const MIDDLE_ROWS: usize = 7;

/// A curve: its name, its value in a second, and the format of the value.
type Curve = (&'static str, fn(&Second) -> Option<f64>, fn(f64) -> String);

fn per_second(value: f64) -> String {
    if value > 0.0 && value < 9.5 && value.fract() > 0.0 {
        return format!("{value:.1}/s");
    }
    format!("{}/s", count(value.round() as u64))
}

/// The written bytes are counted once for each replica; re-replication is included.
const CURVES: [Curve; 4] = [
    ("read", |sample| Some(sample.rates?.read), rate),
    ("written (all replicas)", |sample| Some(sample.rates?.written), rate),
    ("chunk operations", |sample| sample.rates.map(|rates| rates.reads + rates.writes), per_second),
    ("namespace changes", |sample| sample.changes, per_second),
];

/// Draws as many curves of the last `seconds` as there is room for, as high as possible, and a time
/// axis below them.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, seconds: usize, shared: &Shared) {
    let beside: u16 = if area.width >= TWO_BESIDE { 2 } else { 1 };
    let below = CURVES.len() as u16 / beside;
    let axis = u16::from(area.height > 1);
    let high = ((area.height - axis.min(area.height)) / below).max(1);
    let high = if high < TITLED { 1 } else { high };
    let rows = below.min(area.height.saturating_sub(axis) / high);
    let width = (area.width - BETWEEN * (beside - 1)) / beside;
    for (at, curve) in CURVES.iter().enumerate().take(usize::from(rows * beside)) {
        let (row, column) = (at as u16 / beside, at as u16 % beside);
        let place = Rect { x: area.x + column * (width + BETWEEN), y: area.y + row * high, width, height: high };
        let cells = if high < TITLED {
            line(frame, place, curve, seconds, shared)
        } else {
            chart(frame, place, curve, seconds, shared)
        };
        if row + 1 == rows && axis > 0 {
            let columns = usize::from(width).saturating_sub(cells);
            let label = Line::styled(chart::time_axis(seconds, columns), shared.theme.dim());
            let place = Rect { x: place.x + cells as u16, y: place.bottom(), width: columns as u16, height: 1 };
            text(frame, place, label);
        }
    }
}

/// Returns the values of a curve in columns, and the upper end of its scale.
fn values((_, value, _): &Curve, seconds: usize, columns: usize, shared: &Shared) -> (Vec<Option<f64>>, f64) {
    let values = shared.history.seconds().map(|sample| sample.and_then(value));
    let columns = chart::columns(values, seconds, columns);
    let most = chart::ceiling(chart::most(&columns));
    (columns, most)
}

/// Returns the current value as text.
fn now((_, value, written): &Curve, shared: &Shared) -> String {
    shared.history.now().and_then(value).map_or_else(|| "not known".to_owned(), written)
}

/// Returns a label of the scale, padded to the common width.
fn scale(label: &str) -> String {
    format!("{label:>cells$} │", cells = SCALE_CELLS - 2)
}

/// Draws a curve in one line; returns the cells before it.
fn line(frame: &mut Frame<'_>, place: Rect, curve: &Curve, seconds: usize, shared: &Shared) -> usize {
    let before = NAME_CELLS + VALUE_CELLS + 1 + SCALE_CELLS;
    let (columns, most) = values(curve, seconds, usize::from(place.width).saturating_sub(before), shared);
    let (name, _, written) = curve;
    let label = if most > 0.0 { written(most) } else { String::new() };
    let spans = vec![
        Span::styled(pad(name, NAME_CELLS), shared.theme.dim()),
        Span::raw(format!("{:>VALUE_CELLS$} ", now(curve, shared))),
        Span::styled(scale(&label), shared.theme.dim()),
        Span::styled(chart::rows(&columns, most, 1).concat(), shared.theme.tone(Tone::Command)),
    ];
    text(frame, place, Line::from(spans));
    before
}

/// Draws a curve of several lines below its name and figures; returns the cells before it.
fn chart(frame: &mut Frame<'_>, place: Rect, curve: &Curve, seconds: usize, shared: &Shared) -> usize {
    let theme = &shared.theme;
    let (columns, most) = values(curve, seconds, usize::from(place.width).saturating_sub(SCALE_CELLS), shared);
    let (name, _, written) = curve;
    let mut title = vec![Span::styled(format!("{name}  "), theme.head()), Span::raw(now(curve, shared))];
    if let Some(average) = chart::average(&columns) {
        title.push(Span::styled(format!(", average {}", written(average)), theme.dim()));
    }
    text(frame, Rect { height: 1, ..place }, Line::from(title));
    let rows = usize::from(place.height - 1);
    for (row, blocks) in chart::rows(&columns, most, rows).into_iter().enumerate() {
        let label = match row {
            0 if most > 0.0 => written(most),
            _ if row + 1 == rows => "0".to_owned(),
            _ if row * 2 == rows && rows >= MIDDLE_ROWS && most > 0.0 => written(most / 2.0),
            _ => String::new(),
        };
        let spans = vec![Span::styled(scale(&label), theme.dim()), Span::styled(blocks, theme.tone(Tone::Command))];
        text(frame, Rect { y: place.y + 1 + row as u16, height: 1, ..place }, Line::from(spans));
    }
    SCALE_CELLS
}
