//! Clusters by name: which masters, and with which credential.

#![expect(clippy::disallowed_methods, reason = "contexts stand in a file")]

use crate::error::ConfigError;
use crate::rule::host_port;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The name of the local cluster.
pub const LOCAL_CONTEXT: &str = "local";
/// The name of what the settings say.
pub const DEFAULT_CONTEXT: &str = "default";

/// The named clusters of a user, as they stand in `contexts.toml` in the directory of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The one that sessions begin with; what the settings say if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, NamedCluster>,
}

/// A named cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCluster {
    /// `HOST:PORT` of its masters; those of the settings if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masters: Vec<String>,
    /// The file of the credential; that of the settings if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<PathBuf>,
}

impl Contexts {
    /// Returns the file in the directory of the settings.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join("contexts.toml")
    }

    /// Reads the file in this directory. There are no contexts where there is no file.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn read(directory: &Path) -> Result<Self, ConfigError> {
        let file = Self::file_in(directory);
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::of_text(&file, &text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { file, source }),
        }
    }

    fn of_text(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let contexts: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            let message = error.message().trim().to_owned();
            ConfigError::Syntax { place: format!("{}:{line}", file.display()), message }
        })?;
        for (name, cluster) in &contexts.contexts {
            for master in &cluster.masters {
                Self::check_master(master).map_err(|problem| ConfigError::Refused {
                    place: file.display().to_string(),
                    key: format!("contexts.{name}.masters"),
                    given: master.clone(),
                    problem,
                })?;
            }
        }
        Ok(contexts)
    }

    /// Checks the address of a master.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check_master(master: &str) -> Result<(), String> {
        host_port(master)
    }

    /// Writes the file in this directory, which is there as a whole or as it was before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), ConfigError> {
        let file = Self::file_in(directory);
        self.try_write(directory, &file).map_err(|source| ConfigError::Unreadable { file, source })
    }

    fn try_write(&self, directory: &Path, file: &Path) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        let beside = file.with_extension("toml.new");
        let mut new = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        std::fs::rename(beside, file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path().join("config");
        assert_eq!(Contexts::read(&directory).expect("none"), Contexts::default());
        let office =
            NamedCluster { masters: vec!["a:1".into(), "[::1]:2".into()], credential: Some("/a \"b\"".into()) };
        let contexts = [("office".to_owned(), office), ("bob".to_owned(), NamedCluster::default())];
        let contexts = Contexts { current: Some("office".into()), contexts: contexts.into() };
        contexts.write(&directory).expect("written");
        assert_eq!(Contexts::read(&directory).expect("read"), contexts);
    }

    #[test]
    fn what_is_wrong_names_its_place() {
        let wrong = |text: &str| Contexts::of_text(Path::new("contexts.toml"), text).expect_err(text).to_string();
        assert!(wrong("current = \"a\"\n[contexts.a]\nmaster = []").starts_with("contexts.toml:3: "));
        assert!(wrong("[contexts.a]\nmasters = [\"b\"]").contains("contexts.a.masters = b: "));
    }
}
