//! Reads lines where the terminal gets no control codes: the terminal itself lets a line be edited
//! (erase a character, a word, the line), and nothing is completed, hinted or coloured.

use crate::base::interrupt::SignalEpoch;
use crate::lang::parse;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustyline::error::ReadlineError;
use std::io::{self, BufRead, Write};

/// The prompt of a line that goes on, because a quote is open.
const GOES_ON: &str = "> ";
/// How often Ctrl-C is looked for while nothing is typed, in nanoseconds.
const LOOK_EVERY_NS: i64 = 50_000_000;

/// Reads a line, and those behind it as long as a quote is open.
///
/// # Errors
/// `Interrupted` after Ctrl-C, `Eof` at the end, and those of reading.
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
            println!();
            return Err(ReadlineError::Eof);
        }
        match parse(&text) {
            Err(error) if error.incomplete => prompt = GOES_ON,
            _ => return Ok(text.trim_end_matches('\n').to_owned()),
        }
    }
}

/// Waits until there is a line to read.
fn wait(begun: SignalEpoch) -> Result<(), ReadlineError> {
    let pause = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY_NS };
    loop {
        if SignalEpoch::now() != begun {
            println!();
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
