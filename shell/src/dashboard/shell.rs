//! Implements the world of a dashboard: one session, and the lines that run in it.

use super::complete::Completer;
use super::output::Output;
use super::running::Running;
use super::{ask, log};
use crate::base::exit::Ended;
use crate::base::out::Inherited;
use crate::base::report::{error_text, local_io};
use crate::engine::jobs::on_a_thread;
use crate::engine::run;
use crate::lang::Statement;
use crate::session::Session;
use crate::session::connect::Target;
use crate::session::console::JobConsole;
use dfs_tui::top::message::{CommandNews, CommandState, Question};
use dfs_tui::top::world::World;
use dfs_tui::top::{Effect, Message};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use parking_lot::{Mutex, MutexGuard};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

/// The interval at which the progress of a transfer is reported.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Returns the shell for a dashboard, with all settings of this session; with `read_only` it
/// refuses commands that change anything. Must be called inside the runtime.
pub(crate) fn world(session: &Session, read_only: bool) -> Arc<dyn World> {
    Arc::new(Shell::new(session, read_only))
}

/// The shell of a dashboard. Clones share it.
#[derive(Debug, Clone)]
struct Shell {
    /// The state that lasts from one line to the next.
    session: Arc<Mutex<Session>>,
    running: Running,
    completer: Completer,
    runtime: Handle,
}

/// The result of a line.
#[derive(Debug)]
struct Outcome {
    code: u8,
    /// The output and messages.
    output: String,
    /// The question to confirm before the line can run.
    question: Option<Question>,
}

impl World for Shell {
    fn perform(&self, effect: Effect, news: &Sender<Message>) {
        match effect {
            Effect::Run { number, line } => self.run(number, line, news.clone()),
            Effect::Cancel { number } => self.running.cancel(number),
            Effect::Look { path, line } => self.look(path, line, news.clone()),
            Effect::Complete { line } => self.completer.ask(line, news),
            Effect::ReadLog { node } => self.read_log(node, news.clone()),
            Effect::Daemons => self.daemons(news.clone()),
            // The dashboard handles these itself.
            Effect::Quit
            | Effect::Suspend
            | Effect::List { .. }
            | Effect::ListLocal { .. }
            | Effect::CountLocal { .. }
            | Effect::StopCounting
            | Effect::Traffic { .. }
            | Effect::Jobs
            | Effect::Copy(_)
            | Effect::Mouse(_)
            | Effect::Refresh { .. }
            | Effect::Keep(_)
            | Effect::Play(_)
            | Effect::Context(_) => {}
        }
    }
}

impl Shell {
    fn new(session: &Session, read_only: bool) -> Self {
        let mut session = session.beside();
        session.read_only |= read_only;
        // The output is shown to people.
        session.options.json = false;
        let (session, runtime) = (Arc::new(Mutex::new(session)), Handle::current());
        let completer = Completer::new(&session, runtime.clone());
        Self { session, running: Running::default(), completer, runtime }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock()
    }

    /// Runs a line, and reports its progress.
    fn run(&self, number: u64, line: String, news: Sender<Message>) {
        let begun = self.running.may_begin().and_then(|()| self.begin(line));
        if let Ok((console, _)) = &begun {
            self.running.begin(number, console.clone());
        }
        let running = self.running.clone();
        self.runtime.spawn(async move {
            let outcome = match begun {
                Ok((console, end)) => until_ended(number, &console, end, &news).await,
                Err(error) => Outcome::failed(&error),
            };
            running.end(number);
            let state = match outcome.question {
                Some(question) => CommandState::WouldAsk(question),
                None => CommandState::Ended { code: outcome.code, output: outcome.output },
            };
            // The channel is closed after the dashboard has exited.
            let _ = news.send(Message::Command(CommandNews { number, state })).await;
        });
    }

    /// Runs a read-only line for a preview. Its result is dropped if another preview has begun
    /// meanwhile.
    fn look(&self, path: DfsPath, line: String, news: Sender<Message>) {
        let begun = self.begin(line);
        if let Ok((console, _)) = &begun {
            self.running.look(console.clone());
        }
        let running = self.running.clone();
        self.runtime.spawn(async move {
            let text = match begun {
                Ok((console, end)) => {
                    let outcome = end.await.unwrap_or_else(|_| Outcome::broken());
                    if !running.is_looked_at(&console) {
                        return;
                    }
                    outcome.text()
                }
                Err(error) => Err(error),
            };
            let _ = news.send(Message::Looked { path, text }).await;
        });
    }

    fn read_log(&self, node: String, news: Sender<Message>) {
        let (target, client) = {
            let session = self.session();
            (session.target().cloned(), session.client_if_any())
        };
        self.runtime.spawn(async move {
            let lines = log::read(&node, target.as_ref(), client).await;
            let _ = news.send(Message::Log { node, lines }).await;
        });
    }

    /// Reports the processes of the local cluster.
    fn daemons(&self, news: Sender<Message>) {
        let target = self.session().target().cloned();
        self.runtime.spawn_blocking(move || {
            if let Some(local) = target.as_ref().and_then(Target::on_this_machine) {
                let _ = news.blocking_send(Message::Daemons(local));
            }
        });
    }

    /// Starts a line on its own thread; returns its console, and the channel for its result.
    fn begin(&self, line: String) -> Result<(Arc<JobConsole>, oneshot::Receiver<Outcome>)> {
        let statements = run::typed(&line)?;
        let here = std::env::current_dir().map_err(|error| local_io(Path::new("."), &error))?;
        let no_pipe = |error| local_io(Path::new("pipe"), &error);
        let (written, output) = Output::pipe().map_err(no_pipe)?;
        let console = Arc::new(JobConsole::covered(here, written.try_clone().map_err(no_pipe)?));
        let mut own = self.session().apart(console.clone(), Inherited::to(written));
        let (tell, end) = oneshot::channel();
        let (shell, at) = (self.clone(), console.clone());
        on_a_thread(&console, move || {
            let before = own.beside();
            let (ended, question) = shell.statements(&mut own, &line, &statements);
            shell.settle(&before, &own);
            // This closes the last duplicates of the pipe.
            drop(own);
            at.hang_up();
            let _ = tell.send(Outcome { code: ended.code(), output: output.text(), question });
            ended
        })?;
        Ok((console, end))
    }

    /// Runs statements up to the first that fails or asks for confirmation.
    fn statements(&self, own: &mut Session, line: &str, statements: &[Statement]) -> (Ended, Option<Question>) {
        for statement in statements {
            let ended = self.runtime.block_on(run::statement(own, statement));
            if let Some(what) = own.console.as_ref().and_then(|console| console.question()) {
                let line = ask::with_yes(line, statement, &own.aliases);
                return (ended, line.map(|line| Question { what, line }));
            }
            match ended {
                Ended::Well => {}
                Ended::Failed(_) if statement.may_fail => {}
                Ended::Failed(_) | Ended::ReaderGone => return (ended, None),
            }
            if own.leave.is_some() {
                break;
            }
        }
        (Ended::Well, None)
    }

    /// Applies the changes of a line to the session, for lines that begin later. Other settings may
    /// have been changed by other lines meanwhile.
    fn settle(&self, before: &Session, own: &Session) {
        let mut session = self.session();
        if own.directory != before.directory {
            session.directory = own.directory.clone();
            session.directory_before = own.directory_before.clone();
        }
        if own.scope != before.scope {
            session.scope = own.scope.clone();
        }
        if own.aliases != before.aliases {
            session.aliases = own.aliases.clone();
        }
    }
}

/// Reports the progress of a line until it has ended.
async fn until_ended(
    number: u64,
    console: &JobConsole,
    mut end: oneshot::Receiver<Outcome>,
    news: &Sender<Message>,
) -> Outcome {
    let mut ticks = tokio::time::interval(TELL_EVERY);
    let mut told = None;
    loop {
        tokio::select! {
            biased;
            outcome = &mut end => return outcome.unwrap_or_else(|_| Outcome::broken()),
            _ = ticks.tick() => {}
        }
        let Some(transfers) = console.transfers() else { continue };
        let picture = transfers.picture(0);
        let state = CommandState::Running { moved: picture.done, total: picture.known.then_some(picture.total) };
        // If the channel is full, a later tick reports the current state.
        if told.as_ref() != Some(&state)
            && news.try_send(Message::Command(CommandNews { number, state: state.clone() })).is_ok()
        {
            told = Some(state);
        }
    }
}

impl Outcome {
    /// Returns the outcome of a line that could not begin.
    fn failed(error: &Error) -> Self {
        Self { code: error.code.exit_code(), output: error_text("dfs-shell", error), question: None }
    }

    /// Returns the outcome of a line whose thread has panicked.
    fn broken() -> Self {
        Self::failed(&Error::new(ErrorCode::Internal, "the command broke down"))
    }

    /// Returns the output, or the first line of the failure as an error.
    fn text(self) -> Result<String> {
        if self.code == 0 {
            return Ok(self.output);
        }
        Err(Error::new(ErrorCode::of_exit(self.code), self.output.lines().next().unwrap_or("it failed")))
    }
}

#[cfg(test)]
#[path = "shell_tests.rs"]
mod tests;
