//! The directories of a user's files.

use crate::error::ConfigError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The `DFS_…` variables of a process, as a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the variables of this process. Invalid UTF-8 in a value is replaced.
    pub fn of_process() -> Self {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        Self(
            std::env::vars_os()
                .map(|(name, value)| (text(name), text(value)))
                .filter(|(name, _)| name.starts_with("DFS_"))
                .collect(),
        )
    }

    /// Returns the value of a variable. An empty value counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the same variables without one of them.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        self.iter().filter(|(other, _)| *other != name).collect()
    }

    /// Returns all variables except empty ones, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, value)| !value.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The directories of one user. They need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    /// `dfs.toml`.
    pub config: PathBuf,
    /// Private keys, readable by the user only.
    pub credentials: PathBuf,
    /// Data of the local cluster's daemons.
    pub data: PathBuf,
    /// The history of the shell, and the members of the local cluster.
    pub state: PathBuf,
    /// Logs of the local cluster's daemons.
    pub logs: PathBuf,
    /// Files about running daemons.
    pub run: PathBuf,
}

impl Directories {
    /// Returns the directories under `DFS_HOME` if it is set, otherwise those of the platform.
    ///
    /// # Errors
    /// Returns an error if neither is known, or if `DFS_HOME` is relative and the working directory
    /// is unknown.
    pub fn of_user(environment: &Environment) -> Result<Self, ConfigError> {
        if let Some(home) = environment.get("DFS_HOME") {
            let home = std::path::absolute(home).map_err(|_| {
                ConfigError::NoHome(
                    "DFS_HOME is relative and the working directory is unknown; set it to an absolute path",
                )
            })?;
            return Ok(Self::under(&home));
        }
        let platform = directories::ProjectDirs::from("", "", "dfs")
            .ok_or(ConfigError::NoHome("this user has no home directory; set DFS_HOME to a directory for dfs"))?;
        let state = platform.state_dir().unwrap_or_else(|| platform.data_local_dir()).to_owned();
        Ok(Self {
            config: platform.config_dir().to_owned(),
            credentials: platform.data_local_dir().join("credentials"),
            data: platform.data_local_dir().join("data"),
            logs: state.join("logs"),
            run: state.join("run"),
            state,
        })
    }

    /// Returns directories that are all under `home`.
    pub fn under(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            credentials: home.join("credentials"),
            data: home.join("data"),
            state: home.join("state"),
            logs: home.join("logs"),
            run: home.join("run"),
        }
    }

    /// Returns the path of the configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("dfs.toml")
    }
}
