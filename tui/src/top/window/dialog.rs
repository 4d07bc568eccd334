//! The box of a question: its text, and the places of its buttons, which can be clicked.
//!
//! ```text
//! ┌ Delete /photos? ───────────────────────────┐
//! │ 12 files, 4 directories, 266 MiB; there is │
//! │ no trash yet, this cannot be undone        │
//! │                                            │
//! │ rm -r --yes /photos                        │
//! │                                            │
//! │  n  Cancel     y  Delete                   │
//! └────────────────────────────────────────────┘
//! ```

use crate::top::message::Question;
use dfs_term::text::{sanitise, truncate, width, wrap};
use ratatui::layout::Rect;

/// The maximum width of the box.
const CELLS_MAX: u16 = 72;
/// Cells of the border and the padding, on both sides.
const MARGIN_CELLS: u16 = 4;
/// Gap between the buttons.
const GAP_CELLS: u16 = 3;

/// The box of a question, laid out in an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// The area of the whole box.
    pub place: Rect,
    pub title: String,
    /// The effect, in lines.
    pub details: Vec<String>,
    /// The line of the shell that performs the action.
    pub command: String,
    /// The texts and areas of the buttons: the one that cancels, and the one that confirms.
    pub buttons: [(String, Rect); 2],
}

impl Dialog {
    pub fn of(question: &Question, area: Rect) -> Self {
        let wide = area.width.min(CELLS_MAX);
        let cells = usize::from(wide.saturating_sub(MARGIN_CELLS));
        let title = sanitise(question.title().trim_end_matches('?')).into_owned();
        let title = format!(" {}? ", truncate(&title, cells.saturating_sub(3)));
        let details = wrap(&sanitise(question.details()), Some(cells), 0);
        let details: Vec<String> = details.lines().map(str::to_owned).collect();
        let command = truncate(&sanitise(&question.line), cells).into_owned();
        // The border, the details and a blank line, the command and a blank line, and the buttons.
        let high = details.len() + usize::from(!details.is_empty()) + 5;
        let high = u16::try_from(high).unwrap_or(u16::MAX).min(area.height);
        let (x, y) = (area.x + (area.width - wide) / 2, area.y + (area.height - high) / 2);
        let place = Rect { x, y, width: wide, height: high };
        let texts = [" n  Cancel ".to_owned(), format!(" y  {} ", question.deed())];
        let row = Rect { x: x + 2, y: place.bottom().saturating_sub(2), width: 0, height: 1 };
        let mut column = row.x;
        let buttons = texts.map(|text| {
            let width = u16::try_from(width(&text)).unwrap_or(u16::MAX);
            let at = Rect { x: column, width, ..row }.intersection(place);
            column = column.saturating_add(width).saturating_add(GAP_CELLS);
            (text, at)
        });
        Self { place, title, details, command, buttons }
    }

    /// Returns true if the confirming button is at this position, false for the cancelling one;
    /// `None` if there is no button.
    pub fn button_at(&self, column: u16, row: u16) -> Option<bool> {
        let [(_, cancel), (_, deed)] = &self.buttons;
        let at = (column, row).into();
        if deed.contains(at) { Some(true) } else { cancel.contains(at).then_some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_name_the_deed_and_stand_in_the_box() {
        let what = "delete /photos: 12 files; this cannot be undone".to_owned();
        let question = Question { what, line: "rm -r --yes /photos".into() };
        for (columns, lines) in [(80, 20), (60, 13), (20, 6), (3, 2), (0, 0)] {
            let area = Rect::new(0, 2, columns, lines);
            let dialog = Dialog::of(&question, area);
            assert_eq!(dialog.buttons.each_ref().map(|(text, _)| text.as_str()), [" n  Cancel ", " y  Delete "]);
            assert!(dialog.place.intersection(area) == dialog.place, "{dialog:?}");
        }
        let dialog = Dialog::of(&question, Rect::new(0, 2, 80, 20));
        assert_eq!(
            (dialog.title.as_str(), dialog.details.as_slice()),
            (" Delete /photos? ", &["12 files; this cannot be undone".to_owned()][..])
        );
        let [(_, cancel), (_, deed)] = &dialog.buttons;
        assert_eq!(dialog.button_at(cancel.x, cancel.y), Some(false));
        assert_eq!(dialog.button_at(deed.right() - 1, deed.y), Some(true));
        assert_eq!(dialog.button_at(deed.right(), deed.y), None);
    }

    #[test]
    fn a_question_is_told_in_its_parts() {
        let told = |what: &str| {
            let question = Question { what: what.to_owned(), line: String::new() };
            [question.title(), question.deed(), question.details().to_owned()]
        };
        assert_eq!(told("drain datanode-1: 1,204 chunks"), ["Drain datanode-1?", "Drain", "1,204 chunks"]);
        assert_eq!(told("delete /a b: 2 files: all"), ["Delete /a b?", "Delete", "2 files: all"]);
        assert_eq!(told("stop"), ["Stop?", "Stop", ""]);
        let long = Question { what: "x".repeat(99), line: String::new() };
        assert_eq!(Dialog::of(&long, Rect::new(0, 0, 36, 9)).title, format!(" X{}…? ", "x".repeat(27)));
    }
}
