//! How far a transfer is.

use dfs_types::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something worth telling happened in a transfer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A file begins; its size where it is known beforehand.
    Started { path: String, bytes: Option<u64> },
    /// A file is done.
    Ended { path: String, bytes: u64 },
    /// A file could not be transferred.
    Failed { path: String, error: Error },
    /// A datanode failed and the work goes on with another. For logs, not for people in a hurry.
    Retried { path: String, reason: String },
}

type Listener = Box<dyn Fn(&Event) + Send + Sync>;

#[derive(Default)]
struct Counters {
    bytes: AtomicU64,
    bytes_total: AtomicU64,
    files: AtomicU64,
    retries: AtomicU64,
    listener: Option<Listener>,
}

/// Counts what transfers have done; clones count together. A progress bar polls it, a listener is called at events.
#[derive(Clone, Default)]
pub struct Progress(Arc<Counters>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({} of {} bytes, {} files)", self.bytes(), self.bytes_total(), self.files())
    }
}

impl Progress {
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `listener` at each event, from the threads that do the work: it must be quick.
    pub fn with_listener(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Counters { listener: Some(Box::new(listener)), ..Counters::default() }))
    }

    /// Bytes of file content sent or received. It goes back when a chunk has to be sent again.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of all files begun so far, where their size is known; who counts ahead keeps a total of their own.
    pub fn bytes_total(&self) -> u64 {
        self.0.bytes_total.load(Ordering::Relaxed)
    }

    /// Files that are done.
    pub fn files(&self) -> u64 {
        self.0.files.load(Ordering::Relaxed)
    }

    /// Chunks that were sent again, or gone on with at another replica.
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    pub(crate) fn expect(&self, bytes: u64) {
        self.0.bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn take_back(&self, bytes: u64) {
        // Only ever what was added before, so it does not pass below zero.
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn tell(&self, event: Event) {
        match &event {
            Event::Ended { .. } => self.0.files.fetch_add(1, Ordering::Relaxed),
            Event::Retried { .. } => self.0.retries.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        if let Some(listener) = &self.0.listener {
            listener(&event);
        }
    }
}
