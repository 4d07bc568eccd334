//! Tables that fit the width of a terminal.

use crate::report::{Tone, View};
use crate::text::{sanitise, width};

/// The side of its column to which a cell is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// The minimum width to which a column is reduced, in cells.
const SQUEEZED_MIN: usize = 6;
/// The space between two columns, in cells.
const GAP: usize = 2;

/// The text of a cell, made safe for a terminal, and its tone.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Creates a cell with a tone.
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: sanitise(text.as_ref()).into_owned(), tone }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// Rows of cells under a header. Cells are made safe for a terminal when they are added.
#[derive(Debug, Clone)]
pub struct Table {
    aligns: Vec<Align>,
    /// All rows; the header is the first.
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Creates a table with these columns.
    pub fn new(head: &[(&str, Align)]) -> Self {
        Self {
            aligns: head.iter().map(|(_, align)| *align).collect(),
            rows: vec![head.iter().map(|(name, _)| Cell::new(Tone::Strong, name)).collect()],
        }
    }

    /// Adds a row; cells beyond the header are dropped, missing ones are empty.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let mut row: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        row.resize(self.aligns.len(), Cell::default());
        self.rows.push(row);
    }

    /// Renders the table in lines that fit the view. If it is too wide, its widest columns are
    /// truncated first; if that is not enough, its last columns are omitted.
    pub fn render(&self, view: &View) -> String {
        let widths = self.fit(view.cells);
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, align), column) in row.iter().zip(&self.aligns).zip(&widths) {
                let shown = view.glyphs.truncate(&cell.text, *column);
                let room = column.saturating_sub(width(&shown));
                let shown = view.paint(cell.tone, &shown);
                if !line.is_empty() {
                    line.extend(std::iter::repeat_n(' ', GAP));
                }
                match align {
                    Align::Left => line.extend(shown.chars().chain(std::iter::repeat_n(' ', room))),
                    Align::Right => line.extend(std::iter::repeat_n(' ', room).chain(shown.chars())),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Returns the widths of the columns that are shown.
    fn fit(&self, cells: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = vec![1; self.aligns.len()];
        for row in &self.rows {
            for (column, cell) in widths.iter_mut().zip(row) {
                *column = (*column).max(width(&cell.text));
            }
        }
        let Some(cells) = cells else { return widths };
        while total(&widths) > cells {
            let over = total(&widths) - cells;
            let Some(widest) = widths.iter_mut().max() else { break };
            if *widest > SQUEEZED_MIN {
                *widest = widest.saturating_sub(over.min(8)).max(SQUEEZED_MIN);
            } else if widths.len() > 1 {
                widths.pop();
            } else {
                widths = vec![cells.max(1)];
                break;
            }
        }
        widths
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn view(cells: usize) -> View {
        View { cells: Some(cells), ..View::default() }
    }

    #[test]
    fn tones_have_no_width() {
        let mut table = Table::new(&[("A", Align::Right), ("B", Align::Left)]);
        table.row([Cell::new(Tone::Bad, "dead"), "x".into()]);
        let plain = table.render(&view(80));
        let painted = table.render(&View { colour: true, ..view(80) });
        assert_eq!(plain, "   A  B\ndead  x\n");
        assert_eq!(painted, "   \x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mdead\x1b[0m  x\n");
    }

    fn sample() -> Table {
        let mut table = Table::new(&[("NAME", Align::Left), ("SIZE", Align::Right), ("WHERE", Align::Left)]);
        table.row(["漢字", "1", "here"]);
        table.row(["b", "12345", "a place\tfar away"]);
        table
    }

    #[test]
    fn columns_line_up_by_cells() {
        let expected = "NAME   SIZE  WHERE\n漢字      1  here\nb     12345  a place\\tfar away\n";
        assert_eq!(sample().render(&View::default()), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest() {
        let expected = "NAME   SIZE  WHERE\n漢字      1  here\nb     12345  a place…\n";
        assert_eq!(sample().render(&view(21)), expected);
        assert_eq!(sample().render(&view(4)).lines().next(), Some("NAME"));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(
            rows in prop::collection::vec(prop::collection::vec("[a-z漢]{0,30}", 0..5), 0..6),
            cells in 1usize..80,
        ) {
            let mut table = Table::new(&[("A", Align::Left), ("BB", Align::Right), ("CCC", Align::Left), ("D", Align::Right)]);
            for row in &rows {
                table.row(row);
            }
            prop_assert!(table.render(&view(cells)).lines().all(|line| width(line) <= cells));
        }
    }
}
