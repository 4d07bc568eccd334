//! The lines that run now, so that they can be ended.

use crate::jobs::Desk;
use crate::report::usage;
use dfs_types::Result;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines that run at the same time, at most.
const RUNNING_MAX: usize = 64;

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<Desks>>);

#[derive(Debug, Default)]
struct Desks {
    lines: BTreeMap<u64, Arc<Desk>>,
    /// Of what is looked at: only the last one counts.
    look: Option<Arc<Desk>>,
}

impl Running {
    /// Whether one more line may run.
    ///
    /// # Errors
    /// `usage` when too many do.
    pub(super) fn may_begin(&self) -> Result<()> {
        if self.desks().lines.len() < RUNNING_MAX {
            return Ok(());
        }
        Err(usage(format!("{RUNNING_MAX} commands at most run at the same time")).hint("wait until one has ended"))
    }

    pub(super) fn begin(&self, number: u64, desk: Arc<Desk>) {
        self.desks().lines.insert(number, desk);
    }

    pub(super) fn end(&self, number: u64) {
        self.desks().lines.remove(&number);
    }

    /// Asks a line to end; the second time it is dropped where it stands.
    pub(super) fn cancel(&self, number: u64) {
        if let Some(desk) = self.desks().lines.get(&number) {
            if desk.cancel.is_cancelled() {
                desk.abort.cancel();
            }
            desk.cancel.cancel();
        }
    }

    /// Somebody looks at something else: what they looked at before matters no more.
    pub(super) fn look(&self, desk: Arc<Desk>) {
        if let Some(before) = self.desks().look.replace(desk) {
            before.cancel.cancel();
            before.abort.cancel();
        }
    }

    /// Whether this is what is looked at.
    pub(super) fn is_looked_at(&self, desk: &Arc<Desk>) -> bool {
        self.desks().look.as_ref().is_some_and(|look| Arc::ptr_eq(look, desk))
    }

    fn desks(&self) -> MutexGuard<'_, Desks> {
        self.0.lock()
    }
}
