//! Moves the prompt to a new line after output that does not end in a newline.
//!
//! The position of the cursor is unknown, because a local command may have written the output.
//! Therefore a mark and blanks are written that fill one row of the terminal. At the beginning of a
//! row they fill just that row; after output they reach into the next row. A carriage return then
//! leads to an empty row in both cases. zsh and fish do the same.

use crate::base::own_line;
use dfs_term::{Glyphs, Tone, View};
use std::io::{IsTerminal, Write};

/// The mark for output that ended without a newline.
const MARK: &str = "⏎";
/// The mark for a locale that has only ASCII.
const MARK_ASCII: &str = "%";

/// Moves to an empty row of a terminal that takes control codes. Does nothing if standard output is not a terminal or has
/// no known width.
pub(super) fn begin(view: &View) {
    let mut stdout = std::io::stdout();
    let Some(cells) = cells(&stdout) else { return };
    // The editor reports a terminal that cannot be used.
    let _ = stdout.write_all(text(mark(view.glyphs), view, cells).as_bytes()).and_then(|()| stdout.flush());
}

/// Finishes an unfinished line with the mark, where no control codes may be sent.
pub(super) fn begin_plain(view: &View) {
    if own_line::take() {
        let mut stdout = std::io::stdout();
        // The reader of the terminal reports one that cannot be used.
        let _ = stdout.write_all(format!("{}\n", mark(view.glyphs)).as_bytes()).and_then(|()| stdout.flush());
    }
}

fn cells(stdout: &std::io::Stdout) -> Option<usize> {
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

fn text(mark: &str, view: &View, cells: usize) -> String {
    let blanks = " ".repeat(cells.saturating_sub(1));
    // If the row was empty, the mark is still on it; a blank erases it.
    format!("{}{blanks}\r \r", view.paint(Tone::Dim, mark))
}

fn mark(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Unicode => MARK,
        Glyphs::Ascii => MARK_ASCII,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_filled_and_taken_back() {
        let written = text("%", &View::default(), 10);
        assert_eq!(written, "%         \r \r");
        assert_eq!(text("%", &View::default(), 1), "%\r \r");
        let coloured = text(MARK, &View { colour: true, ..View::default() }, 4);
        assert_eq!(coloured, "\x1b[2m⏎\x1b[0m   \r \r");
        assert_eq!(dfs_term::text::width(MARK), 1);
    }

    #[test]
    fn the_mark_is_one_that_the_locale_has() {
        for (locale, mark) in [
            (Some("C.UTF-8"), MARK),
            (Some("de_DE.utf8"), MARK),
            (Some("C"), MARK_ASCII),
            (Some("de_DE@euro"), MARK_ASCII),
            (None, MARK_ASCII),
        ] {
            assert_eq!(super::mark(Glyphs::of_locale("", "", locale.unwrap_or_default())), mark, "{locale:?}");
        }
    }
}
