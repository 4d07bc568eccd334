//! Clusters by name: the context of a session, and the available contexts.

use super::connect;
use crate::base::options::Options;
use crate::base::report::usage;
use dfs_config::{ClientSettings, Contexts, DEFAULT_CONTEXT, LOCAL_CONTEXT, Loaded, NamedCluster};
use dfs_types::{Error, ErrorCode, Result};

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
/// `usage` when they cannot be read or understood.
pub(crate) fn read() -> Result<Contexts> {
    Contexts::read(&connect::config_directory()?).map_err(|error| usage(error.to_string()))
}

/// Returns the context selected by options and environment; `None` if the settings apply.
///
/// # Errors
/// `usage` if no context has this name, or the contexts cannot be read.
pub(crate) fn chosen(options: &Options) -> Result<Option<Chosen>> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = options.context.clone().or_else(|| variable("DFS_CONTEXT").filter(|_| options.masters.is_empty()));
    if asked.as_deref() == Some(DEFAULT_CONTEXT) {
        return Ok(None);
    }
    let masters_are_given = !options.masters.is_empty()
        || ["DFS_MASTERS", "DFS_CLIENT_MASTERS"].into_iter().any(|name| variable(name).is_some());
    let contexts = read()?;
    let kept = contexts.current.clone().filter(|_| !masters_are_given);
    asked.or(kept).map(|name| named(&contexts, &name)).transpose().map(Option::flatten)
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
    let mut all = Vec::new();
    let default = Options { context: Some(DEFAULT_CONTEXT.to_owned()), ..options.clone() };
    let (Loaded { settings, .. }, directories) = connect::loaded(&default)?;
    if !settings.client.masters.is_empty() {
        let credential = connect::credential(&settings, &directories);
        all.push((DEFAULT_CONTEXT.to_owned(), NamedCluster { masters: settings.client.masters, credential }));
    }
    all.push((LOCAL_CONTEXT.to_owned(), NamedCluster::default()));
    all.extend(read()?.contexts);
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
