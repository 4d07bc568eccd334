//! The view of the cluster for one dashboard.

use super::status::{snapshot, status_of};
use crate::master::raft::types::LogId;
use crate::master::state::Master;
use crate::master::view::ViewInput;
use bytes::Bytes;
use dfs_rpc::view::{LogStatus, ViewVersion};
use dfs_types::Result;
use std::sync::atomic::Ordering;

/// Returns, encoded, the changes since the view `since` if that view is known here, otherwise the
/// full view.
///
/// # Errors
/// `internal` if it does not fit in a message.
pub(super) fn view(master: &Master, since: Option<ViewVersion>) -> Result<Bytes> {
    // A caller that arrives while a view is being made waits for it: this is faster than making
    // another one.
    let mut views = master.views.lock();
    let now = master.clock.now();
    if views.is_due(now) {
        let snapshot = snapshot(master);
        let status = status_of(master, &snapshot);
        let events = master.journal.after(views.newest_event());
        let curve = master.curve().after(views.newest_second(), snapshot.now);
        views.take(ViewInput { status, log: log_status(master), snapshot, events, curve });
    }
    views.answer(since)
}

fn log_status(master: &Master) -> LogStatus {
    let progress = master.progress.borrow();
    let index = |id: &Option<LogId>| id.map_or(0, |id| id.index);
    let syncs = master.log.syncs();
    LogStatus {
        last: index(&progress.last_log),
        committed: master.log.committed(),
        applied: index(&progress.last_applied),
        snapshot: index(&progress.snapshot),
        changes: master.published.changes(),
        syncs: syncs.count,
        sync_us: syncs.total_us,
        sync_us_max: syncs.max_us,
        elections: master.elections.load(Ordering::Relaxed),
    }
}
