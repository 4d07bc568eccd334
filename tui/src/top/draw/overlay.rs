//! What lies over the view: help, a line or filter that is typed, a question.

use crate::top::message::Question;
use crate::top::model::{self, Model, Overlay};
use crate::top::theme::Theme;
use crate::top::typed::Typed;
use crate::top::widgets;
use crate::top::window::help_lines;
use dfs_term::report::Tone;
use dfs_term::text::{sanitise, truncate, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// Candidates that are shown below a line that is typed.
const CANDIDATES_SHOWN: usize = 10;
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    match &model.overlay {
        Overlay::None => {}
        Overlay::Help(line) => help(model, frame, area, *line),
        Overlay::Palette(line) => palette(model, frame, area, line),
        Overlay::Naming(naming) => typed(frame, area, &format!("{}: ", naming.what), &naming.name),
        Overlay::Filter(filter) => typed(frame, area, "/", filter),
        Overlay::Question { question, yes } => ask(&model.shared.theme, frame, area, question, *yes),
    }
}

fn help(model: &Model, frame: &mut Frame<'_>, area: Rect, from: usize) {
    let lines: Vec<Line<'_>> = help_lines(model).into_iter().skip(from).collect();
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 4;
    let inside = boxed(frame, &model.shared.theme, area, wide.max(40), lines.len() + 2, " help: any key closes ");
    frame.render_widget(Paragraph::new(lines), inside);
}

/// A box in the middle; gives what is inside.
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

/// A line that is typed, at the bottom.
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
}

fn ask(theme: &Theme, frame: &mut Frame<'_>, area: Rect, question: &Question, yes: bool) {
    let wide = usize::from(area.width).min(72);
    let Words { title, verb, consequence } = Words::of(&question.what, wide.saturating_sub(6));
    let what = wrap(&consequence, Some(wide.saturating_sub(4)), 0);
    let mut lines: Vec<Line<'_>> = what.lines().map(|line| Line::from(line.to_owned())).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let command = truncate(&sanitise(&question.line), wide.saturating_sub(4)).into_owned();
    lines.push(Line::styled(command, theme.tone(Tone::Command)));
    lines.push(Line::default());
    let button = |text: String, on| Span::styled(text, if on { theme.selected() } else { theme.dim() });
    let buttons = [button(" n  Cancel ".to_owned(), !yes), Span::raw("   "), button(format!(" y  {verb} "), yes)];
    lines.push(Line::from(buttons.to_vec()));
    let inside = boxed(frame, theme, area, wide, lines.len() + 2, &format!(" {title} "));
    frame.render_widget(Paragraph::new(lines), inside.inner(ratatui::layout::Margin::new(1, 0)));
}

/// A question in the words of its box.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    /// `Drain datanode-1?`
    title: String,
    /// `Drain`
    verb: String,
    /// `1,204 chunks, 3 would fall to one replica`; nothing if that is all there is to say.
    consequence: String,
}

impl Words {
    /// Returns the words of a question such as `drain datanode-1: 1,204 chunks`.
    fn of(what: &str, cells: usize) -> Self {
        let what = sanitise(what);
        let (action, consequence) = what.split_once(": ").unwrap_or((&what, ""));
        let mut letters = action.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        let action = first + letters.as_str();
        let verb = action.split(' ').next().unwrap_or_default().to_owned();
        let title = format!("{}?", truncate(&action, cells.saturating_sub(1)));
        Self { title, verb, consequence: consequence.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_what_is_done_and_so_does_its_button() {
        let words = |what: &str| {
            let Words { title, verb, consequence } = Words::of(what, 30);
            [title, verb, consequence]
        };
        assert_eq!(words("drain datanode-1: 1,204 chunks"), ["Drain datanode-1?", "Drain", "1,204 chunks"]);
        assert_eq!(words("delete /a b: 2 files: all"), ["Delete /a b?", "Delete", "2 files: all"]);
        assert_eq!(words("stop"), ["Stop?", "Stop", ""]);
        assert_eq!(words(&"x".repeat(99)).first(), Some(&format!("X{}…?", "x".repeat(27))));
        assert_eq!(words(""), ["?", "", ""]);
    }
}
