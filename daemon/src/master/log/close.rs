//! What the log does when it is not written: its end mark reaches the disk when it rests, and is exact when it is closed.
//! And what it waits for before it lets go of entries.

use super::error::LogError;
use super::store::Log;
use crate::master::raft::types::LogId;
use tokio::sync::watch;

/// Which snapshot is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The one that ends with this entry; none when there is no snapshot.
    Upto(Option<LogId>),
    /// Writing one that was received has failed, and the master must end.
    Failed,
}

impl Log {
    /// Brings the end mark onto the disk if nothing was written since this was last called. To be called about once a
    /// second, where it may block. Under load it does nothing.
    ///
    /// # Errors
    /// When the disk fails; the log is out of service then.
    pub fn rest(&self) -> Result<(), LogError> {
        let (disk, file) = {
            let mut state = self.lock();
            let (number, file) = state.end.written();
            let seen = std::mem::replace(&mut state.end_seen, number);
            if seen != number || state.end_synced == number {
                return Ok(());
            }
            // A failed sync is not tried again: it puts the log out of service.
            state.end_synced = number;
            (state.options.disk.clone(), file)
        };
        let synced = file.map_or(Ok(()), |file| disk.sync(&file));
        self.change(|state, _| synced.map_err(LogError::io("sync", state.end.path())))
    }

    /// Notes durably that the log ends here, and takes nothing any more. The last act of a clean stop.
    ///
    /// # Errors
    /// When the log is out of service, or the disk fails; the next start then looks for the end as after a crash.
    pub fn close(&self) -> Result<(), LogError> {
        self.change(|state, _| {
            let disk = state.options.disk.clone();
            state.closed = true;
            state.end.settle(state.end_here(true), &*disk)
        })
    }

    /// Has purging wait until the snapshot is durable that it relies on.
    pub fn follow_snapshots(&self, kept: watch::Receiver<Kept>) {
        // There is one directory of snapshots, so the first one stays.
        let _ = self.shared.kept.set(kept);
    }

    /// Waits until a snapshot is durable that holds the entries up to `upto`. openraft drops the log before a snapshot that
    /// it receives while that one is still being written: a crash in between would leave neither.
    ///
    /// # Errors
    /// When the snapshot could not be written.
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
