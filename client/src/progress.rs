//! The progress of transfers.

use dfs_types::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An event of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The transfer of a file begins; with its size if known.
    Started { path: String, bytes: Option<u64> },
    /// A file was transferred.
    Ended { path: String, bytes: u64 },
    /// A file could not be transferred.
    Failed { path: String, error: Error },
    /// A datanode failed and the transfer continues with another one. Intended for logs.
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
    /// The total that also counts everything counted here.
    whole: Option<Progress>,
}

/// Counts the work of transfers; clones share the counters. A progress bar polls it; a listener is
/// called for each event.
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

    /// Calls `listener` for each event on the threads that do the work, so it must be fast.
    pub fn with_listener(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Counters { listener: Some(Box::new(listener)), ..Counters::default() }))
    }

    /// Returns a progress for one of several files; the work counted there is counted here too.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Arc::new(Counters { whole: Some(self.clone()), ..Counters::default() }))
    }

    /// Returns the bytes of file content sent or received. The number decreases when a chunk has to
    /// be sent again.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes of all files begun so far whose size is known. Callers that count files in
    /// advance keep their own total.
    pub fn bytes_total(&self) -> u64 {
        self.0.bytes_total.load(Ordering::Relaxed)
    }

    /// Returns the bytes that an earlier get had stored, that were verified and not fetched again.
    pub fn bytes_kept(&self) -> u64 {
        self.0.bytes_kept.load(Ordering::Relaxed)
    }

    /// Returns the number of completed files.
    pub fn files(&self) -> u64 {
        self.0.files.load(Ordering::Relaxed)
    }

    /// Returns the number of chunks that were sent again, or continued with another replica.
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    pub(crate) fn expect(&self, bytes: u64) {
        self.count(|counters| counters.bytes_total.fetch_add(bytes, Ordering::Relaxed));
    }

    /// Adds bytes of work that the caller did itself.
    pub fn add(&self, bytes: u64) {
        self.count(|counters| counters.bytes.fetch_add(bytes, Ordering::Relaxed));
    }

    pub(crate) fn keep(&self, bytes: u64) {
        self.count(|counters| counters.bytes_kept.fetch_add(bytes, Ordering::Relaxed));
    }

    /// Resets the kept bytes, because the file was replaced.
    pub(crate) fn keep_nothing(&self) {
        let kept = self.bytes_kept();
        self.count(|counters| counters.bytes_kept.fetch_sub(kept, Ordering::Relaxed));
    }

    pub(crate) fn take_back(&self, bytes: u64) {
        // Never subtracts more than was added before, so the counter does not underflow.
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
