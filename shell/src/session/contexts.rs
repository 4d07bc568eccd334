//! Clusters by name: the context of a session, and the available contexts.

use super::connect;
use crate::base::options::Options;
use crate::base::report::usage;
use dfs_config::{ClientSettings, Contexts, DEFAULT_CONTEXT, LOCAL_CONTEXT, Loaded, NamedCluster};
use dfs_types::{Error, ErrorCode, Result};
use std::path::Path;

/// The selected context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// The local cluster, whatever the settings say.
    Local,
    Named(String, NamedCluster),
}

impl Chosen {
    /// Overrides the settings with those of the context.
    pub(crate) fn apply(self, client: &mut ClientSettings) {
        match self {
            Self::Local if client.masters.is_empty() => {}
            Self::Local => (client.masters, client.credential) = (Vec::new(), None),
            Self::Named(_, cluster) => {
                if !cluster.masters.is_empty() {
                    client.masters = cluster.masters;
                }
                client.credential = cluster.credential.or(client.credential.take());
            }
        }
    }

    /// Returns its name, unless it is the cluster that is found without a context.
    pub(crate) fn shown_name(&self) -> Option<String> {
        match self {
            Self::Local => Some(LOCAL_CONTEXT.to_owned()).filter(|_| has_configured_masters()),
            Self::Named(name, _) => Some(name.clone()),
        }
    }

    /// Returns true if it sets this key: the masters, or the credential.
    pub(crate) fn sets(&self, dotted: &str) -> bool {
        match (self, dotted) {
            (Self::Local, _) => false,
            (Self::Named(_, cluster), "client.masters") => !cluster.masters.is_empty(),
            (Self::Named(_, cluster), "client.credential") => cluster.credential.is_some(),
            _ => false,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Local => LOCAL_CONTEXT,
            Self::Named(name, _) => name,
        }
    }
}

/// Returns true if the settings name masters, so that the local cluster is not the default.
fn has_configured_masters() -> bool {
    let options = Options { context: Some(DEFAULT_CONTEXT.to_owned()), ..Options::none() };
    connect::loaded(&options).is_ok_and(|(loaded, _)| !loaded.settings.client.masters.is_empty())
}

/// Reads the contexts of the user.
///
/// # Errors
/// `usage` when they cannot be read or understood, with what to do.
pub(crate) fn read() -> Result<Contexts> {
    read_in(&connect::config_directory()?)
}

fn read_in(directory: &Path) -> Result<Contexts> {
    Contexts::read(directory).map_err(|error| {
        let file = Contexts::file_in(directory);
        let file = file.display();
        usage(error.to_string()).hint(format!(
            "correct that file, or move it away (on this machine: mv {file} {file}.old); meanwhile --context local and \
             --masters work"
        ))
    })
}

/// Returns the context selected by options and environment; `None` if the settings apply.
///
/// # Errors
/// `usage` if no context has this name, or the contexts cannot be read.
pub(crate) fn chosen(options: &Options) -> Result<Option<Chosen>> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = options.context.clone().or_else(|| variable("DFS_CONTEXT").filter(|_| options.masters.is_empty()));
    let masters_are_given = !options.masters.is_empty()
        || ["DFS_MASTERS", "DFS_CLIENT_MASTERS"].into_iter().any(|name| variable(name).is_some());
    choice(asked, masters_are_given, read)
}

/// Returns the context of the name that is asked for, or of the one that is kept. The file is read
/// only if it decides.
fn choice(
    asked: Option<String>,
    masters_are_given: bool,
    read: impl FnOnce() -> Result<Contexts>,
) -> Result<Option<Chosen>> {
    match asked.as_deref() {
        Some(LOCAL_CONTEXT) => return Ok(Some(Chosen::Local)),
        Some(DEFAULT_CONTEXT) => return Ok(None),
        None if masters_are_given => return Ok(None),
        Some(_) | None => {}
    }
    let contexts = read()?;
    let name = asked.or_else(|| contexts.current.clone());
    name.map(|name| named(&contexts, &name)).transpose().map(Option::flatten)
}

/// Returns the context of this name; `None` for the one of the settings.
///
/// # Errors
/// `not_found`.
fn named(contexts: &Contexts, name: &str) -> Result<Option<Chosen>> {
    match (name, contexts.contexts.get(name)) {
        (DEFAULT_CONTEXT, _) => Ok(None),
        (LOCAL_CONTEXT, _) => Ok(Some(Chosen::Local)),
        (_, Some(cluster)) => Ok(Some(Chosen::Named(name.to_owned(), cluster.clone()))),
        (_, None) => Err(none_of(name)),
    }
}

/// Returns the error for an unknown context.
pub(crate) fn none_of(name: &str) -> Error {
    Error::new(ErrorCode::NotFound, "no such context").at(name).hint("context list shows them, context add makes one")
}

/// Returns the contexts that can be selected: their names and clusters.
///
/// # Errors
/// As [`read`].
pub(crate) fn all(options: &Options) -> Result<Vec<(String, NamedCluster)>> {
    let mut all = always(options)?;
    all.extend(read()?.contexts);
    Ok(all)
}

/// Returns the contexts that do not stand in the file.
///
/// # Errors
/// `usage` for invalid settings.
pub(crate) fn always(options: &Options) -> Result<Vec<(String, NamedCluster)>> {
    let mut all = Vec::new();
    let default = Options { context: Some(DEFAULT_CONTEXT.to_owned()), ..options.clone() };
    let (Loaded { settings, .. }, directories) = connect::loaded(&default)?;
    if !settings.client.masters.is_empty() {
        let credential = connect::credential(&settings, &directories);
        all.push((DEFAULT_CONTEXT.to_owned(), NamedCluster { masters: settings.client.masters, credential }));
    }
    all.push((LOCAL_CONTEXT.to_owned(), NamedCluster::default()));
    Ok(all)
}

/// Returns the name of the context selected by options and environment.
///
/// # Errors
/// As [`chosen`].
pub(crate) fn current(options: &Options) -> Result<String> {
    if let Some(chosen) = chosen(options)? {
        return Ok(chosen.name().to_owned());
    }
    let has_masters = !connect::loaded(options)?.0.settings.client.masters.is_empty();
    Ok(if has_masters { DEFAULT_CONTEXT } else { LOCAL_CONTEXT }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_understood_matters_only_if_it_decides() {
        let home = tempfile::tempdir().expect("a directory");
        let file = Contexts::file_in(home.path());
        std::fs::write(&file, "current = \"office\"\n[contexts.office]\nmaster = []\n").expect("written");
        let choice = |asked: Option<&str>, masters| choice(asked.map(str::to_owned), masters, || read_in(home.path()));
        assert_eq!(choice(Some("local"), false), Ok(Some(Chosen::Local)));
        assert_eq!(choice(Some("default"), false), Ok(None));
        assert_eq!(choice(None, true), Ok(None));
        for asked in [None, Some("office")] {
            let error = choice(asked, false).expect_err("the file is not understood");
            assert!(error.message.starts_with(&format!("{}:3: ", file.display())), "{error}");
            let hint = error.hint.expect("what to do");
            assert!(hint.contains(&format!("mv {0} {0}.old", file.display())), "{hint}");
        }
    }
}
