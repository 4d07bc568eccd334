//! Keeps whether the last line on the terminal is unfinished, for a prompt that cannot move the
//! cursor. Only what the commands of the shell write is known, not what a local command writes.

use std::sync::atomic::{AtomicBool, Ordering};

/// True if the last output did not end in a newline.
static UNFINISHED: AtomicBool = AtomicBool::new(false);

/// Records what was written to the terminal.
pub(crate) fn note(written: &[u8]) {
    if let Some(last) = written.last() {
        UNFINISHED.store(*last != b'\n', Ordering::Relaxed);
    }
}

/// Returns true if the last line is unfinished; the caller finishes it.
pub(crate) fn take() -> bool {
    UNFINISHED.swap(false, Ordering::Relaxed)
}
