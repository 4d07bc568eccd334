//! The state that outlasts a single command.

use super::alias::Aliases;
use super::connect::{self, Target};
use super::console::JobConsole;
use super::history::History;
use super::jobs::Jobs;
use crate::base::interrupt::SignalEpoch;
use crate::base::options::Options;
use crate::base::out::{Inherited, Out};
use crate::base::own_line;
use crate::base::pager;
use crate::base::report::{Location, error_json, error_text};
use crate::base::screen::Screen;
use crate::base::stderr::err;
use crate::base::terminal;
use crate::lang::Scope;
use dfs_client::Client;
use dfs_daemon::local::MayStart;
use dfs_term::View;
use dfs_tui::top::world::World;
use dfs_types::{DfsPath, Error, Result};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Creates the world of a dashboard that works with a session; with `read_only` it rejects all
/// changes. Must be called inside the runtime.
pub(crate) type OpenDashboard = fn(session: &Session, read_only: bool) -> Arc<dyn World>;

/// The working directory and the previous one of each context that the session has left.
pub(crate) type Places = BTreeMap<String, (DfsPath, Option<DfsPath>)>;

/// A session: a prompt, a script, or one command. The local working directory is that of the process.
#[derive(Debug)]
pub struct Session {
    pub options: Options,
    /// The remote working directory.
    pub directory: DfsPath,
    /// The target of `cd -`.
    pub directory_before: Option<DfsPath>,
    /// The working directories in other contexts.
    pub(crate) places: Places,
    /// The target of `lcd -`.
    pub local_before: Option<PathBuf>,
    pub scope: Scope,
    /// True if the running statement began with `-`, so that its failure is ignored.
    pub may_fail: bool,
    pub aliases: Aliases,
    /// The lines typed at the prompt.
    pub history: History,
    /// The current position in a script.
    pub location: Option<Location>,
    /// True if a user types the commands.
    pub interactive: bool,
    /// True if the running command changes something.
    pub changes: bool,
    /// Set by `exit`: the session ends with this exit code.
    pub leave: Option<u8>,
    /// The progress lines of a transfer that are on the terminal now.
    pub screen: Option<Screen>,
    /// The number of commands that run inside one another now.
    pub nesting: usize,
    /// The running scripts; each one was started by the one before it.
    pub scripts: Vec<PathBuf>,
    /// The output destination of a script that another command runs.
    pub inherited: Option<Inherited>,
    /// The commands in the background.
    pub jobs: Jobs,
    /// The console of the job, if this is the session of a background command.
    pub console: Option<Arc<JobConsole>>,
    /// True if this session must not change anything.
    pub read_only: bool,
    /// Signals after this point affect the running command.
    pub epoch: SignalEpoch,
    /// Set by the program: `top` opens the dashboard with this function.
    pub open_dashboard: Option<OpenDashboard>,
    target: Option<Target>,
    client: Arc<OnceCell<Client>>,
}

impl Session {
    /// Creates a session; the cluster is not looked up yet.
    pub fn new(options: Options, scope: Scope) -> Self {
        Self {
            options,
            directory: DfsPath::root(),
            directory_before: None,
            places: Places::new(),
            local_before: None,
            scope,
            may_fail: false,
            aliases: Aliases::default(),
            history: History::default(),
            location: None,
            interactive: false,
            changes: false,
            leave: None,
            screen: None,
            nesting: 0,
            scripts: Vec::new(),
            inherited: None,
            jobs: Jobs::default(),
            console: None,
            read_only: false,
            epoch: SignalEpoch::default(),
            open_dashboard: None,
            target: None,
            client: Arc::default(),
        }
    }

    /// Creates a session for a background command. A script that runs itself in the background would
    /// not end either.
    pub fn apart(&self, console: Arc<JobConsole>, output: Inherited) -> Self {
        let (nesting, scripts) = (self.nesting, self.scripts.clone());
        Self { inherited: Some(output), console: Some(console), nesting, scripts, ..self.beside() }
    }

    /// Creates a session with the settings of this one, without its running work.
    pub fn beside(&self) -> Self {
        Self {
            directory: self.directory.clone(),
            directory_before: self.directory_before.clone(),
            aliases: self.aliases.clone(),
            location: self.location.clone(),
            read_only: self.read_only,
            open_dashboard: self.open_dashboard,
            target: self.target.clone(),
            client: self.client.clone(),
            ..Self::new(self.options.clone(), self.scope.clone())
        }
    }

    /// Returns true if a full-screen program occupies the terminal.
    pub fn is_covered(&self) -> bool {
        self.console.as_ref().is_some_and(|console| console.covered)
    }

    /// Resolves a local path for this session: a background command stays in the directory where it
    /// started.
    pub fn local(&self, path: &Path) -> PathBuf {
        match &self.console {
            Some(console) => console.here.join(path),
            None => path.to_owned(),
        }
    }

    /// Returns true if a local cluster without running daemons may be started: always at the
    /// prompt, and on a terminal by a command that changes something, unless it was stopped on
    /// purpose.
    pub(crate) fn may_start(&self) -> MayStart {
        match (self.interactive, self.changes && !self.options.dry_run) {
            (true, _) => MayStart::Always,
            (false, true) if std::io::stderr().is_terminal() => MayStart::UnlessStopped,
            (false, _) => MayStart::Never,
        }
    }

    /// Finds the cluster. If none is configured and none runs, the prompt starts a local one; so
    /// does, on a terminal, a command that changes something, unless the local cluster was stopped
    /// on purpose. Blocks meanwhile.
    ///
    /// # Errors
    /// If there is none, or its credential cannot be read.
    pub fn find_cluster(&mut self) -> Result<&Target> {
        if self.target.is_none() {
            self.target = Some(connect::find(&self.options, self.may_start())?);
        }
        self.target.as_ref().ok_or_else(connect::nowhere)
    }

    /// Switches to this cluster. Existing users of the previous client keep it.
    pub fn follow(&mut self, target: Target) {
        self.target = Some(target);
        self.client = Arc::default();
    }

    /// Returns the client of the cluster. It connects at its first use, and reconnects after the
    /// connection is lost.
    ///
    /// # Errors
    /// As [`Session::find_cluster`]; if the name of a master cannot be resolved.
    pub async fn client(&mut self) -> Result<Client> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let target = tokio::task::block_in_place(|| self.find_cluster().cloned())?;
        connected(&self.client, &target).await
    }

    /// Returns the client, if a command has created it already.
    pub fn client_if_any(&self) -> Option<Client> {
        self.client.get().cloned()
    }

    /// Returns the shared cell of the client, for tasks that run beside the commands.
    pub fn connection(&self) -> Arc<OnceCell<Client>> {
        self.client.clone()
    }

    /// Returns the cluster, if it was found already.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Opens the default output of a command.
    ///
    /// # Errors
    /// If standard output is closed.
    pub fn stdout(&self) -> Result<Out> {
        self.inherited.as_ref().map_or_else(Out::stdout, Out::within)
    }

    /// Returns the size of the terminal, if long output is to be paged.
    pub fn paged(&self) -> Option<pager::Screen> {
        let asked = self.scope.variables().any(|(name, value)| name == "pager" && value == "on");
        let is_outermost = self.interactive && self.inherited.is_none();
        if asked && is_outermost && !self.is_plain() { pager::screen() } else { None }
    }

    /// Returns true if control codes must not be sent, by an option or by the type of the terminal.
    pub fn is_plain(&self) -> bool {
        self.options.plain || terminal::is_dumb()
    }

    /// Returns true if colours may be sent to a terminal.
    pub fn colour(&self) -> bool {
        !terminal::refuses_colour() && !self.is_plain()
    }

    /// Returns the layout of text for people, in lines of this many cells.
    pub fn view(&self, cells: Option<usize>) -> View {
        View { cells, colour: self.colour(), glyphs: terminal::glyphs() }
    }

    /// Resolves a path from user or script against the working directory.
    ///
    /// # Errors
    /// `invalid_path`.
    pub fn resolve(&self, text: &str) -> Result<DfsPath> {
        DfsPath::resolve(&self.directory, text).map_err(|error| Error::from(error).at(text))
    }

    /// Reports an error on stderr.
    pub fn report(&self, command: &str, error: &Error) {
        let error = self.advised(error.clone());
        let text = if self.options.json {
            error_json(command, &error, self.location.as_ref())
        } else {
            terminal::glyphs().text(&error_text(command, &error)).into_owned()
        };
        self.tell(text);
    }

    /// Returns the error with the hint that fits the cluster in use.
    pub fn advised(&self, error: Error) -> Error {
        let target = self.target.as_ref().filter(|_| error.hint.is_none());
        match target.and_then(|target| target.advice(&error)) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// Prints a message on stderr that is not an error.
    pub fn say(&self, text: &str) {
        if !self.options.quiet && !self.options.json {
            self.tell(format!("{}\n", terminal::glyphs().text(text)));
        }
    }

    /// Prints that the cluster is slow, its address, and how long the call waits for it.
    pub fn say_waiting(&self, command: &str) {
        let Some(target) = &self.target else { return };
        let patience = dfs_types::format_duration(target.patience());
        self.say(&format!("{command}: waiting for {}, up to {patience}; Ctrl-C ends it", target.masters().join(", ")));
    }

    /// Returns true if a master is reachable, or none is known.
    pub async fn is_answered(&self) -> bool {
        let Some(target) = &self.target else { return true };
        for master in target.masters() {
            if crate::base::probe::master(target.identity(), master).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Writes text to stderr unchanged, above the progress lines of a transfer if there are any.
    pub fn tell(&self, text: String) {
        match (&self.console, &self.screen) {
            (Some(console), _) => console.say(text),
            (None, Some(screen)) => screen.above(&text),
            (None, None) => {
                err!("{text}");
                if std::io::stderr().is_terminal() {
                    own_line::note(text.as_bytes());
                }
            }
        }
    }
}

/// Returns the client of the cluster, created at the first call. It has not connected yet.
///
/// # Errors
/// If the name of a master cannot be resolved.
pub(crate) async fn connected(place: &OnceCell<Client>, target: &Target) -> Result<Client> {
    place.get_or_try_init(|| target.open()).await.cloned()
}
