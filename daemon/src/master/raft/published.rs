//! The newest version of the namespace, which all threads can read without waiting.

use super::types::{LogId, StoredMembership};
use arc_swap::ArcSwap;
use dfs_logic::state::State;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

/// The state after some log entry. It never changes.
#[derive(Debug, Clone, Default)]
pub struct Version {
    pub namespace: State,
    /// The last entry in it.
    pub applied: Option<LogId>,
    pub members: StoredMembership,
}

/// The place where the state machine publishes its versions.
#[derive(Debug)]
pub struct Published {
    current: ArcSwap<Version>,
    undertaker: SyncSender<Arc<Version>>,
    changes: AtomicU64,
}

/// The maximum number of versions that wait for the thread that drops them; further ones are
/// dropped in place.
const WAITING_MAX: usize = 64;

impl Published {
    /// Publishes a first version.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
    pub fn new(version: Version) -> std::io::Result<Arc<Self>> {
        let (undertaker, dropped) = sync_channel::<Arc<Version>>(WAITING_MAX);
        // The thread ends when the last sender is dropped.
        std::thread::Builder::new().name("old-versions".to_owned()).spawn(move || dropped.iter().for_each(drop))?;
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(version), undertaker, changes: AtomicU64::new(0) }))
    }

    /// Returns the newest version. Holding it costs the memory of everything that has changed
    /// since.
    pub fn get(&self) -> Arc<Version> {
        self.current.load_full()
    }

    /// Returns the newest version, for a short access.
    pub fn look(&self) -> arc_swap::Guard<Arc<Version>> {
        self.current.load()
    }

    /// Returns the number of commands applied since the start, refused ones included; those of the
    /// log as it was at the start are not counted.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Counts commands that are in the next version, and were not in the log at the start.
    pub fn count_changes(&self, commands: usize) {
        self.changes.fetch_add(commands as u64, Ordering::Relaxed);
    }

    /// Publishes the next version. With `big_change`, another thread drops the previous version:
    /// freeing a million names takes long, and all commands wait for this thread.
    pub fn publish(&self, version: Version, big_change: bool) {
        let before = self.current.swap(Arc::new(version));
        if big_change {
            let _ = self.undertaker.try_send(before);
        }
    }
}
