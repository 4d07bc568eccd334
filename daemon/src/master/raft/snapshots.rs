//! The directory of snapshots: the current snapshot, and unfinished files, which a restart removes.

#![expect(clippy::disallowed_methods, reason = "snapshots are files")]

use super::published::Version;
use super::snapshot::{self, SnapshotFileError};
use super::types::{SnapshotMeta, TypeConfig};
use crate::durable;
use crate::master::log::Kept;
use dfs_types::ClusterId;
use openraft::Snapshot;
use parking_lot::Mutex;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

const CURRENT: &str = "current.snapshot";

/// The snapshots of one master.
#[derive(Debug)]
pub struct Snapshots {
    directory: PathBuf,
    cluster: ClusterId,
    state: Mutex<State>,
    /// Held while a snapshot is written: one at a time.
    writing: Mutex<()>,
    /// Numbers the unfinished files.
    names: AtomicU64,
    /// The state of the durable snapshot.
    kept: watch::Sender<Kept>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<SnapshotMeta>,
    /// True if a snapshot was written that the consensus library does not know yet.
    news: bool,
}

/// The reason why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the master's snapshot {} cannot be used: {source}; nothing was changed: restore the newest version of this file, or restore \
     the whole data directory from a backup",
    .path.display()
)]
pub struct SnapshotsError {
    path: PathBuf,
    source: SnapshotFileError,
}

impl Snapshots {
    /// Reads the current snapshot. Changes nothing; if there is no directory, there is no snapshot.
    /// Call [`Snapshots::ready`] afterwards.
    ///
    /// # Errors
    /// Returns an error if the snapshot is corrupt or of another cluster.
    pub fn open(directory: &Path, cluster: ClusterId) -> Result<(Self, Version), SnapshotsError> {
        let path = directory.join(CURRENT);
        let failed = |source: SnapshotFileError| SnapshotsError { path: path.clone(), source };
        let (current, version) = match File::open(&path) {
            Ok(file) => {
                let (description, version) = snapshot::read(file, cluster).map_err(failed)?;
                (Some(description.meta()), version)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, Version::default()),
            Err(error) => return Err(failed(error.into())),
        };
        let kept = watch::Sender::new(Kept::Upto(version.applied));
        let state = Mutex::new(State { current, news: false });
        let directory = directory.to_owned();
        let (writing, names) = Default::default();
        Ok((Self { directory, cluster, state, writing, names, kept }, version))
    }

    /// Creates the directory, and removes unfinished files that a crash left.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn ready(&self) -> io::Result<()> {
        durable::create_directory(&self.directory)?;
        remove_leftovers(&self.directory)
    }

    /// Returns the path of the current snapshot.
    pub fn path(&self) -> PathBuf {
        self.directory.join(CURRENT)
    }

    /// Returns a receiver of the state of the durable snapshot.
    pub fn kept(&self) -> watch::Receiver<Kept> {
        self.kept.subscribe()
    }

    /// Records that a received snapshot could not be stored, so that no caller waits for it any
    /// more.
    pub fn fail(&self) {
        self.kept.send_replace(Kept::Failed);
    }

    fn fresh(&self) -> io::Result<(PathBuf, File)> {
        let name = format!("{}.new", self.names.fetch_add(1, Ordering::Relaxed));
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        Ok((path, file))
    }

    /// Writes a snapshot of `version` and makes it the current one. Blocks meanwhile.
    ///
    /// # Errors
    /// Returns an error if the disk is full or fails; the previous one is still current.
    pub fn write(&self, version: &Version) -> Result<SnapshotMeta, SnapshotFileError> {
        let _writing = self.writing.lock();
        let (path, file) = self.fresh()?;
        let written = snapshot::write(version, self.cluster, file).and_then(|description| {
            let meta = description.meta();
            self.adopt(&path, &meta)?;
            Ok(meta)
        });
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// Does the same as [`Snapshots::write`]; the consensus library learns of the snapshot later,
    /// by [`Snapshots::take_news`].
    ///
    /// # Errors
    /// The same as for [`Snapshots::write`].
    pub fn write_ahead(&self, version: &Version) -> Result<SnapshotMeta, SnapshotFileError> {
        let meta = self.write(version)?;
        self.state.lock().news = true;
        Ok(meta)
    }

    /// Makes the complete file at `path` the current snapshot, unless a later one is current.
    fn adopt(&self, path: &Path, meta: &SnapshotMeta) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.current.as_ref().is_some_and(|current| current.last_log_id > meta.last_log_id) {
            return fs::remove_file(path);
        }
        fs::rename(path, self.directory.join(CURRENT))?;
        durable::sync_directory(&self.directory)?;
        state.current = Some(meta.clone());
        self.kept.send_replace(Kept::Upto(meta.last_log_id));
        Ok(())
    }

    /// Creates a file to receive a snapshot into.
    ///
    /// # Errors
    /// Returns an error if it cannot be created.
    pub fn receive(&self) -> io::Result<(PathBuf, File)> {
        self.fresh()
    }

    /// Reads and checks a received snapshot, and makes a copy of it the current one.
    ///
    /// # Errors
    /// Returns an error if it is invalid, or the disk is full or fails.
    pub fn install(&self, mut received: File) -> Result<Version, SnapshotFileError> {
        received.rewind()?;
        let (description, version) = snapshot::read(received.try_clone()?, self.cluster)?;
        let _writing = self.writing.lock();
        let (path, mut file) = self.fresh()?;
        received.rewind()?;
        let kept = io::copy(&mut received, &mut file)
            .and_then(|_| durable::sync_data(&file))
            .and_then(|()| self.adopt(&path, &description.meta()));
        if kept.is_err() {
            let _ = fs::remove_file(&path);
        }
        kept?;
        Ok(version)
    }

    /// Returns true, once, if a snapshot was written that the consensus library does not know yet.
    pub fn take_news(&self) -> bool {
        std::mem::take(&mut self.state.lock().news)
    }

    /// Opens the current snapshot for reading.
    ///
    /// # Errors
    /// Returns an error if it cannot be opened.
    pub fn current(&self) -> io::Result<Option<Snapshot<TypeConfig>>> {
        let state = self.state.lock();
        let Some(meta) = state.current.clone() else { return Ok(None) };
        let file = File::open(self.directory.join(CURRENT))?;
        Ok(Some(Snapshot { meta, snapshot: Box::new(tokio::fs::File::from_std(file)) }))
    }
}

fn remove_leftovers(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
