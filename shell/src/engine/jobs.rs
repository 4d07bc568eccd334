//! Runs the background jobs of a session.
//!
//! A job runs the same code as any command, on its own thread and with its own session, which has
//! the working directories and variables of the moment when the job began. Its messages are queued
//! in its [`JobConsole`] until the session prints them.

use super::run::{self, Engine, one_line};
use crate::base::exit::Ended;
use crate::base::interrupt::{SignalEpoch, guarded};
use crate::base::out::{Inherited, Out};
use crate::base::report::local_io;
use crate::command::Context;
use crate::lang::Statement;
use crate::session::Session;
use crate::session::console::JobConsole;
use crate::session::jobs::{Job, announce, end_all, into_background};
use dfs_types::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::runtime::Handle;

/// The stack of a job: as much as the main thread has, for commands that run inside one another.
const STACK_BYTES: usize = 8 << 20;

/// Starts a statement in the background, and prints its number.
pub(crate) fn begin(session: &mut Session, statement: &Statement) -> Ended {
    match session.jobs.may_begin().and_then(|()| here()).and_then(|here| try_begin(session, statement, here)) {
        Ok(job) => {
            into_background(session, job);
            Ended::Well
        }
        Err(error) => {
            session.report("dfs-shell", &error);
            Ended::Failed(error.code.exit_code())
        }
    }
}

/// The local working directory.
fn here() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| local_io(Path::new("."), &error))
}

/// Starts a statement on its own thread. An empty `here` means the current working directory of the
/// process.
///
/// # Errors
/// Returns `local_io` if no thread or no output file can be created.
pub(super) fn try_begin(session: &Session, statement: &Statement, here: PathBuf) -> Result<Job> {
    let output = tempfile::tempfile().map_err(|error| local_io(&std::env::temp_dir(), &error))?;
    let written = output.try_clone().map_err(|error| local_io(Path::new("stdout"), &error))?;
    let console = Arc::new(JobConsole::new(here));
    let runtime = Handle::current();
    let mut own = session.apart(console.clone(), Inherited::to(written));
    let own_statement = Statement { background: false, ..statement.clone() };
    let thread = on_a_thread(&console, move || runtime.block_on(run::plain_statement(&mut own, &own_statement)))?;
    Ok(Job::new(one_line(statement), console, output, thread))
}

/// Runs the work of a console on its own thread, and records the result in the console.
///
/// # Errors
/// Returns `local_io` if no thread can be created.
pub(crate) fn on_a_thread(
    console: &Arc<JobConsole>,
    work: impl FnOnce() -> Ended + Send + 'static,
) -> Result<JoinHandle<()>> {
    let ending = End(console.clone());
    let whole = move || ending.0.end(work());
    let thread = std::thread::Builder::new().name("dfs-job".to_owned()).stack_size(STACK_BYTES).spawn(whole);
    thread.map_err(|error| Error::new(ErrorCode::LocalIo, format!("no thread for a job: {error}")))
}

/// Records the end of a job, also if it panics.
struct End(Arc<JobConsole>);

impl Drop for End {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            self.0.end(Ended::Failed(ErrorCode::Internal.exit_code()));
        }
    }
}

/// Waits for the jobs of a script at its end; the first signal ends them. Returns the exit code of
/// the script, or of the first job that failed.
pub(crate) async fn at_end(session: &mut Session, code: u8) -> u8 {
    if code == ErrorCode::Interrupted.exit_code() {
        return end_all(session).await.map_or(code, |()| code);
    }
    let consoles = session.jobs.consoles();
    let waiting = guarded(SignalEpoch::now(), |cancel| async move {
        for console in &consoles {
            tokio::select! {
                biased;
                _ = console.until_ended() => continue,
                () = cancel.cancelled() => consoles.iter().for_each(|console| console.cancel.cancel()),
            }
            console.until_ended().await;
        }
        Ok(())
    });
    if let Err(error) = waiting.await {
        return error.code.exit_code();
    }
    let codes: Vec<u8> = session.jobs.take_ended().into_iter().map(|job| job.tell(session).code()).collect();
    std::iter::once(code).chain(codes).find(|code| *code != 0).unwrap_or(0)
}

/// Returns true if the prompt may exit. If jobs are running, the user is asked once, and the jobs
/// are ended.
pub(crate) async fn may_leave(session: &mut Session) -> bool {
    let running = session.jobs.running();
    if running > 0 {
        let what = dfs_term::figures::plural(running as u64, "job is", "jobs are");
        let question = format!("{what} still running; end and exit");
        if !ask(session, &question).await || end_all(session).await.is_err() {
            return false;
        }
    }
    announce(session);
    true
}

async fn ask(session: &mut Session, question: &str) -> bool {
    let Ok(mut out) = Out::stdout() else { return true };
    let asked = guarded(SignalEpoch::now(), |cancel| {
        let context = Context::new(session, &mut out, cancel, "exit", &Engine);
        async move { context.confirm(question, false) }
    });
    asked.await.is_ok()
}
