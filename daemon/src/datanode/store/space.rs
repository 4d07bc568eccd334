//! The free space of a data directory.

use super::error::StoreError;
use crate::clock;
use parking_lot::{Mutex, MutexGuard};
use std::path::Path;
use std::time::{Duration, Instant};

/// The maximum age of the figure of the file system.
const FRESH: Duration = Duration::from_millis(500);

/// The space limits of a directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpaceLimits {
    /// The maximum size of the chunks in bytes; none: the size of the disk.
    pub capacity: Option<u64>,
    /// The bytes that stay free on the disk.
    pub reserve: u64,
}

/// The figures of one directory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpaceFigures {
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// The free space of the disk beyond its reserve, for all its users.
    pub disk_free: u64,
}

/// Bytes used, promised and free in one directory.
#[derive(Debug)]
pub struct Space {
    limits: SpaceLimits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    used: u64,
    /// Promised to chunks that are being written.
    promised: u64,
    /// The free space of the file system, when it was last queried.
    available: u64,
    asked: Option<Instant>,
}

impl State {
    fn figures(&self, limits: SpaceLimits) -> SpaceFigures {
        let on_disk = self.available.saturating_sub(limits.reserve);
        let capacity = self.used.saturating_add(on_disk).min(limits.capacity.unwrap_or(u64::MAX));
        let free = capacity.saturating_sub(self.used).saturating_sub(self.promised);
        SpaceFigures { capacity, used: self.used, free, disk_free: on_disk }
    }
}

impl Space {
    pub fn new(limits: SpaceLimits, used: u64) -> Self {
        Self { limits, state: Mutex::new(State { used, promised: 0, available: 0, asked: None }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Locks the state, and queries the file system again if the last figure is old.
    fn refreshed(&self, directory: &Path) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.asked.is_none_or(|asked| clock::since(asked) > FRESH) {
            // A disk that does not answer has no free space.
            let answer = rustix::fs::statvfs(directory);
            state.available = answer.map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
            state.asked = Some(clock::now());
        }
        state
    }

    pub fn figures(&self, directory: &Path) -> SpaceFigures {
        self.refreshed(directory).figures(self.limits)
    }

    /// Reserves `bytes` for a chunk that begins.
    ///
    /// # Errors
    /// Returns an error if there is less free space.
    pub fn promise(&self, directory: &Path, bytes: u64) -> Result<(), StoreError> {
        let mut state = self.refreshed(directory);
        if state.figures(self.limits).free < bytes {
            return Err(StoreError::NoSpace);
        }
        state.promised += bytes;
        Ok(())
    }

    /// Records the end of a chunk that was promised `bytes` and takes `used`; zero if it was
    /// abandoned.
    pub fn settle(&self, promised: u64, used: u64) {
        let mut state = self.lock();
        state.promised = state.promised.saturating_sub(promised);
        state.used += used;
        state.available = state.available.saturating_sub(used);
    }

    /// Records that a chunk of `bytes` bytes was deleted.
    pub fn freed(&self, bytes: u64) {
        let mut state = self.lock();
        state.used = state.used.saturating_sub(bytes);
        state.asked = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_and_used_is_not_free() {
        let directory = tempfile::tempdir().expect("temp directory");
        let space = Space::new(SpaceLimits { capacity: Some(1000), reserve: 0 }, 100);
        space.promise(directory.path(), 600).expect("fits");
        let told = |space: &Space| {
            let figures = space.figures(directory.path());
            (figures.capacity, figures.used, figures.free)
        };
        assert_eq!(told(&space), (1000, 100, 300));
        assert!(matches!(space.promise(directory.path(), 301), Err(StoreError::NoSpace)));
        space.settle(600, 500);
        assert_eq!(told(&space), (1000, 600, 400));
        space.freed(600);
        assert_eq!(space.figures(directory.path()).free, 1000);
    }

    #[test]
    fn the_reserve_of_the_disk_is_not_touched() {
        let directory = tempfile::tempdir().expect("temp directory");
        let space = Space::new(SpaceLimits { capacity: None, reserve: u64::MAX }, 0);
        assert_eq!(space.figures(directory.path()).free, 0);
        assert!(matches!(space.promise(directory.path(), 1), Err(StoreError::NoSpace)));
    }
}
