//! The log of changes to the replicas of this datanode, in order, from which the masters are
//! informed.
//!
//! Each master has its own position in the log. A master whose position is no longer kept gets a
//! full report.

use dfs_rpc::CHUNKS_PER_REPORT_MAX;
use dfs_types::{ChunkId, ReplicaKey, StoredReplica};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use tokio::sync::watch;

/// The number of changes that are kept for masters that are unreachable. One change takes 24 bytes.
const KEPT: usize = 65_536;

/// One change of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A replica was stored, or its state changed.
    Added(StoredReplica),
    Removed(ReplicaKey),
    CopyEnded(ChunkId),
    /// The deletion of a replica was ordered, but will not happen.
    Kept(ReplicaKey),
}

/// The changes that one heartbeat reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    pub added: Vec<StoredReplica>,
    pub removed: Vec<ReplicaKey>,
    pub copies_ended: Vec<ChunkId>,
    pub kept: Vec<ReplicaKey>,
    /// The position in the log after the last change in these lists.
    pub next: u64,
}

/// The log.
#[derive(Debug)]
pub struct ChangeLog {
    state: Mutex<Log>,
    /// The position after the last change.
    end: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Log {
    /// The position of the first change that is kept.
    first: u64,
    changes: VecDeque<Change>,
}

impl Default for ChangeLog {
    fn default() -> Self {
        Self { state: Mutex::default(), end: watch::Sender::new(0) }
    }
}

impl ChangeLog {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.state.lock()
    }

    /// Appends a change.
    pub fn push(&self, change: Change) {
        let mut log = self.lock();
        if log.changes.len() == KEPT {
            log.changes.pop_front();
            log.first += 1;
        }
        log.changes.push_back(change);
        let end = log.end();
        // Sent while the log is locked, so that the watched number only rises.
        self.end.send_replace(end);
    }

    /// Returns the position after the last change.
    pub fn end(&self) -> u64 {
        self.lock().end()
    }

    /// Returns a receiver of the end of the log.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Returns the changes from `place` on that fit in one heartbeat; none if that position is no
    /// longer kept.
    ///
    /// A heartbeat is three lists without an order among each other, so it ends before a change
    /// that contradicts an earlier one about the same replica.
    pub fn news(&self, place: u64) -> Option<News> {
        let log = self.lock();
        let skip = place.checked_sub(log.first)?;
        let mut news = News { next: place, ..News::default() };
        let mut listed: HashMap<ReplicaKey, Change> = HashMap::new();
        for change in log.changes.iter().skip(usize::try_from(skip).ok()?).take(CHUNKS_PER_REPORT_MAX) {
            let key = match change {
                Change::Added(stored) => stored.key,
                Change::Removed(key) | Change::Kept(key) => *key,
                Change::CopyEnded(chunk) => {
                    news.copies_ended.push(*chunk);
                    news.next += 1;
                    continue;
                }
            };
            if listed.insert(key, *change).is_some_and(|before| before != *change) {
                break;
            }
            match change {
                Change::Added(stored) => news.added.push(*stored),
                Change::Removed(key) => news.removed.push(*key),
                Change::Kept(key) => news.kept.push(*key),
                Change::CopyEnded(_) => {}
            }
            news.next += 1;
        }
        Some(news)
    }
}

impl Log {
    fn end(&self) -> u64 {
        self.first + self.changes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::{Generation, ReplicaState};

    fn key(id: u64) -> ReplicaKey {
        ReplicaKey { chunk: ChunkId(id), generation: Generation(1), checksum: 7 }
    }

    fn added(id: u64) -> Change {
        Change::Added(StoredReplica { key: key(id), state: ReplicaState::Verified })
    }

    #[test]
    fn changes_continue_where_they_ended() {
        let log = ChangeLog::default();
        [added(1), Change::Removed(key(2)), Change::CopyEnded(ChunkId(1)), Change::Kept(key(3))]
            .into_iter()
            .for_each(|change| log.push(change));
        let news = log.news(0).expect("kept");
        assert_eq!((news.added.len(), news.removed.len(), news.copies_ended.len(), news.next), (1, 1, 1, 4));
        assert_eq!(news.kept, [key(3)]);
        assert_eq!(log.news(4), Some(News { next: 4, ..News::default() }));
        assert_eq!(*log.watch().borrow(), 4);
    }

    #[test]
    fn a_heartbeat_never_contradicts_itself() {
        let log = ChangeLog::default();
        [added(1), Change::Removed(key(1)), added(1), added(1)].into_iter().for_each(|change| log.push(change));
        let mut place = 0;
        let mut listed = Vec::new();
        while place < log.end() {
            let news = log.news(place).expect("kept");
            listed.push((news.added.len(), news.removed.len()));
            place = news.next;
        }
        assert_eq!(listed, [(1, 0), (0, 1), (2, 0)]);
    }

    #[test]
    fn the_log_is_bounded_and_says_so() {
        let log = ChangeLog::default();
        for id in 0..KEPT as u64 + 10 {
            log.push(added(id));
        }
        assert_eq!(log.news(9), None);
        let news = log.news(10).expect("kept");
        assert_eq!(news.added.len(), CHUNKS_PER_REPORT_MAX);
        assert_eq!(news.added[0].key, key(10));
    }
}
