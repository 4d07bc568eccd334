//! Reads one entry at the prompt: a line and its continuation lines.

use super::desk::Left;
use super::helper::Assistant;
use crate::base::interrupt::SignalEpoch;
use crate::lang::parse;
use crate::session::Session;
use crate::session::history::History;
use dfs_term::{Tone, View};
use rustyline::error::ReadlineError;
use rustyline::{Editor, Prompt};

/// A line editor with the history and helper of the shell.
pub(super) type Line = Editor<Assistant, History>;

/// The prompt of a continuation line.
const CONTINUED: &str = "…> ";
/// A longer text gets no continuation line: an open quote in it is an error.
const OPEN_BYTES_MAX: usize = 64 << 20;

/// Reads a line, and further lines while a quote is open, or if the line ends in a backslash or
/// `|`.
///
/// # Errors
/// Returns `Interrupted` if the user discards the entry, `Eof` at the end of input, and errors of
/// the terminal.
pub(super) fn entry(
    session: &mut Session,
    editor: &mut Line,
    prompt: &dyn Prompt,
    view: &View,
) -> rustyline::Result<String> {
    let continued = (CONTINUED.to_owned(), view.paint(Tone::Dim, CONTINUED).into_owned());
    // The text of the previous lines, and the text to edit again.
    let (mut before, mut again) = (String::new(), String::new());
    loop {
        let prompt = if before.is_empty() { prompt } else { &continued as &dyn Prompt };
        if let Some(assistant) = editor.helper_mut() {
            assistant.begin(&before, dfs_term::text::width(prompt.raw()));
        }
        session.epoch = SignalEpoch::now();
        let read = editor.readline_with_initial(prompt, (&again, ""));
        let left = editor.helper().and_then(Assistant::left);
        again.clear();
        match read {
            Err(ReadlineError::Eof) if !before.is_empty() => return Err(ReadlineError::Interrupted),
            Ok(_) if left == Some(Left::GivenUp) => return Err(ReadlineError::Interrupted),
            Ok(_) if left == Some(Left::Back) => {
                before.pop();
                std::mem::swap(&mut before, &mut again);
            }
            Ok(line) => {
                before.push_str(&line);
                if !is_open(&before) {
                    return Ok(before);
                }
                before.push('\n');
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns true if more text could complete the statement.
fn is_open(text: &str) -> bool {
    text.len() <= OPEN_BYTES_MAX && parse(text).is_err_and(|error| error.incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_goes_on() {
        for (text, open) in [
            ("ls", false),
            ("echo 'a", true),
            ("echo 'a\nb'", false),
            ("echo $'a", true),
            ("ls \\", true),
            ("ls |", true),
            ("ls | grep \"a", true),
            ("ls |\nwc", false),
            ("ls > ", false),
            ("", false),
        ] {
            assert_eq!(is_open(text), open, "{text}");
        }
    }
}
