//! The load of a datanode, as counters for its heartbeats.

use super::clock;
use dfs_rpc::wire::{DirectoryLoad, NodeLoad};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Counters since the start. They are independent of each other, so they need no memory ordering.
#[derive(Debug, Default)]
pub struct Counters {
    reads: AtomicU32,
    writes: AtomicU32,
    disk_errors: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    reads_served: AtomicU64,
    writes_served: AtomicU64,
}

/// Counts an operation in flight until it is dropped.
#[derive(Debug)]
pub struct InFlight<'a>(&'a AtomicU32);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub fn read_begins(&self) -> InFlight<'_> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.reads)
    }

    pub fn write_begins(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub fn write_ends(&self) {
        self.writes.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn disk_error(&self) {
        self.disk_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one read of a chunk, or of a part of one, that was served.
    pub fn sent(&self, bytes: u64) {
        self.reads_served.fetch_add(1, Ordering::Relaxed);
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one chunk that was written.
    pub fn stored(&self, bytes: u64) {
        self.writes_served.fetch_add(1, Ordering::Relaxed);
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the load for a heartbeat, with the data directories `directories`.
    pub fn load(&self, directories: Vec<DirectoryLoad>) -> NodeLoad {
        NodeLoad {
            directories,
            reads_in_flight: self.reads.load(Ordering::Relaxed),
            writes_in_flight: self.writes.load(Ordering::Relaxed),
            disk_errors: self.disk_errors.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            bytes_written: self.bytes_written.load(Ordering::Relaxed),
            reads: self.reads_served.load(Ordering::Relaxed),
            writes: self.writes_served.load(Ordering::Relaxed),
            clock: clock::now(),
        }
    }
}
