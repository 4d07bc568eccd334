//! Lines at the bottom of the terminal that are updated in place, and text printed above them.
//!
//! Redrawing needs the number of rows that the lines occupy now: a terminal that was made narrower
//! has wrapped them. So a line is never padded with spaces, and its width is kept until it is
//! erased.

use dfs_term::text::width;
use parking_lot::{Mutex, MutexGuard};
use std::io::{self, Write};
use std::sync::Arc;

/// The size assumed for a terminal that does not report one.
const USUAL: (usize, usize) = (80, 24);

/// Such lines on stderr. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Screen(Arc<Mutex<Drawn>>);

#[derive(Debug, Default)]
struct Drawn {
    /// The cells of each line that is drawn.
    widths: Vec<usize>,
    /// Drawing has ended.
    ended: bool,
}

impl Screen {
    /// Returns the current columns and rows.
    pub fn size() -> (usize, usize) {
        match rustix::termios::tcgetwinsize(io::stderr()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
            _ => USUAL,
        }
    }

    /// Replaces the lines drawn last. Each line must fit into a row.
    pub fn draw(&self, lines: &[String], cells: usize) {
        let mut drawn = self.drawn();
        if !drawn.ended {
            let text = erased(&drawn.widths, cells) + &lines.join("\n");
            drawn.widths = lines.iter().map(|line| width(line)).collect();
            write(&text);
        }
    }

    /// Writes text above the lines, which reappear at the next draw.
    pub fn above(&self, text: &str) {
        let mut drawn = self.drawn();
        let widths = std::mem::take(&mut drawn.widths);
        write(&(erased(&widths, Self::size().0) + text));
    }

    /// Removes the lines permanently.
    pub fn end(&self) {
        self.above("");
        self.drawn().ended = true;
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock()
    }
}

/// Writes the text in one piece, so that no partial frame is visible. Errors are ignored: a closed
/// terminal does not end the command.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Returns the sequence that erases lines of these widths from a terminal with this many columns
/// (ECMA-48: up, erase below).
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
        // After the terminal became narrower: 80 cells take four rows of 20.
        assert_eq!(erased(&[80, 0, 20], 20), "\r\x1b[5A\x1b[J");
        assert_eq!(erased(&[3], 0), "\r\x1b[2A\x1b[J");
    }
}
