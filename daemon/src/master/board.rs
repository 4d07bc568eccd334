//! The picture of the cluster that dashboards watch.

use super::state::Master;
use bytes::Bytes;
use dfs_rpc::board::{Board, BoardVersion, CopyCount, LogStatus};
use dfs_types::{Error, ErrorCode, Result};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Pictures of one master.
#[derive(Debug)]
pub struct Boards {
    version: BoardVersion,
}

impl Boards {
    /// `epoch` is another one at each start.
    pub fn new(epoch: u64) -> Self {
        Self { version: BoardVersion { epoch, seq: 0 } }
    }
}

impl Master {
    /// The picture of the cluster, encoded.
    ///
    /// # Errors
    /// `internal` when it cannot be encoded.
    pub(super) fn board(&self, _since: Option<BoardVersion>) -> Result<Bytes> {
        let version = {
            let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
            boards.version.seq += 1;
            boards.version
        };
        let counts = self.registry().healing.counts();
        let board = Board {
            version,
            since: None,
            status: self.status(),
            copies: counts.copies().map(|(wanted, live, chunks)| CopyCount { wanted, live, chunks }).collect(),
            log: self.log_status(),
            nodes: self.nodes(),
            gone: Vec::new(),
            events: Vec::new(),
        };
        let encoded =
            postcard::to_stdvec(&board).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        Ok(encoded.into())
    }

    fn log_status(&self) -> LogStatus {
        let progress = self.progress.borrow();
        let index = |id: &Option<super::raft::types::LogId>| id.map_or(0, |id| id.index);
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
