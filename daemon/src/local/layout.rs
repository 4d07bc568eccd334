//! The paths of the files of the local cluster.

use super::daemon_id::DaemonId;
use dfs_config::Directories;
use dfs_types::{Error, ErrorCode, Result};
use std::io;
use std::path::{Path, PathBuf};

/// The files of one user's local cluster.
#[derive(Debug, Clone)]
pub struct Layout {
    directories: Directories,
}

impl Layout {
    pub fn new(directories: &Directories) -> Self {
        Self { directories: directories.clone() }
    }

    pub fn spec(&self) -> PathBuf {
        self.directories.state.join("cluster.json")
    }
    pub fn lock(&self) -> PathBuf {
        self.directories.state.join("cluster.lock")
    }
    pub fn starting_lock(&self) -> PathBuf {
        self.directories.state.join("starting.lock")
    }
    /// Present after the cluster was stopped on purpose, until it is started again.
    pub fn stopped(&self) -> PathBuf {
        self.directories.state.join("cluster.stopped")
    }
    pub fn authority(&self) -> PathBuf {
        self.directories.credentials.join("authority.pem")
    }
    pub fn user_credential(&self, user: &str) -> PathBuf {
        self.directories.credentials.join(format!("user-{user}.pem"))
    }
    pub fn credential(&self, id: DaemonId) -> PathBuf {
        self.directories.credentials.join(format!("{id}.pem"))
    }
    pub fn settings(&self, id: DaemonId) -> PathBuf {
        self.directories.state.join(format!("{id}.toml"))
    }
    /// Returns the path of the record of the data directories of a datanode.
    pub fn directories(&self, id: DaemonId) -> PathBuf {
        self.directories.state.join(format!("{id}.directories.json"))
    }
    pub fn run_file(&self, id: DaemonId) -> PathBuf {
        self.directories.run.join(format!("{id}.json"))
    }
    pub fn data(&self, id: DaemonId) -> PathBuf {
        self.directories.data.join(id.to_string())
    }
    pub fn log(&self, id: DaemonId) -> PathBuf {
        self.directories.logs.join(format!("{id}.log"))
    }

    /// Creates the directories, each accessible only to its owner.
    pub(super) fn create(&self) -> Result<()> {
        let Directories { credentials, data, state, logs, run, .. } = &self.directories;
        [credentials, data, state, logs, run].into_iter().try_for_each(|directory| {
            crate::durable::create_directory(directory).map_err(io_error("create directory", directory))
        })
    }

    /// Records that the cluster was stopped on purpose.
    pub(super) fn note_stopped(&self) -> Result<()> {
        let path = self.stopped();
        crate::durable::write_file(&path, b"").map_err(io_error("write", &path))
    }

    /// Records that the cluster is to run again.
    pub(super) fn note_wanted(&self) -> Result<()> {
        let path = self.stopped();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("delete", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Removes the directories that are empty now.
    pub(super) fn remove_empty(&self) {
        let Directories { credentials, data, logs, run, .. } = &self.directories;
        for directory in [credentials, data, logs, run] {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

/// Returns a function for `map_err`; the error names the operation `what` and the path.
pub(super) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.display().to_string();
    move |error| Error::new(ErrorCode::LocalIo, format!("{what}: {error}")).at(path)
}
