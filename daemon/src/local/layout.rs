//! Where each file of the local cluster is.

use super::daemon_id::DaemonId;
use dfs_config::Folders;
use dfs_types::{Error, ErrorCode, Result};
use std::io;
use std::path::{Path, PathBuf};

/// The files of one user's local cluster.
#[derive(Debug, Clone)]
pub struct Layout {
    folders: Folders,
}

impl Layout {
    pub fn new(folders: &Folders) -> Self {
        Self { folders: folders.clone() }
    }

    pub fn spec(&self) -> PathBuf {
        self.folders.state.join("cluster.json")
    }
    pub fn lock(&self) -> PathBuf {
        self.folders.state.join("cluster.lock")
    }
    pub fn starting_lock(&self) -> PathBuf {
        self.folders.state.join("starting.lock")
    }
    pub fn authority(&self) -> PathBuf {
        self.folders.credentials.join("authority.pem")
    }
    pub fn user_credential(&self, user: &str) -> PathBuf {
        self.folders.credentials.join(format!("user-{user}.pem"))
    }
    pub fn credential(&self, id: DaemonId) -> PathBuf {
        self.folders.credentials.join(format!("{id}.pem"))
    }
    pub fn settings(&self, id: DaemonId) -> PathBuf {
        self.folders.state.join(format!("{id}.toml"))
    }
    /// Which data folders a datanode has had.
    pub fn directories(&self, id: DaemonId) -> PathBuf {
        self.folders.state.join(format!("{id}.directories.json"))
    }
    pub fn run_file(&self, id: DaemonId) -> PathBuf {
        self.folders.run.join(format!("{id}.json"))
    }
    pub fn data(&self, id: DaemonId) -> PathBuf {
        self.folders.data.join(id.to_string())
    }
    pub fn log(&self, id: DaemonId) -> PathBuf {
        self.folders.logs.join(format!("{id}.log"))
    }

    /// Makes the folders, each for its owner alone.
    pub(super) fn create(&self) -> Result<()> {
        let Folders { credentials, data, state, logs, run, .. } = &self.folders;
        [credentials, data, state, logs, run]
            .into_iter()
            .try_for_each(|folder| crate::durable::create_folder(folder).map_err(io_error("make folder", folder)))
    }

    /// Takes away the folders that are empty now.
    pub(super) fn remove_empty(&self) {
        let Folders { credentials, data, logs, run, .. } = &self.folders;
        for folder in [credentials, data, logs, run] {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// For `map_err`: the error of doing `what` with `path`.
pub(super) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.display().to_string();
    move |error| Error::new(ErrorCode::LocalIo, format!("{what}: {error}")).at(path)
}
