//! The picture of the cluster that dashboards watch.
//!
//! * [`pictures`]: the newest picture, what of it is new since an earlier one, and both encoded, once for all who ask.
//! * [`curve`]: the last seconds.
//! * [`journal`]: what happened.
//! * [`event_text`]: the texts of cluster events.
//!
//! A picture is made when somebody asks and the last one is old: without dashboards none is. The cluster state is
//! locked only while it is copied ([`ClusterSnapshot`](dfs_logic::cluster::ClusterSnapshot)).

pub mod curve;
pub mod event_text;
pub mod journal;
pub mod pictures;

#[cfg(test)]
mod tests;

pub use curve::Curve;
pub use journal::Journal;
pub use pictures::{Boards, News};

use super::raft::types::LogId;
use super::state::Master;
use bytes::Bytes;
use dfs_rpc::board::{BoardVersion, LogStatus};
use dfs_types::Result;
use std::sync::atomic::Ordering;

impl Master {
    /// What is new since the picture `since`, where that is known here, else everything; encoded.
    ///
    /// # Errors
    /// `internal` when it does not fit a message.
    pub(super) fn board(&self, since: Option<BoardVersion>) -> Result<Bytes> {
        // Whoever asks while a picture is made waits for it: that is quicker than to make another one.
        let mut boards = self.boards.lock();
        let now = self.clock.now();
        if boards.is_due(now) {
            let snapshot = self.snapshot();
            let status = self.status_of(&snapshot);
            let events = self.journal.after(boards.newest_event());
            let curve = self.curve().after(boards.newest_second(), snapshot.now);
            boards.take(News { status, log: self.log_status(), snapshot, events, curve });
        }
        boards.answer(since)
    }

    fn log_status(&self) -> LogStatus {
        let progress = self.progress.borrow();
        let index = |id: &Option<LogId>| id.map_or(0, |id| id.index);
        let syncs = self.log.syncs();
        LogStatus {
            last: index(&progress.last_log),
            committed: self.log.committed(),
            applied: index(&progress.last_applied),
            snapshot: index(&progress.snapshot),
            changes: self.published.changes(),
            syncs: syncs.count,
            sync_us: syncs.total_us,
            sync_us_max: syncs.max_us,
            elections: self.elections.load(Ordering::Relaxed),
        }
    }
}
