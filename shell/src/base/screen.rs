//! Lines at the bottom of the terminal that are updated in place, and text printed above them.
//!
//! Redrawing needs the number of rows that the lines occupy now: a terminal that was made narrower
//! has wrapped them. So a line is never padded with spaces, and it is kept until it is erased.
//!
//! It also needs the cursor where the last draw left it. So other code of this process that writes to
//! the terminal meanwhile uses [`above_all`], and the terminal does not echo the keys that are
//! pressed: the program that reads next gets them.

use parking_lot::{Mutex, MutexGuard};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetpgrp, tcsetattr};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

/// The size assumed for a terminal that does not report one.
const USUAL: (usize, usize) = (80, 24);
/// The sequences that switch the wrapping of long lines off and on (DEC private mode 7).
const CLIPPED: &str = "\x1b[?7l";
const WRAPPED: &str = "\x1b[?7h";

/// The screen that is drawn on now. There is one terminal, so there is one at most.
static SHOWN: Mutex<Option<Screen>> = Mutex::new(None);

/// Such lines on stderr. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Screen(Arc<Mutex<Drawn>>);

#[derive(Debug, Default)]
struct Drawn {
    /// The lines that are drawn.
    lines: Vec<String>,
    /// The terminal echoed keys before the lines were drawn.
    echoes: bool,
    /// Drawing has ended.
    ended: bool,
}

impl Screen {
    /// Begins to draw: from now on, [`above_all`] writes above the lines, and keys are not echoed.
    pub fn begin() -> Self {
        let screen = Self(Arc::new(Mutex::new(Drawn { echoes: echo(false), ..Drawn::default() })));
        *SHOWN.lock() = Some(screen.clone());
        screen
    }

    /// Returns the current columns and rows.
    pub fn size() -> (usize, usize) {
        match rustix::termios::tcgetwinsize(io::stderr()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
            _ => USUAL,
        }
    }

    /// Replaces the lines drawn last. What does not fit is cut off: the ends of the lines, and the
    /// first lines.
    pub fn draw(&self, mut lines: Vec<String>, (cells, rows): (usize, usize)) {
        let mut drawn = self.drawn();
        if drawn.ended {
            return;
        }
        lines.drain(..lines.len().saturating_sub(rows));
        lines.iter_mut().for_each(|line| line.truncate(fitting(line, cells)));
        let before = std::mem::replace(&mut drawn.lines, lines);
        // The terminal may find a character wider than it is here.
        write(&format!("{}{CLIPPED}{}{WRAPPED}", erased(&before, cells), drawn.lines.join("\n")));
    }

    /// Writes text above the lines, which reappear at the next draw.
    pub fn above(&self, text: &str) {
        self.drawn().above(text);
    }

    /// Removes the lines permanently.
    pub fn end(&self) {
        let mut drawn = self.drawn();
        if !std::mem::replace(&mut drawn.ended, true) {
            drawn.above("");
            if drawn.echoes {
                echo(true);
            }
        }
        drop(drawn);
        let mut shown = SHOWN.lock();
        if shown.as_ref().is_some_and(|shown| Arc::ptr_eq(&shown.0, &self.0)) {
            *shown = None;
        }
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock()
    }
}

impl Drawn {
    fn above(&mut self, text: &str) {
        let lines = std::mem::take(&mut self.lines);
        write(&(erased(&lines, Screen::size().0) + text));
    }
}

/// Writes text above the lines that are drawn now. Returns false, and writes nothing, if there are
/// none.
pub(crate) fn above_all(text: &str) -> bool {
    let shown = SHOWN.lock().clone();
    shown.is_some_and(|screen| {
        screen.above(text);
        true
    })
}

/// Switches the echo of keys on or off; returns true if it was changed. Does nothing if standard
/// input is no terminal, or that of another program: a change would stop this one.
fn echo(on: bool) -> bool {
    let stdin = io::stdin();
    let is_ours = stdin.is_terminal() && tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp());
    let Some(mut modes) = tcgetattr(&stdin).ok().filter(|_| is_ours) else { return false };
    if modes.local_modes.contains(LocalModes::ECHO) == on {
        return false;
    }
    modes.local_modes.set(LocalModes::ECHO, on);
    tcsetattr(&stdin, OptionalActions::Now, &modes).is_ok()
}

/// Writes the text in one piece, so that no partial frame is visible. Errors are ignored: a closed
/// terminal does not end the command.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Returns the width of a character for a terminal that combines none.
fn width(c: char) -> usize {
    dfs_term::text::width(c.encode_utf8(&mut [0; 4]))
}

/// Returns the length of the longest beginning that fits into a row, in bytes.
fn fitting(line: &str, cells: usize) -> usize {
    let mut used = 0;
    let over = line.char_indices().find(|(_, c)| {
        used += width(*c);
        used > cells
    });
    over.map_or(line.len(), |(at, _)| at)
}

/// Returns the rows of a line: a wide character that does not fit into a row goes into the next.
fn rows(line: &str, cells: usize) -> usize {
    let (mut rows, mut used) = (1, 0);
    for wide in line.chars().map(width) {
        used += wide;
        if used > cells.max(1) {
            rows += 1;
            used = wide;
        }
    }
    rows
}

/// Returns the sequence that erases lines from a terminal with this many columns (ECMA-48: up,
/// erase below).
fn erased(lines: &[String], cells: usize) -> String {
    match lines.iter().map(|line| rows(line, cells)).sum::<usize>() {
        0 => String::new(),
        1 => "\r\x1b[J".to_owned(),
        rows => format!("\r\x1b[{}A\x1b[J", rows - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased_of(lines: &[&str], cells: usize) -> String {
        erased(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), cells)
    }

    #[test]
    fn rows_are_those_of_the_terminal_as_it_is_now() {
        let [long, short] = [80, 20].map(|cells| "x".repeat(cells));
        assert_eq!(erased_of(&[], 80), "");
        assert_eq!(erased_of(&[&long], 80), "\r\x1b[J");
        assert_eq!(erased_of(&[&long, "", &short], 80), "\r\x1b[2A\x1b[J");
        // After the terminal became narrower: 80 cells take four rows of 20.
        assert_eq!(erased_of(&[&long, "", &short], 20), "\r\x1b[5A\x1b[J");
        assert_eq!(erased_of(&["abc"], 0), "\r\x1b[2A\x1b[J");
        // A row of 11 cells holds five wide characters.
        assert_eq!(erased_of(&["漢字漢字漢字漢字漢字漢"], 11), "\r\x1b[2A\x1b[J");
    }

    #[test]
    fn a_line_is_cut_where_the_row_ends() {
        for (line, cells, end) in [("abc", 3, 3), ("abcd", 3, 3), ("漢字", 3, 3), ("", 3, 0), ("a", 0, 0)] {
            assert_eq!(fitting(line, cells), end, "{line}");
        }
        // Some terminals show the parts of a composed character side by side.
        assert!(fitting("👨‍👩‍👧", 4) < "👨‍👩‍👧".len());
    }

    #[test]
    fn text_goes_above_the_lines_that_are_shown() {
        assert!(!above_all("nowhere"));
        let screen = Screen::begin();
        assert!(above_all(""));
        // The end of another one, which was shown before, changes nothing.
        Screen::default().end();
        assert!(above_all(""));
        screen.end();
        assert!(!above_all("nowhere"));
        screen.draw(vec!["x".to_owned()], (80, 24));
        assert_eq!(screen.drawn().lines, [""; 0]);
    }
}
