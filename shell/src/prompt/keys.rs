//! Keys that do more than the editor makes of them.

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use std::io::Write;

/// Ctrl-C: the line is given up, and its hint with it, which the editor would leave standing.
#[derive(Debug)]
pub(super) struct GivesUp;

/// From the cursor to the end of the line (ECMA-48, EL). A hint never wraps.
const ERASE: &[u8] = b"\x1b[K";

impl ConditionalEventHandler for GivesUp {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if context.has_hint() {
            let mut terminal = std::io::stdout();
            let _ = terminal.write_all(ERASE).and_then(|()| terminal.flush());
        }
        Some(Cmd::Interrupt)
    }
}
