//! Selects the cluster: `--masters`, `DFS_MASTERS`, the settings, or the local cluster.

use super::contexts::{self, Chosen};
use crate::base::options::Options;
use crate::base::report::usage;
use crate::base::stderr::errln;
use dfs_client::{Client, ClientOptions, Outlook, Waited};
use dfs_config::{ClientSettings, Directories, Environment, Loaded, Sources};
use dfs_daemon::local::spec::Spec;
use dfs_daemon::local::{DaemonStatus, Layout, MayStart, Started, State};
use dfs_diagnosis::{Finding, Local, LocalDaemon, Process, unreachable};
use dfs_rpc::tls::Identity;
use dfs_rpc::transport::{EXPIRED, FOREIGN};
use dfs_term::figures::plural;
use dfs_types::{Detail, Error, ErrorCode, MasterId, Result};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

/// The setting that names the file of the identity.
const CREDENTIAL: &str = "client.credential";
/// The time to wait for a suspended master, which may be resumed meanwhile.
const SUSPENDED_PATIENCE: Duration = Duration::from_millis(1500);

/// A cluster that was found; no connection has been made yet.
#[derive(Debug, Clone)]
pub struct Target {
    /// `HOST:PORT`.
    masters: Vec<String>,
    identity: Identity,
    /// The file of the identity.
    credential: PathBuf,
    /// Where the file of the identity was named; `None` for that of the local cluster itself.
    credential_from: Option<String>,
    settings: ClientSettings,
    /// The directories of the local cluster, if it is the local one.
    local: Option<Directories>,
    /// The name of the context, if it is not the default.
    context: Option<String>,
}

/// Returns the effective settings with their sources, and the directories of the user.
///
/// # Errors
/// `usage` for invalid settings.
pub(crate) fn loaded(options: &Options) -> Result<(Loaded, Directories)> {
    let known = understood(options)?;
    known.error.map_or(Ok((known.loaded, known.directories)), Err)
}

/// The settings as far as they are valid.
#[derive(Debug)]
pub(crate) struct Understood {
    pub loaded: Loaded,
    pub directories: Directories,
    /// The context that options, environment or its file ask for; its settings are applied.
    pub context: Result<Option<Chosen>>,
    /// The first error in the settings, or in the choice of the context.
    pub error: Option<Error>,
}

/// Returns the settings that are valid, and the first error in them.
///
/// # Errors
/// As [`directories`].
pub(crate) fn understood(options: &Options) -> Result<Understood> {
    let (environment, directories) = (Environment::of_process(), directories()?);
    let default_file = directories.config_file();
    let sources = Sources {
        file: options.config.as_deref(),
        default_file: Some(&default_file),
        environment: &environment,
        overrides: &[],
    };
    let (mut loaded, mut error) = match dfs_config::load(&sources) {
        Ok(loaded) => (loaded, None),
        Err(error) => (dfs_config::load_what_can_be(&sources), Some(usage(error.to_string()))),
    };
    if !options.masters.is_empty() {
        loaded.settings.client.masters = options.masters.clone();
    }
    if let Some(timeout) = options.timeout {
        loaded.settings.client.rpc_timeout = timeout;
    }
    let context = contexts::chosen(options);
    match &context {
        Ok(Some(context)) => context.clone().apply(&mut loaded.settings.client),
        Ok(None) => {}
        Err(wrong) => drop(error.get_or_insert_with(|| wrong.clone())),
    }
    Ok(Understood { loaded, directories, context, error })
}

/// Returns the credential file to use for the masters, if there is one.
pub(crate) fn credential(settings: &dfs_config::Settings, directories: &Directories) -> Option<PathBuf> {
    settings.client.credential.clone().or_else(|| local_credential(directories))
}

/// Finds the cluster. If none is configured and none runs, starts a local one if allowed; blocks
/// meanwhile.
///
/// # Errors
/// `unreachable` if there is none; `unauthenticated` if the credential cannot be used.
pub(crate) fn find(options: &Options, may_start: MayStart) -> Result<Target> {
    let known = understood(options)?;
    match &known.error {
        Some(error) => Err(error.clone()),
        None => find_with(options, &known, may_start),
    }
}

/// Does the same as [`find`] with settings that were loaded before.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_with(options: &Options, known: &Understood, may_start: MayStart) -> Result<Target> {
    let (mut settings, directories) = (known.loaded.settings.clone(), known.directories.clone());
    if let Some(timeout) = options.timeout {
        settings.client.rpc_timeout = timeout;
    }
    let chosen = known.context.clone()?;
    let credential_from = match &chosen {
        Some(context) if context.sets(CREDENTIAL) => Some(format!("context {}", context.name())),
        _ if settings.client.credential.is_none() => None,
        _ => known.loaded.place(CREDENTIAL).map(str::to_owned),
    };
    let context = chosen.and_then(|context| context.shown_name());
    if !settings.client.masters.is_empty() {
        let credential = credential(&settings, &directories).ok_or_else(no_credential)?;
        let identity = identity(&credential, &directories, options)?;
        return Ok(Target {
            masters: settings.client.masters.clone(),
            identity,
            credential,
            credential_from,
            settings: settings.client,
            local: None,
            context,
        });
    }
    let may_start = if options.no_start { MayStart::Never } else { may_start };
    let say = |what: &str| {
        if !options.quiet {
            errln!("dfs-shell: waiting for {what}");
        }
    };
    let local = dfs_daemon::local::ensure(&directories, &settings, may_start, &say)?;
    if let Some(started) = &local.started
        && !options.quiet
    {
        errln!("dfs-shell: {}; it keeps running\n  hint: dfsd down stops it", announced(started));
    }
    let credential = settings.client.credential.clone().unwrap_or(local.credential);
    let masters = local.masters.iter().map(ToString::to_string).collect();
    let identity = identity(&credential, &directories, options)?;
    let (settings, local) = (settings.client, Some(directories));
    Ok(Target { masters, identity, credential, credential_from, settings, local, context })
}

/// Returns a sentence that describes the started daemons.
fn announced(started: &Started) -> String {
    let masters = plural(started.masters as u64, "master", "masters");
    let datanodes = plural(started.datanodes as u64, "datanode", "datanodes");
    match started.files {
        None => format!("started a local cluster: {masters}, {datanodes}"),
        Some(files) => {
            let files = plural(files, "file", "files");
            format!("the local cluster is started again, with {files}: {masters}, {datanodes}")
        }
    }
}

/// Converts the status of a daemon for the diagnosis.
fn local_daemon(daemon: &DaemonStatus) -> LocalDaemon {
    let process = match daemon.state {
        State::Running | State::Starting => Process::Running,
        State::Suspended => Process::Suspended,
        State::Stopped => Process::Stopped,
        State::Crashed => Process::Crashed,
    };
    LocalDaemon { id: daemon.id.to_string(), process }
}

/// Returns the finding for a call that has waited this long for the masters of the local cluster if
/// the state of their processes shows that none of them will answer. Returns `None` while daemons
/// are being started or stopped, because any of them may answer then.
fn hopeless(directories: &Directories, waited: Waited) -> Option<Finding> {
    if dfs_daemon::local::is_changing(directories) {
        return None;
    }
    let daemons = dfs_daemon::local::status(directories).ok()?.iter().map(local_daemon).collect();
    let local = Local { daemons, growth: 0 };
    let mut masters = local.daemons.iter().filter(|daemon| daemon.id.parse::<MasterId>().is_ok());
    let may_answer = |daemon: &LocalDaemon| match daemon.process {
        Process::Running => true,
        Process::Suspended => waited.span < SUSPENDED_PATIENCE,
        // A daemon that holds a connection is alive, whatever its run file contains.
        Process::Stopped | Process::Crashed => waited.connected,
    };
    if masters.any(may_answer) {
        return None;
    }
    Some(unreachable("none of them runs", Some(&local)))
}

/// Returns the error for a missing cluster.
pub(crate) fn nowhere() -> Error {
    Error::new(ErrorCode::Unreachable, "no cluster is configured")
}

/// Returns the superuser's credential of the local cluster, if there is one.
fn local_credential(directories: &Directories) -> Option<PathBuf> {
    let layout = Layout::new(directories);
    let spec = Spec::load(&layout).ok().flatten()?;
    Some(layout.user_credential(&spec.superuser))
}

fn no_credential() -> Error {
    let error = Error::new(ErrorCode::Unauthenticated, "there is no credential to show to the masters");
    error.hint("name its file in the settings as client.credential, or in DFS_CLIENT_CREDENTIAL")
}

/// Permission bits of group and others.
pub(crate) const OTHERS: u32 = 0o077;

/// Warns once if other users can read the key.
fn warn_of_others(path: &Path, options: &Options) {
    static SAID: Once = Once::new();
    let others = std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS != 0);
    if others && !options.quiet && !options.json {
        let place = path.display();
        SAID.call_once(|| {
            // There is a chmod of the shell, which changes files of the cluster.
            let hint = format!("on this machine: chmod 600 {place}");
            errln!("dfs-shell: warning: the credential {place} can be read by others\n  hint: {hint}");
        });
    }
}

/// Returns the hint for a credential that the user may not read. Only the credential of the user's
/// own cluster certainly belongs to the user; any other one may be the key of another user.
pub(crate) fn denied_hint(path: &Path, directories: &Directories) -> String {
    if local_credential(directories).is_some_and(|own| own == path) {
        return format!("it is that of your own cluster: sudo chown $USER {}", path.display());
    }
    let owner = dfs_daemon::local::owner(path).unwrap_or_else(|| "somebody else".to_owned());
    format!(
        "it belongs to {owner}: ask for a credential of your own, or name another one as client.credential in the \
         settings, or in DFS_CLIENT_CREDENTIAL"
    )
}

/// Reads a credential file.
///
/// # Errors
/// `unauthenticated` if it cannot be read or used.
pub(crate) fn identity(path: &Path, directories: &Directories, options: &Options) -> Result<Identity> {
    let unusable =
        |what: String, hint: String| Error::new(ErrorCode::Unauthenticated, what).at(path.display()).hint(hint);
    warn_of_others(path, options);
    let pem = std::fs::read(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => denied_hint(path, directories),
            _ => "name it in the settings as client.credential, or in DFS_CLIENT_CREDENTIAL".to_owned(),
        };
        unusable(format!("the credential cannot be read: {}", crate::base::report::io_message(&error)), hint)
    })?;
    Identity::from_pem(&pem).map_err(|error| {
        let hint = "have it issued anew, or name another one as client.credential in the settings".to_owned();
        unusable(format!("the credential cannot be used: {error}"), hint)
    })
}

impl Target {
    /// Returns the directories of the local cluster, if it is the local one.
    pub fn local(&self) -> Option<&Directories> {
        self.local.as_ref()
    }

    /// Returns the local cluster as it is on this machine; `None` for any other cluster.
    pub fn on_this_machine(&self) -> Option<Local> {
        let directories = self.local.as_ref()?;
        let daemons = dfs_daemon::local::status(directories).unwrap_or_default();
        let growth = dfs_daemon::local::growth(directories);
        Some(Local { daemons: daemons.iter().map(local_daemon).collect(), growth })
    }

    /// Returns the name of its context, if it is not the default.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// Returns the identity used for it.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the hint for an authentication error between client and cluster.
    pub fn doubt(&self, error: &Error) -> String {
        let credential = self.credential.display();
        let anew = "name another one as client.credential in the settings, or in DFS_CLIENT_CREDENTIAL";
        let foreign = |from: &str| {
            let cluster = self.identity.cluster;
            format!("the credential {credential}, from {from}, is of another cluster ({cluster})")
        };
        match (&self.local, self.credential_from.as_deref()) {
            (Some(_), Some(from)) if error.message.contains(FOREIGN) => {
                format!("{}; without it, that of the local cluster is used", foreign(from))
            }
            (None, from) if error.message.contains(FOREIGN) => {
                format!("{}: {anew}, or check the masters", foreign(from.unwrap_or("the local cluster")))
            }
            (local, _) => self.doubt_of(local.as_ref(), error, anew),
        }
    }

    fn doubt_of(&self, local: Option<&Directories>, error: &Error, anew: &str) -> String {
        let credential = self.credential.display();
        match local {
            None if error.message.contains(EXPIRED) => {
                format!("date shows the clock; if it is right, have {credential} issued anew")
            }
            Some(directories) => format!(
                "the credential is {credential}, the address of the master is from {}; restore what has changed of them, \
                 or run dfsd down and dfsd up",
                directories.run.display()
            ),
            None => format!("the credential is {credential}; {anew}"),
        }
    }

    /// Returns the hint for an error, if one is known that fits this cluster better than the general
    /// one.
    pub fn advice(&self, error: &Error) -> Option<String> {
        if error.code == ErrorCode::Unauthenticated {
            return Some(self.doubt(error));
        }
        let is_away = matches!(error.detail.as_deref(), Some(Detail::MastersUnreachable { .. }));
        (is_away && self.local.is_none()).then(|| match self.context {
            Some(_) => "are the addresses right, and does a master run there? `context list` shows them".to_owned(),
            None => {
                "are the addresses right, and does a master run there? `config show client.masters` shows where they \
                 come from"
                    .to_owned()
            }
        })
    }

    /// Returns the addresses `HOST:PORT` of its masters.
    pub fn masters(&self) -> &[String] {
        &self.masters
    }

    /// Returns the time limit of a call to them.
    pub fn patience(&self) -> Duration {
        self.settings.rpc_timeout
    }

    /// Creates a client for the cluster without connecting. Calls to a local cluster whose masters
    /// will not answer end with the reason.
    ///
    /// # Errors
    /// As [`Target::client_options`].
    pub async fn open(&self) -> Result<Client> {
        let error = |found: Finding| Error::new(ErrorCode::Unreachable, found.sentence()).hint(found.run);
        let look = |directories: Directories| move |waited| hopeless(&directories, waited).map(error);
        let outlook = self.local.clone().map(|directories| Outlook::new(look(directories)));
        Ok(Client::with_outlook(self.client_options().await?, outlook))
    }

    /// Returns the finding for a local cluster whose masters are suspended: they accept connections
    /// and do not answer.
    pub fn suspended(&self) -> Option<Finding> {
        hopeless(self.local.as_ref()?, Waited { span: Duration::MAX, connected: true })
    }

    /// Returns the client for a command that shows the state of the cluster: it does not wait long
    /// for a remote cluster that does not answer. For a local one the state of the processes shows
    /// if waiting helps.
    pub fn looked_at(&self, client: Client) -> Client {
        if self.local.is_some() { client } else { client.brief() }
    }

    /// Returns the options of a client, with the names of the masters resolved.
    ///
    /// # Errors
    /// `unreachable` if none of them has an address.
    pub async fn client_options(&self) -> Result<ClientOptions> {
        let mut masters: Vec<SocketAddr> = Vec::new();
        let mut failure = nowhere();
        for master in &self.masters {
            match tokio::net::lookup_host(master.as_str()).await {
                Ok(addresses) => masters.extend(addresses),
                Err(error) => {
                    let what = format!("the master has no address: {}", crate::base::report::io_message(&error));
                    failure =
                        Error::new(ErrorCode::Unreachable, what).at(master).hint("masters are given as HOST:PORT");
                }
            }
        }
        if masters.is_empty() {
            return Err(failure);
        }
        Ok(ClientOptions { masters, identity: self.identity.clone(), settings: self.settings.clone() })
    }
}

/// Returns the directories of the user.
///
/// # Errors
/// `usage` if the user has none.
pub(crate) fn directories() -> Result<Directories> {
    Directories::of_user(&Environment::of_process()).map_err(|error| usage(error.to_string()))
}

/// Returns the directory for state such as the history.
///
/// # Errors
/// As [`directories`].
pub(crate) fn state_directory() -> Result<PathBuf> {
    directories().map(|directories| directories.state)
}

/// Returns the directory for the user's settings.
///
/// # Errors
/// As [`directories`].
pub(crate) fn config_directory() -> Result<PathBuf> {
    directories().map(|directories| directories.config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_somebody_else_is_not_to_be_taken() {
        let home = tempfile::tempdir().expect("a directory");
        let directories = Directories::under(home.path());
        let key = home.path().join("other.pem");
        std::fs::write(&key, "").expect("written");
        let hint = denied_hint(&key, &directories);
        let owner = dfs_daemon::local::owner(&key).expect("it is there");
        assert!(hint.starts_with(&format!("it belongs to {owner}: ask for a credential of your own")), "{hint}");
        assert!(!hint.contains("chown"), "{hint}");
        let hint = denied_hint(&home.path().join("absent.pem"), &directories);
        assert!(hint.starts_with("it belongs to somebody else: "), "{hint}");
    }
}
