//! Output that does not end in a newline keeps its line: the prompt begins on the next one.
//!
//! What stands before the cursor is not known here, as a local command may have written it. So a mark and as many blanks
//! are written as fill one row of the terminal: at the beginning of a row they fill just that row, behind output they
//! reach into the next one, and the carriage return leads to the row that the prompt may have. zsh and fish do the same.

use dfs_term::{Tone, View};
use std::io::{IsTerminal, Write};

/// Stands where output ended without a newline.
const MARK: &str = "⏎";
/// The mark where the locale has no other characters.
const MARK_ASCII: &str = "%";

/// Moves to a row of the terminal that holds nothing. Does nothing where standard output is no terminal, or one that does
/// not tell its width or has no columns.
pub(super) fn begin(view: &View) {
    let mut stdout = std::io::stdout();
    let Some(cells) = cells(&stdout) else { return };
    // A terminal that cannot be written to will be noticed by who reads from it.
    let _ = stdout.write_all(text(mark(locale().as_deref()), view, cells).as_bytes()).and_then(|()| stdout.flush());
}

fn cells(stdout: &std::io::Stdout) -> Option<usize> {
    if !stdout.is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

fn text(mark: &str, view: &View, cells: usize) -> String {
    let blanks = " ".repeat(cells.saturating_sub(1));
    // Where the row was empty, the mark is still on it.
    format!("{}{blanks}\r \r", view.paint(Tone::Dim, mark))
}

/// The locale of characters, as setlocale(3) chooses it.
fn locale() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set)
}

fn mark(locale: Option<&str>) -> &'static str {
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") { MARK } else { MARK_ASCII }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_filled_and_taken_back() {
        let written = text("%", &View::default(), 10);
        assert_eq!(written, "%         \r \r");
        assert_eq!(text("%", &View::default(), 1), "%\r \r");
        let coloured = text(MARK, &View { cells: None, colour: true }, 4);
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
            assert_eq!(super::mark(locale), mark, "{locale:?}");
        }
    }
}
