//! The progress of a transfer, for progress bars, `jobs` and `fg`.

use dfs_client::Progress;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A transfer of any number of files. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RunningTransfers(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    total: Progress,
    /// Bytes of the files started so far.
    begun: AtomicU64,
    /// Bytes of finished files that were not transferred: those of unchanged files, and the rest of
    /// failed ones.
    passed: AtomicU64,
    /// Bytes and files in total, once known.
    estimate: AtomicU64,
    estimate_files: AtomicU64,
    estimated: AtomicBool,
    ended: AtomicBool,
    files_done: AtomicU64,
    next: AtomicU64,
    /// Running files by start order; bounded by the number of parallel transfers.
    running: Mutex<BTreeMap<u64, Running>>,
}

#[derive(Debug)]
struct Running {
    name: String,
    bytes: u64,
    progress: Progress,
}

/// A file in transfer; it is removed from the transfers when the ticket is dropped.
#[derive(Debug)]
pub struct Ticket {
    transfers: RunningTransfers,
    number: u64,
    /// True if the whole transfer ended in this file: the rest of the file does not count as
    /// skipped.
    cut_off: bool,
}

/// A file in a [`Picture`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNow {
    /// Unescaped: not safe for a terminal.
    pub name: String,
    pub done: u64,
    pub bytes: u64,
}

/// The transfers at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    pub files: Vec<FileNow>,
    /// The number of files in transfer that are not in `files`.
    pub more: usize,
    /// Bytes transferred.
    pub moved: u64,
    /// Bytes present, transferred or not.
    pub done: u64,
    /// Bytes in total, as far as known.
    pub total: u64,
    /// True if `total` is final.
    pub known: bool,
    pub files_done: u64,
    pub files_total: u64,
}

impl RunningTransfers {
    /// Adds a file that starts now.
    pub fn begin(&self, name: String, bytes: u64) -> (Ticket, Progress) {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let progress = self.0.total.part();
        self.0.begun.fetch_add(bytes, Ordering::Relaxed);
        self.running().insert(number, Running { name, bytes, progress: progress.clone() });
        (Ticket { transfers: self.clone(), number, cut_off: false }, progress)
    }

    /// Sets the total of bytes and files.
    pub fn estimate(&self, bytes: u64, files: u64) {
        self.0.estimate.store(bytes, Ordering::Relaxed);
        self.0.estimate_files.store(files, Ordering::Relaxed);
        self.0.estimated.store(true, Ordering::Relaxed);
    }

    /// Marks the transfer as ended, so that a task that counts ahead can stop.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }

    pub fn is_ended(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Returns the current state, with at most `shown` files.
    pub fn picture(&self, shown: usize) -> Picture {
        let inner = &self.0;
        let (begun, estimate) = (inner.begun.load(Ordering::Relaxed), inner.estimate.load(Ordering::Relaxed));
        let (moved, kept) = (inner.total.bytes(), inner.total.bytes_kept());
        let running = self.running();
        let files = running.values().take(shown).map(|file| FileNow {
            name: file.name.clone(),
            done: file.progress.bytes() + file.progress.bytes_kept(),
            bytes: file.bytes.max(file.progress.bytes_total()),
        });
        let files: Vec<FileNow> = files.collect();
        let done = moved + kept + inner.passed.load(Ordering::Relaxed);
        let files_done = inner.files_done.load(Ordering::Relaxed);
        Picture {
            more: running.len() - files.len(),
            moved,
            done,
            total: estimate.max(begun).max(done),
            known: inner.estimated.load(Ordering::Relaxed),
            files_done,
            files_total: inner.estimate_files.load(Ordering::Relaxed).max(files_done + running.len() as u64),
            files,
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, Running>> {
        self.0.running.lock()
    }
}

impl Ticket {
    /// Removes the file from the transfers if the whole transfer was stopped in it: the rest of the
    /// file stays to be done.
    pub fn cut_off(mut self) {
        self.cut_off = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let inner = &self.transfers.0;
        if let Some(file) = self.transfers.running().remove(&self.number)
            && !self.cut_off
        {
            let there = file.progress.bytes() + file.progress.bytes_kept();
            inner.passed.fetch_add(file.bytes.saturating_sub(there), Ordering::Relaxed);
            inner.files_done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_and_go_and_are_counted() {
        let transfers = RunningTransfers::default();
        let (one, _) = transfers.begin("one".into(), 100);
        let (other, _) = transfers.begin("other".into(), 50);
        let picture = transfers.picture(1);
        assert_eq!((picture.files.len(), picture.more, picture.total, picture.known), (1, 1, 150, false));
        transfers.estimate(1000, 9);
        drop(one);
        let picture = transfers.picture(8);
        assert_eq!((picture.moved, picture.done, picture.total), (0, 100, 1000), "an unchanged file is passed");
        assert_eq!((picture.files_done, picture.files_total, picture.known), (1, 9, true));
        assert_eq!(picture.files.first().map(|file| file.name.as_str()), Some("other"));
        other.cut_off();
        let picture = transfers.picture(8);
        assert_eq!((picture.done, picture.files_done), (100, 1), "it is not passed over");
    }
}
