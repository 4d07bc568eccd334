//! The directory of snapshots: one file that counts, and files on their way, which a restart removes.

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
    /// Counts the files on their way.
    names: AtomicU64,
    /// Which snapshot is durable.
    kept: watch::Sender<Kept>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<SnapshotMeta>,
    /// A snapshot was made on our own account, and the consensus library has not heard of it yet.
    news: bool,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the master's snapshot {} cannot be used: {source}; nothing was changed: put this file back as it was last, or restore \
     the whole data directory from a backup",
    .path.display()
)]
pub struct SnapshotsError {
    path: PathBuf,
    source: SnapshotFileError,
}

impl Snapshots {
    /// Reads the snapshot that counts. Changes nothing; a directory that is not there has none. To be followed by
    /// [`Snapshots::ready`].
    ///
    /// # Errors
    /// When that one is damaged or of another cluster.
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

    /// Makes the directory, and removes what a crash left on its way.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn ready(&self) -> io::Result<()> {
        durable::create_directory(&self.directory)?;
        remove_leftovers(&self.directory)
    }

    /// The file that counts.
    pub fn path(&self) -> PathBuf {
        self.directory.join(CURRENT)
    }

    /// Tells which snapshot is durable.
    pub fn kept(&self) -> watch::Receiver<Kept> {
        self.kept.subscribe()
    }

    /// Notes that a snapshot that was received cannot be had: nobody is to wait for it any more.
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

    /// Writes a snapshot of `version` and makes it the one that counts. Blocks for as long as that takes.
    ///
    /// # Errors
    /// When the disk is full or fails; the one before still counts.
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

    /// As [`Snapshots::write`], for the consensus library to be told of afterwards.
    ///
    /// # Errors
    /// As there.
    pub fn write_ahead(&self, version: &Version) -> Result<SnapshotMeta, SnapshotFileError> {
        let meta = self.write(version)?;
        self.state.lock().news = true;
        Ok(meta)
    }

    /// Makes the whole file at `path` the snapshot that counts, unless a later one does.
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

    /// A file to receive a snapshot into.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn receive(&self) -> io::Result<(PathBuf, File)> {
        self.fresh()
    }

    /// Reads and checks a snapshot that was received, and makes a copy of it the one that counts.
    ///
    /// # Errors
    /// When it is no good, or the disk is full or fails.
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

    /// Whether a snapshot waits to be told of; asking answers no until the next one.
    pub fn take_news(&self) -> bool {
        std::mem::take(&mut self.state.lock().news)
    }

    /// The snapshot that counts, open for reading.
    ///
    /// # Errors
    /// When it cannot be opened.
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
