//! The lines that run now, so that they can be ended.

use crate::base::report::usage;
use crate::session::console::JobConsole;
use dfs_types::Result;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines that run at the same time, at most.
const RUNNING_MAX: usize = 64;

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<Consoles>>);

#[derive(Debug, Default)]
struct Consoles {
    lines: BTreeMap<u64, Arc<JobConsole>>,
    /// Of what is looked at: only the last one counts.
    look: Option<Arc<JobConsole>>,
}

impl Running {
    /// Whether one more line may run.
    ///
    /// # Errors
    /// `usage` when too many do.
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

    /// Asks a line to end; the second time it is dropped where it stands.
    pub(super) fn cancel(&self, number: u64) {
        if let Some(console) = self.consoles().lines.get(&number) {
            if console.cancel.is_cancelled() {
                console.abort.cancel();
            }
            console.cancel.cancel();
        }
    }

    /// Somebody looks at something else: what they looked at before matters no more.
    pub(super) fn look(&self, console: Arc<JobConsole>) {
        if let Some(before) = self.consoles().look.replace(console) {
            before.cancel.cancel();
            before.abort.cancel();
        }
    }

    /// Whether this is what is looked at.
    pub(super) fn is_looked_at(&self, console: &Arc<JobConsole>) -> bool {
        self.consoles().look.as_ref().is_some_and(|look| Arc::ptr_eq(look, console))
    }

    fn consoles(&self) -> MutexGuard<'_, Consoles> {
        self.0.lock()
    }
}
