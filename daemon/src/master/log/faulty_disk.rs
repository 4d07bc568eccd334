//! A disk for tests that is full, or fails to sync, when a test asks for it.

use super::{Disk, RealDisk};
use parking_lot::{Condvar, Mutex};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Default)]
pub(in crate::master) struct FaultyDisk {
    full: AtomicBool,
    broken: AtomicBool,
    held: Mutex<bool>,
    released: Condvar,
}

impl FaultyDisk {
    pub(in crate::master) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    /// While held, the creation of files waits; afterwards the files are created or refused.
    pub(in crate::master) fn hold(&self, held: bool) {
        *self.held.lock() = held;
        self.released.notify_all();
    }

    pub(in crate::master) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }
}

impl Disk for FaultyDisk {
    fn allocate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.released.wait_while(&mut self.held.lock(), |held| *held);
        if self.full.load(Ordering::Relaxed) {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            RealDisk.allocate(path, bytes)
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.broken.load(Ordering::Relaxed) { Err(io::Error::other("planted")) } else { RealDisk.sync(file) }
    }
}
