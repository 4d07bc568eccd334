//! What lasts from one command to the next.

use super::alias::Aliases;
use super::connect::{self, Target};
use super::console::JobConsole;
use super::history::History;
use super::jobs::Jobs;
use crate::base::interrupt::SignalEpoch;
use crate::base::options::Options;
use crate::base::out::{Inherited, Out};
use crate::base::pager;
use crate::base::report::{Location, error_json, error_text};
use crate::base::screen::Screen;
use crate::base::terminal;
use crate::lang::Scope;
use dfs_client::Client;
use dfs_daemon::local::MayStart;
use dfs_term::View;
use dfs_tui::top::world::World;
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Gives the world of a dashboard that works with a session; `read_only`, it refuses what changes anything. Must be called
/// inside the runtime.
pub(crate) type OpenDashboard = fn(session: &Session, read_only: bool) -> Arc<dyn World>;

/// The working directory and the previous one of each context that the session has left.
pub(crate) type Places = BTreeMap<String, (DfsPath, Option<DfsPath>)>;

/// A session: a prompt, a script, or one command. The local working directory is that of the process.
#[derive(Debug)]
pub struct Session {
    pub options: Options,
    /// The remote working directory.
    pub directory: DfsPath,
    /// Where `cd -` goes.
    pub directory_before: Option<DfsPath>,
    /// Where it was in other contexts.
    pub(crate) places: Places,
    /// Where `lcd -` goes.
    pub local_before: Option<PathBuf>,
    pub scope: Scope,
    /// The statement that runs began with `-`: it may fail.
    pub may_fail: bool,
    pub aliases: Aliases,
    /// The lines that were typed at the prompt.
    pub history: History,
    /// Where in a script we are.
    pub location: Option<Location>,
    /// A person types the commands.
    pub interactive: bool,
    /// The command that runs changes something.
    pub changes: bool,
    /// Set by `exit`: the session ends with this code.
    pub leave: Option<u8>,
    /// The lines of a transfer that are on the terminal now.
    pub screen: Option<Screen>,
    /// The scripts that are being run, each from the one before it.
    pub scripts: Vec<PathBuf>,
    /// Where the commands of a script write that is run by a command of ours.
    pub inherited: Option<Inherited>,
    /// Commands in the background.
    pub jobs: Jobs,
    /// This is the session of such a command.
    pub console: Option<Arc<JobConsole>>,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// Signals since then are meant for the command that runs.
    pub epoch: SignalEpoch,
    /// Set by the program: `top` opens the dashboard with it.
    pub open_dashboard: Option<OpenDashboard>,
    target: Option<Target>,
    client: Arc<OnceCell<Client>>,
}

impl Session {
    /// A session that has not looked for its cluster yet.
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

    /// A session for a command in the background.
    pub fn apart(&self, console: Arc<JobConsole>, output: Inherited) -> Self {
        Self { inherited: Some(output), console: Some(console), ..self.beside() }
    }

    /// A session with all that this one is set to, and nothing that it is at.
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

    /// Whether the terminal is not for commands, because somebody draws on all of it.
    pub fn is_covered(&self) -> bool {
        self.console.as_ref().is_some_and(|console| console.covered)
    }

    /// A local path as the session sees it: a command in the background stays in the directory where it began.
    pub fn local(&self, path: &Path) -> PathBuf {
        match &self.console {
            Some(console) => console.here.join(path),
            None => path.to_owned(),
        }
    }

    /// Returns whether a local cluster of which nothing runs may be started: always at the prompt, and on a terminal by a
    /// command that changes something, unless it was stopped on purpose.
    pub(crate) fn may_start(&self) -> MayStart {
        match (self.interactive, self.changes && !self.options.dry_run) {
            (true, _) => MayStart::Always,
            (false, true) if std::io::stderr().is_terminal() => MayStart::UnlessStopped,
            (false, _) => MayStart::Never,
        }
    }

    /// Looks for the cluster. Where none is configured and none runs, the prompt starts a local one; a command that changes
    /// something does so on a terminal, unless the last one was stopped on purpose. Blocks meanwhile.
    ///
    /// # Errors
    /// When there is none, or its credential cannot be read.
    pub fn find_cluster(&mut self) -> Result<&Target> {
        if self.target.is_none() {
            self.target = Some(connect::find(&self.options, self.may_start())?);
        }
        self.target.as_ref().ok_or_else(connect::nowhere)
    }

    /// Talks to this cluster from now on. Who has the handle on the former one keeps it.
    pub fn follow(&mut self, target: Target) {
        self.target = Some(target);
        self.client = Arc::default();
    }

    /// The handle on the cluster. It connects by itself when it is first used, and again when the connection is lost.
    ///
    /// # Errors
    /// As [`Session::find_cluster`]; when the name of a master cannot be resolved.
    pub async fn client(&mut self) -> Result<Client> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let target = tokio::task::block_in_place(|| self.find_cluster().cloned())?;
        connected(&self.client, &target).await
    }

    /// The handle, if a command needed it already.
    pub fn client_if_any(&self) -> Option<Client> {
        self.client.get().cloned()
    }

    /// The place of the handle, for who works beside the commands.
    pub fn connection(&self) -> Arc<OnceCell<Client>> {
        self.client.clone()
    }

    /// The cluster, if it was looked for already.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Where a command writes when nothing else was said.
    ///
    /// # Errors
    /// When that is closed.
    pub fn stdout(&self) -> Result<Out> {
        self.inherited.as_ref().map_or_else(Out::stdout, Out::within)
    }

    /// The screen, if long output is to be paged.
    pub fn paged(&self) -> Option<pager::Screen> {
        let asked = self.scope.variables().any(|(name, value)| name == "pager" && value == "on");
        let is_outermost = self.interactive && self.inherited.is_none();
        if asked && is_outermost && !self.is_plain() { pager::screen() } else { None }
    }

    /// Returns whether a terminal must not be sent control codes: the user said so, or the terminal.
    pub fn is_plain(&self) -> bool {
        self.options.plain || terminal::is_dumb()
    }

    /// Returns whether a terminal may be sent colours.
    pub fn colour(&self) -> bool {
        !terminal::refuses_colour() && !self.is_plain()
    }

    /// Returns how text is to look that goes to people, in lines of so many cells.
    pub fn view(&self, cells: Option<usize>) -> View {
        View { cells, colour: self.colour(), glyphs: terminal::glyphs() }
    }

    /// What a person or script called a path, from the working directory.
    ///
    /// # Errors
    /// `invalid_path`.
    pub fn resolve(&self, text: &str) -> Result<DfsPath> {
        DfsPath::resolve(&self.directory, text).map_err(|error| Error::from(error).at(text))
    }

    /// Says on stderr what went wrong.
    pub fn report(&self, command: &str, error: &Error) {
        let mut error = error.clone();
        if error.code == ErrorCode::Unauthenticated && error.hint.is_none() {
            error.hint = self.target.as_ref().map(|target| target.doubt(&error));
        }
        let text = if self.options.json {
            error_json(command, &error, self.location.as_ref())
        } else {
            terminal::glyphs().text(&error_text(command, &error)).into_owned()
        };
        self.tell(text);
    }

    /// Says something on stderr that is not an error.
    pub fn say(&self, text: &str) {
        if !self.options.quiet && !self.options.json {
            self.tell(format!("{}\n", terminal::glyphs().text(text)));
        }
    }

    /// Says that the cluster takes its time, where it is, and how long we wait for it.
    pub fn say_waiting(&self, command: &str) {
        let Some(target) = &self.target else { return };
        let patience = dfs_types::format_duration(target.patience());
        self.say(&format!("{command}: waiting for {}, up to {patience}; Ctrl-C ends it", target.masters().join(", ")));
    }

    /// Returns true if a master can be reached, or none is known.
    pub async fn is_answered(&self) -> bool {
        let Some(target) = &self.target else { return true };
        for master in target.masters() {
            if crate::base::probe::master(target.identity(), master).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Writes text to stderr as it is; above the lines of a transfer, where there are some.
    pub fn tell(&self, text: String) {
        match (&self.console, &self.screen) {
            (Some(console), _) => console.say(text),
            (None, Some(screen)) => screen.above(&text),
            (None, None) => eprint!("{text}"),
        }
    }
}

/// The handle on a cluster, made when it is first asked for. It has not spoken to anybody yet.
///
/// # Errors
/// When the name of a master cannot be resolved.
pub(crate) async fn connected(place: &OnceCell<Client>, target: &Target) -> Result<Client> {
    place.get_or_try_init(|| target.open()).await.cloned()
}
