//! Tracks the running lines, so that they can be cancelled.

use crate::base::report::usage;
use crate::session::console::JobConsole;
use dfs_types::Result;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The maximum number of lines that run at the same time.
const RUNNING_MAX: usize = 64;

/// The set of running lines. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<Consoles>>);

#[derive(Debug, Default)]
struct Consoles {
    lines: BTreeMap<u64, Arc<JobConsole>>,
    /// The line of the preview; only the last one is kept.
    look: Option<Arc<JobConsole>>,
}

impl Running {
    /// Checks that one more line may run.
    ///
    /// # Errors
    /// Returns `usage` if too many lines run.
    pub(super) fn may_begin(&self) -> Result<()> {
        if self.consoles().lines.len() < RUNNING_MAX {
            return Ok(());
        }
        Err(usage(format!("{RUNNING_MAX} commands at most run at the same time")).hint("wait until one has ended"))
    }

    pub(super) fn begin(&self, number: u64, console: Arc<JobConsole>) {
        self.consoles().lines.insert(number, console);
    }

    pub(super) fn end(&self, number: u64) {
        self.consoles().lines.remove(&number);
    }

    /// Asks a line to end; at the second call the line is dropped.
    pub(super) fn cancel(&self, number: u64) {
        if let Some(console) = self.consoles().lines.get(&number) {
            if console.cancel.is_cancelled() {
                console.abort.cancel();
            }
            console.cancel.cancel();
        }
    }

    /// Sets the line of the preview, and cancels the previous one.
    pub(super) fn look(&self, console: Arc<JobConsole>) {
        if let Some(before) = self.consoles().look.replace(console) {
            before.cancel.cancel();
            before.abort.cancel();
        }
    }

    /// Returns true if this is the current line of the preview.
    pub(super) fn is_looked_at(&self, console: &Arc<JobConsole>) -> bool {
        self.consoles().look.as_ref().is_some_and(|look| Arc::ptr_eq(look, console))
    }

    fn consoles(&self) -> MutexGuard<'_, Consoles> {
        self.0.lock()
    }
}
