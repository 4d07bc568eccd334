//! The parts of the log that run when it is not written: its end mark is synced when the log is
//! idle, and made exact when it is closed. And the wait for a snapshot before entries are purged.

use super::error::LogError;
use super::store::Log;
use crate::master::raft::types::LogId;
use tokio::sync::watch;

/// The state of the newest snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The snapshot that ends with this entry is durable; none if there is no snapshot.
    Upto(Option<LogId>),
    /// Writing a received snapshot has failed, and the master must stop.
    Failed,
}

impl Log {
    /// Syncs the end mark if nothing was written since the last call. Call it about once a second,
    /// where blocking is allowed. Under load it does nothing.
    ///
    /// # Errors
    /// Returns an error if the disk fails; the log is then out of service.
    pub fn rest(&self) -> Result<(), LogError> {
        let (disk, file) = {
            let mut state = self.lock();
            let (number, file) = state.end.written();
            let seen = std::mem::replace(&mut state.end_seen, number);
            if seen != number || state.end_synced == number {
                return Ok(());
            }
            // A failed sync is not retried: it puts the log out of service.
            state.end_synced = number;
            (state.options.disk.clone(), file)
        };
        let synced = file.map_or(Ok(()), |file| disk.sync(&file));
        self.change(|state, _| synced.map_err(LogError::io("sync", state.end.path())))
    }

    /// Records durably that the log ends here, and accepts no more writes. The last step of a clean
    /// stop.
    ///
    /// # Errors
    /// Returns an error if the log is out of service, or the disk fails; the next start then looks
    /// for the end as after a crash.
    pub fn close(&self) -> Result<(), LogError> {
        self.change(|state, _| {
            let disk = state.options.disk.clone();
            state.closed = true;
            state.end.settle(state.end_here(true), &*disk)
        })
    }

    /// Makes purging wait until the snapshot that it relies on is durable.
    pub fn follow_snapshots(&self, kept: watch::Receiver<Kept>) {
        // There is only one directory of snapshots, so the first receiver stays.
        let _ = self.shared.kept.set(kept);
    }

    /// Waits until a snapshot with the entries up to `upto` is durable. openraft drops the log
    /// before a snapshot that it receives while that snapshot is still being written: a crash in
    /// between would lose both.
    ///
    /// # Errors
    /// Returns an error if the snapshot could not be written.
    pub async fn snapshot_durable(&self, upto: LogId) -> Result<(), LogError> {
        let Some(mut kept) = self.shared.kept.get().cloned() else { return Ok(()) };
        let decided = kept.wait_for(|kept| match kept {
            Kept::Upto(last) => *last >= Some(upto),
            Kept::Failed => true,
        });
        match decided.await.map(|kept| *kept) {
            Ok(Kept::Upto(_)) => Ok(()),
            Ok(Kept::Failed) | Err(_) => Err(LogError::Failed("a snapshot could not be written".to_owned())),
        }
    }
}
