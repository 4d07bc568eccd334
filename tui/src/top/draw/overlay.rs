//! Draws the overlays: help, a line or filter that is being typed, a question.

use crate::top::message::Question;
use crate::top::model::{self, Model, Overlay};
use crate::top::theme::Theme;
use crate::top::typed::Typed;
use crate::top::widgets;
use crate::top::window::{Dialog, help_lines};
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate, width};
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

/// What ends the typing of a line.
const PALETTE_HINT: &str = "enter runs it  esc cancels";
/// Maximum number of candidates that are shown below a line that is being typed.
const CANDIDATES_SHOWN: usize = 10;
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    match &model.overlay {
        Overlay::None => {}
        Overlay::Help(line) => help(model, frame, area, *line),
        Overlay::Palette(line) => palette(model, frame, area, line),
        Overlay::Naming(naming) => typed(frame, area, &format!("{}: ", naming.what), &naming.name),
        Overlay::Filter(filter) => typed(frame, area, "/", filter),
        Overlay::Output { line, text } => output(&model.shared.theme, frame, area, line, text),
        Overlay::Question { question, yes } => ask(&model.shared.theme, frame, area, question, *yes),
    }
}

fn help(model: &Model, frame: &mut Frame<'_>, area: Rect, from: usize) {
    let lines: Vec<Line<'_>> = help_lines(model).into_iter().skip(from).collect();
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 4;
    let is_whole = from == 0 && lines.len() + 2 <= usize::from(area.height);
    let title = if is_whole { " help: any key closes " } else { " help: ↑ ↓ scroll, any other key closes " };
    let inside = boxed(frame, &model.shared.theme, area, wide.max(44), lines.len() + 2, title);
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Draws a box in the middle and returns its inner area.
fn boxed(frame: &mut Frame<'_>, theme: &Theme, area: Rect, wide: usize, high: usize, title: &str) -> Rect {
    let cells = |wanted: usize, room: u16| u16::try_from(wanted).unwrap_or(u16::MAX).min(room);
    let (width, height) = (cells(wide, area.width), cells(high, area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = Block::bordered().title(title.to_owned()).border_style(theme.dim());
    let inside = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    inside
}

/// Draws a line that is being typed, at the bottom.
fn typed(frame: &mut Frame<'_>, area: Rect, prefix: &str, typed: &Typed) {
    let line = Rect { y: area.bottom(), height: 1, ..area };
    frame.render_widget(Clear, line);
    let (shown, cursor) = typed.shown(prefix, line.width.into());
    widgets::text(frame, line, shown);
    let column = u16::try_from(cursor).unwrap_or(u16::MAX);
    frame.set_cursor_position((line.x.saturating_add(column), line.y));
}

fn palette(model: &Model, frame: &mut Frame<'_>, area: Rect, line: &model::Line) {
    let theme = &model.shared.theme;
    let first = line.chosen.unwrap_or(0).saturating_sub(CANDIDATES_SHOWN - 1);
    let shown: Vec<_> = line.candidates.iter().enumerate().skip(first).take(CANDIDATES_SHOWN).collect();
    let high = u16::try_from(shown.len()).unwrap_or(u16::MAX).min(area.height);
    let mut row = Rect { y: area.bottom() - high, height: 1, ..area };
    for (index, candidate) in shown.into_iter().take(high.into()) {
        frame.render_widget(Clear, row);
        let style = if line.chosen == Some(index) { theme.selected() } else { theme.dim() };
        let text = truncate(&sanitise(&candidate.text), row.width.saturating_sub(2).into()).into_owned();
        widgets::text(frame, row, Line::styled(format!(" {text} "), style));
        row.y += 1;
    }
    typed(frame, area, ":", &line.typed);
    let hint = Line::styled(PALETTE_HINT, theme.dim());
    let taken = width(&line.typed.text()) + 2;
    let left = usize::from(area.width).saturating_sub(hint.width());
    if taken < left {
        let column = u16::try_from(left).unwrap_or(u16::MAX);
        widgets::text(
            frame,
            Rect { x: area.x + column, y: area.bottom(), width: area.width - column, height: 1 },
            hint,
        );
    }
}

/// Draws the output of a command; the caller has checked that it fits.
fn output(theme: &Theme, frame: &mut Frame<'_>, area: Rect, line: &str, text: &str) {
    let lines: Vec<Line<'_>> = text.lines().map(|line| Line::raw(line.to_owned())).collect();
    let wide = lines.iter().map(Line::width).chain([width(line) + 16]).max().unwrap_or(0) + 4;
    let title = format!(" {}: esc closes ", sanitise(line));
    let inside = boxed(frame, theme, area, wide, lines.len() + 2, &title);
    frame.render_widget(Paragraph::new(lines), inside.inner(Margin::new(1, 0)));
}

fn ask(theme: &Theme, frame: &mut Frame<'_>, area: Rect, question: &Question, yes: bool) {
    let Dialog { place, title, details, command, buttons } = Dialog::of(question, area);
    let inside = boxed(frame, theme, area, place.width.into(), place.height.into(), &title);
    let mut lines: Vec<Line<'_>> = details.into_iter().map(Line::from).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.push(Line::styled(command, theme.tone(Tone::Command)));
    frame.render_widget(Paragraph::new(lines), inside.inner(Margin::new(1, 0)));
    for (at, (text, place)) in buttons.into_iter().enumerate() {
        let style = if (at == 1) == yes { theme.selected() } else { theme.dim() };
        frame.render_widget(Clear, place);
        widgets::text(frame, place, Line::styled(text, style));
    }
}
