//! Reads one entry at the prompt: a line and its continuation lines.

use super::desk::Left;
use super::helper::Assistant;
use crate::base::interrupt::SignalEpoch;
use crate::lang::{self, Open};
use crate::session::Session;
use crate::session::history::History;
use dfs_term::{Tone, View};
use rustyline::error::ReadlineError;
use rustyline::{Editor, Prompt};

/// A line editor with the history and helper of the shell.
pub(super) type Line = Editor<Assistant, History>;

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
    // The text of the previous lines, and the text to edit again.
    let (mut before, mut again) = (String::new(), String::new());
    loop {
        let continued = open(&before).map(|open| (continued(open), view.paint(Tone::Dim, continued(open))));
        let prompt = continued.as_ref().map_or(prompt, |continued| continued as &dyn Prompt);
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
                if open(&before).is_none() {
                    return Ok(before);
                }
                before.push('\n');
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns what more text could complete.
pub(super) fn open(text: &str) -> Option<Open> {
    if text.len() > OPEN_BYTES_MAX {
        return None;
    }
    lang::open(text)
}

/// Returns the prompt of a continuation line, which shows what is open.
pub(super) fn continued(open: Open) -> &'static str {
    match open {
        Open::SingleQuote => "'> ",
        Open::DoubleQuote => "\"> ",
        Open::Backslash => "\\> ",
        Open::Pipe => "|> ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_goes_on() {
        for (text, prompt) in [
            ("ls", ""),
            ("echo 'a", "'> "),
            ("echo 'a\nb'", ""),
            ("echo \"it's", "\"> "),
            ("echo '\"", "'> "),
            ("echo $'a", "'> "),
            ("ls \\", "\\> "),
            ("ls 'a\\", "'> "),
            ("ls |", "|> "),
            ("ls | grep \"a", "\"> "),
            ("ls | grep 'a", "'> "),
            ("ls | wc \\", "\\> "),
            ("ls | tr a b |", "|> "),
            ("ls |\nwc", ""),
            ("ls > ", ""),
            ("", ""),
        ] {
            assert_eq!(open(text).map_or("", continued), prompt, "{text}");
        }
    }
}
