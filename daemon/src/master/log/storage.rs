//! Implements the log traits of openraft.
//!
//! `append` writes and syncs on the calling thread before it returns: a hop to another thread costs
//! more than it saves, see docs/design/log.md.

use super::error::LogError;
use super::store::Log;
use crate::master::raft::types::{Entry, LogId, StorageError, TypeConfig, Vote};
use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{AnyError, ErrorSubject, ErrorVerb, OptionalSend, RaftLogReader, StorageIOError};
use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};

/// The maximum number of entries that are read for one message to a follower.
const ENTRIES_PER_MESSAGE_MAX: u64 = 256;

fn storage_error(verb: ErrorVerb, error: &LogError) -> StorageError {
    StorageIOError::new(ErrorSubject::Logs, verb, AnyError::error(error.to_string())).into()
}

impl RaftLogReader<TypeConfig> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>, StorageError> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(from) => from + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(to) => to + 1,
            Bound::Excluded(to) => *to,
            Bound::Unbounded => u64::MAX,
        };
        self.read(from, to).map_err(|error| storage_error(ErrorVerb::Read, &error))
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, StorageError> {
        self.try_get_log_entries(start..end.min(start.saturating_add(ENTRIES_PER_MESSAGE_MAX))).await
    }
}

impl RaftLogStorage<TypeConfig> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let (last_purged_log_id, last_log_id) = self.ends();
        Ok(LogState { last_purged_log_id, last_log_id })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        Log::save_vote(self, vote).map_err(|error| storage_error(ErrorVerb::Write, &error))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        Ok(self.vote())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StorageError> {
        self.set_committed(committed);
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StorageError> {
        Ok(self.committed())
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<TypeConfig>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        match Log::append(self, entries) {
            Ok(()) => {
                callback.log_io_completed(Ok(()));
                Ok(())
            }
            Err(error) => {
                let failed = storage_error(ErrorVerb::Write, &error);
                callback.log_io_completed(Err(error.into_io()));
                Err(failed)
            }
        }
    }

    async fn truncate(&mut self, since: LogId) -> Result<(), StorageError> {
        Log::truncate(self, since.index).map_err(|error| storage_error(ErrorVerb::Delete, &error))
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), StorageError> {
        self.snapshot_durable(upto).await.map_err(|error| storage_error(ErrorVerb::Delete, &error))?;
        Log::purge(self, upto).map_err(|error| storage_error(ErrorVerb::Delete, &error))
    }
}
