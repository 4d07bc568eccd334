//! The picture of the cluster for one dashboard.

use super::status::{snapshot, status_of};
use crate::master::board::News;
use crate::master::raft::types::LogId;
use crate::master::state::Master;
use bytes::Bytes;
use dfs_rpc::board::{BoardVersion, LogStatus};
use dfs_types::Result;
use std::sync::atomic::Ordering;

/// What is new since the picture `since`, where that is known here, else everything; encoded.
///
/// # Errors
/// `internal` when it does not fit a message.
pub(super) fn board(master: &Master, since: Option<BoardVersion>) -> Result<Bytes> {
    // Whoever asks while a picture is made waits for it: that is quicker than to make another one.
    let mut boards = master.boards.lock();
    let now = master.clock.now();
    if boards.is_due(now) {
        let snapshot = snapshot(master);
        let status = status_of(master, &snapshot);
        let events = master.journal.after(boards.newest_event());
        let curve = master.curve().after(boards.newest_second(), snapshot.now);
        boards.take(News { status, log: log_status(master), snapshot, events, curve });
    }
    boards.answer(since)
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
