//! Reads lines on a terminal without control codes: the terminal itself provides the line editing
//! (erase a character, a word, the line), without completion, hints or colours.

use super::read::{continued, open};
use crate::base::interrupt::SignalEpoch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustyline::error::ReadlineError;
use std::io::{self, BufRead, Write};

/// The interval at which Ctrl-C is checked while waiting for input, in nanoseconds.
const LOOK_EVERY_NS: i64 = 50_000_000;

/// Reads a line, and further lines while a quote is open.
///
/// # Errors
/// Returns `Interrupted` after Ctrl-C, `Eof` at the end of input, and read errors.
pub(super) fn read_line(prompt: &str) -> Result<String, ReadlineError> {
    let begun = SignalEpoch::now();
    let mut text = String::new();
    let mut prompt = prompt;
    loop {
        let mut stdout = io::stdout().lock();
        stdout.write_all(prompt.as_bytes())?;
        stdout.flush()?;
        drop(stdout);
        wait(begun)?;
        if io::stdin().lock().read_line(&mut text)? == 0 {
            let _ = writeln!(std::io::stdout());
            return Err(ReadlineError::Eof);
        }
        match open(&text) {
            Some(open) => prompt = continued(open),
            None => return Ok(text.trim_end_matches('\n').to_owned()),
        }
    }
}

/// Waits until input is available.
fn wait(begun: SignalEpoch) -> Result<(), ReadlineError> {
    let pause = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY_NS };
    loop {
        if SignalEpoch::now() != begun {
            let _ = writeln!(std::io::stdout());
            return Err(ReadlineError::Interrupted);
        }
        let stdin = io::stdin();
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&pause)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
}
