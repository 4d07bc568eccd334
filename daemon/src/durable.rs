//! Operations that make files survive a power cut: syncs of files and directories, atomic small
//! files, directory locks. No other module does this.
//!
//! A file is durable after its sync; its *name* is durable after the sync of its directory. After a
//! failed sync the kernel may have dropped the pages that it could not write, and a second sync
//! would report success: therefore a sync is never retried. A [`Poison`] enforces this for a
//! directory: after the first failed sync every further one fails as well.

#![expect(clippy::disallowed_methods, reason = "files are synced, renamed and locked here")]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The file in a directory that is locked against a second process.
const LOCK_FILE: &str = "lock";

/// Remembers the first failed sync of a directory.
#[derive(Debug, Default)]
pub struct Poison {
    reason: OnceLock<String>,
}

impl Poison {
    /// Returns the reason why the directory can no longer be trusted; none if no sync has failed.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Marks the directory as failed. The first reason stays.
    pub fn set(&self, reason: impl Into<String>) {
        let _ = self.reason.set(reason.into());
    }

    /// Returns an error if a sync has failed before.
    ///
    /// # Errors
    /// Returns an error if a sync failed before.
    pub fn check(&self) -> io::Result<()> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(io::Error::other(format!("out of service because of an earlier failure: {reason}"))),
        }
    }

    /// Runs a sync once. Its failure is remembered for good.
    ///
    /// # Errors
    /// Returns an error if this sync failed, or one before it did.
    pub fn sync(&self, what: &str, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.check()?;
        sync().inspect_err(|error| self.set(format!("{what}: {error}")))
    }
}

/// Makes the content of a file durable, with its length, without its times.
///
/// # Errors
/// Returns an error if the disk failed. The caller must not sync this file again, see [`Poison`].
pub fn sync_data(file: &File) -> io::Result<()> {
    #[cfg(feature = "planted-bugs")]
    if crate::planted::is("no-file-sync") {
        return Ok(());
    }
    // An interrupted sync has done nothing yet: only this error may be retried.
    rustix::io::retry_on_intr(|| rustix::fs::fdatasync(file)).map_err(io::Error::from)
}

/// Makes the names in an open directory durable.
///
/// # Errors
/// The same as for [`sync_data`].
pub fn sync_open_directory(directory: &File) -> io::Result<()> {
    #[cfg(feature = "planted-bugs")]
    if crate::planted::is("no-directory-sync") {
        return Ok(());
    }
    rustix::io::retry_on_intr(|| rustix::fs::fsync(directory)).map_err(io::Error::from)
}

/// Makes the names in a directory durable.
///
/// # Errors
/// Returns an error if it cannot be opened, or for the reasons of [`sync_data`].
pub fn sync_directory(path: &Path) -> io::Result<()> {
    sync_open_directory(&File::open(path)?)
}

/// Creates a directory and its missing parents, accessible only to the owner. Each new one is
/// durable itself and in its parent: a file system that syncs only what it is asked to may
/// otherwise keep the name and lose the directory. An existing one is no error.
///
/// # Errors
/// Returns the error of the file system.
pub fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_directory(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_directory(path)?;
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// Writes a small file so that after a crash it has the old or the new content, completely. Only
/// its owner may read it.
///
/// # Errors
/// Returns the error of the file system; the old content is then unchanged.
pub fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = temporary_beside(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file
        .write_all(content)
        .and_then(|()| sync_data(&file))
        .and_then(|()| std::fs::rename(&temporary, path))
        .and_then(|()| sync_directory(directory));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Returns a unique name in the same directory: it contains the process id and a counter.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".{name}.{}.{count}.tmp", std::process::id()));
    // A leftover of an earlier process with this id.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(temporary),
    }
}

/// The reason why a directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{} is in use by another process ({})", directory.display(), holder(*pid))]
    InUse { directory: PathBuf, pid: Option<u32> },
    #[error("lock {}: {error}", directory.display())]
    Io { directory: PathBuf, error: io::Error },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "its pid is unknown".to_owned(), |pid| format!("pid {pid}"))
}

/// Locks a directory against every other process, until this is dropped or the process ends in any
/// way.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Locks an existing directory.
    ///
    /// # Errors
    /// Returns an error if another process holds the lock, or its lock file cannot be opened.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let failed = |error: io::Error| LockError::Io { directory: directory.to_owned(), error };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(directory.join(LOCK_FILE)).map_err(failed)?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::InUse { directory: directory.to_owned(), pid: read_pid(&mut file) });
            }
            Err(error) => return Err(failed(error.into())),
        }
        // The pid is information for people; only the lock counts.
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        write!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    /// The maximum length of a process id in digits, with some room.
    const PID_BYTES_MAX: u64 = 16;
    let mut text = String::new();
    file.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_replaced_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().expect("temp directory");
        let path = directory.path().join("state");
        write_file(&path, b"one").expect("write");
        write_file(&path, b"two").expect("replace");
        assert_eq!(std::fs::read(&path).expect("read"), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).expect("list").count(), 1);
        assert!(write_file(&directory.path().join("absent/state"), b"x").is_err());
    }

    #[test]
    fn directories_are_made_with_their_parents_once_and_again() {
        let directory = tempfile::tempdir().expect("temp directory");
        let deep = directory.path().join("a/b/c");
        create_directory(&deep).expect("make");
        create_directory(&deep).expect("again");
        assert!(deep.is_dir());
        std::fs::write(directory.path().join("file"), b"").expect("write");
        assert!(create_directory(&directory.path().join("file/x")).is_err());
    }

    #[test]
    fn a_second_lock_is_refused_and_names_the_holder() {
        let directory = tempfile::tempdir().expect("temp directory");
        let held = DirectoryLock::acquire(directory.path()).expect("first");
        let error = DirectoryLock::acquire(directory.path()).expect_err("second");
        let pid = std::process::id();
        let expected = format!("{} is in use by another process (pid {pid})", directory.path().display());
        assert_eq!(error.to_string(), expected);
        drop(held);
        DirectoryLock::acquire(directory.path()).expect("after the first was dropped");
    }

    #[test]
    fn after_a_failed_sync_none_succeeds() {
        let poison = Poison::default();
        assert!(poison.sync("sync chunk", || Ok(())).is_ok());
        assert!(poison.sync("sync chunk", || Err(io::Error::other("broken disk"))).is_err());
        let mut ran = false;
        let again = poison.sync("sync chunk", || {
            ran = true;
            Ok(())
        });
        assert!(again.is_err() && !ran);
        assert_eq!(poison.reason(), Some("sync chunk: broken disk"));
    }
}
