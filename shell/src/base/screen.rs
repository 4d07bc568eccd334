//! Lines at the bottom of the terminal that change in place, and text that goes above them.
//!
//! Who draws such lines must know how many rows they take by now: a window that was made narrower has wrapped them. So a
//! line here is never filled with spaces, and its width is kept until it is erased.

use dfs_term::text::width;
use parking_lot::{Mutex, MutexGuard};
use std::io::{self, Write};
use std::sync::Arc;

/// A terminal that does not tell its size.
const USUAL: (usize, usize) = (80, 24);

/// Such lines on stderr. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Screen(Arc<Mutex<Drawn>>);

#[derive(Debug, Default)]
struct Drawn {
    /// The cells of each line that is there.
    widths: Vec<usize>,
    /// Nothing more is drawn.
    ended: bool,
}

impl Screen {
    /// Columns and rows now.
    pub fn size() -> (usize, usize) {
        match rustix::termios::tcgetwinsize(io::stderr()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
            _ => USUAL,
        }
    }

    /// Puts these lines in the place of the last ones. Each must fit into a row.
    pub fn draw(&self, lines: &[String], cells: usize) {
        let mut drawn = self.drawn();
        if !drawn.ended {
            let text = erased(&drawn.widths, cells) + &lines.join("\n");
            drawn.widths = lines.iter().map(|line| width(line)).collect();
            write(&text);
        }
    }

    /// Writes text above the lines, which come back when they are drawn next.
    pub fn above(&self, text: &str) {
        let mut drawn = self.drawn();
        let widths = std::mem::take(&mut drawn.widths);
        write(&(erased(&widths, Self::size().0) + text));
    }

    /// Takes the lines away for good.
    pub fn end(&self) {
        self.above("");
        self.drawn().ended = true;
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock()
    }
}

/// In one piece, so that no half picture is seen. A terminal that is gone is no reason to end.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// What takes lines of these widths away from a terminal that has so many columns by now (ECMA-48: up, erase below).
fn erased(widths: &[usize], cells: usize) -> String {
    let rows: usize = widths.iter().map(|width| width.div_ceil(cells.max(1)).max(1)).sum();
    match rows {
        0 => String::new(),
        1 => "\r\x1b[J".to_owned(),
        rows => format!("\r\x1b[{}A\x1b[J", rows - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_terminal_as_it_is_now() {
        assert_eq!(erased(&[], 80), "");
        assert_eq!(erased(&[80], 80), "\r\x1b[J");
        assert_eq!(erased(&[80, 0, 20], 80), "\r\x1b[2A\x1b[J");
        // Made narrower: 80 cells take four rows of 20.
        assert_eq!(erased(&[80, 0, 20], 20), "\r\x1b[5A\x1b[J");
        assert_eq!(erased(&[3], 0), "\r\x1b[2A\x1b[J");
    }
}
