//! The state machine: applies committed entries, and publishes the resulting versions.

use super::published::{Published, Version};
use super::snapshots::Snapshots;
use super::types::{Applied, Batch, Entry, LogId, SnapshotMeta, StorageError, StoredMembership, TypeConfig};
use dfs_logic::command::Outcome;
use openraft::storage::RaftStateMachine;
use openraft::{AnyError, EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot, StorageIOError};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A command that deletes more entries than this hands the old version to another thread to be
/// dropped.
const BIG_DELETE_ENTRIES: u64 = 1_000;

/// The state machine of one master. Lives on the Raft thread.
#[derive(Debug)]
pub struct Machine {
    version: Version,
    published: Arc<Published>,
    snapshots: Arc<Snapshots>,
    receiving: Option<PathBuf>,
    /// The index of the last entry that was in the log at the start.
    replayed: u64,
}

impl Machine {
    /// Continues from `version`, which the newest snapshot held.
    pub fn new(version: Version, published: Arc<Published>, snapshots: Arc<Snapshots>) -> Self {
        Self { version, published, snapshots, receiving: None, replayed: 0 }
    }

    /// Sets the last entry that was in the log at the start; entries up to it are not counted as
    /// changes.
    #[must_use]
    pub fn replaying(self, replayed: u64) -> Self {
        Self { replayed, ..self }
    }

    /// Removes the file that a snapshot was received into.
    #[expect(clippy::disallowed_methods, reason = "a received snapshot is a file")]
    fn forget_received(&mut self) {
        if let Some(path) = self.receiving.take() {
            // A restart removes leftovers.
            let _ = std::fs::remove_file(path);
        }
    }

    async fn install(&mut self, meta: &SnapshotMeta, received: File) -> Result<(), StorageError> {
        let snapshots = self.snapshots.clone();
        let installed = blocking(move || snapshots.install(received)).await.map_err(write_error)?;
        self.forget_received();
        let version = installed.map_err(read_error)?;
        if version.applied != meta.last_log_id {
            return Err(read_error("the received snapshot is not the one that was announced"));
        }
        self.version = version;
        self.published.publish(self.version.clone(), true);
        Ok(())
    }

    /// Applies one batch; the second value is true if it deleted many entries.
    fn apply_batch(&mut self, batch: &Batch) -> (Applied, bool) {
        let results: Vec<_> = batch.0.iter().map(|command| self.version.namespace.apply(command)).collect();
        let deleted = |outcome: &Result<Outcome, _>| match outcome {
            Ok(Outcome::Deleted(deleted)) => deleted.files + deleted.directories,
            _ => 0,
        };
        let big = results.iter().map(deleted).sum::<u64>() > BIG_DELETE_ENTRIES;
        (Applied(results), big)
    }
}

fn read_error(error: impl std::fmt::Display) -> StorageError {
    StorageIOError::read_snapshot(None, AnyError::error(error.to_string())).into()
}

fn write_error(error: impl std::fmt::Display) -> StorageError {
    StorageIOError::write_snapshot(None, AnyError::error(error.to_string())).into()
}

/// Runs work on a whole snapshot where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), StorageError> {
        Ok((self.version.applied, self.version.members.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Applied>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut results = Vec::new();
        let mut big_change = false;
        for entry in entries {
            self.version.applied = Some(entry.log_id);
            results.push(match &entry.payload {
                EntryPayload::Blank => Applied(Vec::new()),
                EntryPayload::Normal(batch) => {
                    if entry.log_id.index > self.replayed {
                        self.published.count_changes(batch.0.len());
                    }
                    let (applied, big) = self.apply_batch(batch);
                    big_change |= big;
                    applied
                }
                EntryPayload::Membership(members) => {
                    self.version.members = StoredMembership::new(Some(entry.log_id), members.clone());
                    Applied(Vec::new())
                }
            });
        }
        self.published.publish(self.version.clone(), big_change);
        Ok(results)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder { version: Arc::new(self.version.clone()), snapshots: self.snapshots.clone() }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<tokio::fs::File>, StorageError> {
        self.forget_received();
        let (path, file) = self.snapshots.receive().map_err(write_error)?;
        self.receiving = Some(path);
        Ok(Box::new(tokio::fs::File::from_std(file)))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<tokio::fs::File>,
    ) -> Result<(), StorageError> {
        let received = snapshot.into_std().await;
        let installed = self.install(meta, received).await;
        if installed.is_err() {
            // The log waits for the snapshot.
            self.snapshots.fail();
        }
        installed
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError> {
        self.snapshots.current().map_err(read_error)
    }
}

/// Writes a snapshot of the version that it was made from, while commands continue.
#[derive(Debug)]
pub struct Builder {
    version: Arc<Version>,
    snapshots: Arc<Snapshots>,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError> {
        if !self.snapshots.take_news() {
            let (version, snapshots) = (self.version.clone(), self.snapshots.clone());
            blocking(move || snapshots.write(&version)).await.map_err(write_error)?.map_err(write_error)?;
        }
        let current = self.snapshots.current().map_err(read_error)?;
        current.ok_or_else(|| read_error("the snapshot just written is missing"))
    }
}
