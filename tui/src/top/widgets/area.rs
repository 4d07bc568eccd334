//! The area of the page, and lines of text in an area.

use dfs_term::text::{truncate, wrap};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Returns the area of the page in the window, between the two lines above and the one below.
pub fn page_area(area: Rect) -> Rect {
    Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(3), ..area }
}

/// Draws one line of text, cut to the width of the area.
pub fn text<'t>(frame: &mut Frame<'_>, area: Rect, line: impl Into<Line<'t>>) {
    let area = area.intersection(frame.area());
    if area.height > 0 {
        frame.buffer_mut().set_line(area.x, area.y, &line.into(), area.width);
    }
}

/// Returns the text in lines of at most `cells` cells, broken between words; a longer word is cut.
pub fn pieces(text: &str, cells: usize) -> Vec<String> {
    wrap(text, Some(cells), 0).lines().map(|line| truncate(line, cells).into_owned()).collect()
}
