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
    bytes_kept: AtomicU64,
    files: AtomicU64,
    retries: AtomicU64,
    listener: Option<Listener>,
    /// Counts all of this, too.
    whole: Option<Progress>,
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

    /// A progress for one file of several: what it counts is counted here, too.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Arc::new(Counters { whole: Some(self.clone()), ..Counters::default() }))
    }

    /// Bytes of file content sent or received. It goes back when a chunk has to be sent again.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Bytes of all files begun so far, where their size is known; who counts ahead keeps a total of their own.
    pub fn bytes_total(&self) -> u64 {
        self.0.bytes_total.load(Ordering::Relaxed)
    }

    /// Bytes that an earlier get had left behind, that were found whole and not fetched again.
    pub fn bytes_kept(&self) -> u64 {
        self.0.bytes_kept.load(Ordering::Relaxed)
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
        self.count(|counters| counters.bytes_total.fetch_add(bytes, Ordering::Relaxed));
    }

    /// So many bytes more are done: for who counts work of their own here.
    pub fn add(&self, bytes: u64) {
        self.count(|counters| counters.bytes.fetch_add(bytes, Ordering::Relaxed));
    }

    pub(crate) fn keep(&self, bytes: u64) {
        self.count(|counters| counters.bytes_kept.fetch_add(bytes, Ordering::Relaxed));
    }

    /// What was kept counts for nothing: the file is another one by now.
    pub(crate) fn keep_nothing(&self) {
        let kept = self.bytes_kept();
        self.count(|counters| counters.bytes_kept.fetch_sub(kept, Ordering::Relaxed));
    }

    pub(crate) fn take_back(&self, bytes: u64) {
        // Only ever what was added before, so it does not pass below zero.
        self.count(|counters| counters.bytes.fetch_sub(bytes, Ordering::Relaxed));
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
        if let Some(whole) = &self.0.whole {
            whole.tell(event);
        }
    }

    fn count(&self, change: impl Fn(&Counters) -> u64) {
        change(&self.0);
        if let Some(whole) = &self.0.whole {
            whole.count(change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_in_the_whole() {
        let whole = Progress::new();
        let (one, other) = (whole.part(), whole.part());
        one.expect(100);
        other.expect(10);
        one.add(50);
        other.add(10);
        other.take_back(3);
        one.keep(20);
        one.tell(Event::Ended { path: "/a".into(), bytes: 100 });
        assert_eq!((one.bytes(), one.bytes_total(), one.bytes_kept(), one.files()), (50, 100, 20, 1));
        assert_eq!((other.bytes(), other.bytes_total(), other.files()), (7, 10, 0));
        assert_eq!((whole.bytes(), whole.bytes_total(), whole.bytes_kept(), whole.files()), (57, 110, 20, 1));
        one.keep_nothing();
        assert_eq!((one.bytes_kept(), whole.bytes_kept()), (0, 0));
    }
}
