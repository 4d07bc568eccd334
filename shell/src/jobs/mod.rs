//! Commands in the background of a session.
//!
//! A job runs the same code as any command, on a thread of its own, with a session of its own that has the working
//! directories and variables of the moment when it began. What it says waits at its [`Desk`] until the session listens.

mod desk;

pub(crate) use desk::Desk;

use crate::context::Context;
use crate::interrupt::{Mark, guarded};
use crate::line::Statement;
use crate::out::{Inherited, Out};
use crate::report::{interrupted, local_io, usage};
use crate::run::{self, Ended, one_line};
use crate::session::Session;
use dfs_types::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::runtime::Handle;

/// Jobs of a session at the same time, with those whose end was not yet told.
const JOBS_MAX: usize = 64;

/// The jobs of a session, in the order in which they began.
#[derive(Debug, Default)]
pub struct Jobs {
    list: Vec<Job>,
    last: usize,
}

/// A job, until its end was told.
#[derive(Debug)]
pub struct Job {
    pub number: usize,
    /// Its line, safe for a terminal.
    pub line: String,
    pub desk: Arc<Desk>,
    /// What it has written to its standard output.
    output: File,
    thread: Option<JoinHandle<()>>,
}

impl Jobs {
    pub fn list(&self) -> &[Job] {
        &self.list
    }

    /// The job of this number (`2`, `%2`); the last one if none is given.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, text: Option<&str>) -> Result<&Job> {
        let Some(text) = text else {
            return self.list.last().ok_or_else(|| no_job("there are no jobs"));
        };
        let number: Option<usize> = text.trim_start_matches('%').parse().ok();
        let found = self.list.iter().find(|job| Some(job.number) == number);
        found.ok_or_else(|| no_job("no such job").at(text).hint("jobs lists them"))
    }

    /// Takes the job off the list.
    pub fn take(&mut self, number: usize) -> Option<Job> {
        let at = self.list.iter().position(|job| job.number == number)?;
        Some(self.list.remove(at))
    }

    /// How many have not ended.
    pub fn running(&self) -> usize {
        self.list.iter().filter(|job| job.desk.ended().is_none()).count()
    }

    fn take_ended(&mut self) -> Vec<Job> {
        let (ended, running) = std::mem::take(&mut self.list).into_iter().partition(|job| job.desk.ended().is_some());
        self.list = running;
        ended
    }
}

fn no_job(what: &str) -> Error {
    Error::new(ErrorCode::NotFound, what)
}

/// Begins a statement in the background, and says so.
pub(crate) fn begin(session: &mut Session, statement: &Statement) -> Ended {
    match try_begin(session, statement) {
        Ok(job) => {
            session.say(&format!("[{}] {}", job.number, job.line));
            session.jobs.list.push(job);
            Ended::Well
        }
        Err(error) => {
            session.report("dfs-shell", &error);
            Ended::Failed(error.code.exit_code())
        }
    }
}

fn try_begin(session: &mut Session, statement: &Statement) -> Result<Job> {
    if session.jobs.list.len() >= JOBS_MAX {
        return Err(usage(format!("{JOBS_MAX} jobs at most run at the same time")).hint("wait waits for them"));
    }
    let here = std::env::current_dir().map_err(|error| local_io(Path::new("."), &error))?;
    let output = tempfile::tempfile().map_err(|error| local_io(&std::env::temp_dir(), &error))?;
    let written = output.try_clone().map_err(|error| local_io(Path::new("stdout"), &error))?;
    let desk = Arc::new(Desk::new(here));
    let runtime = Handle::current();
    let mut own = session.apart(desk.clone(), Inherited::to(written));
    let own_statement = Statement { background: false, ..statement.clone() };
    let thread = on_a_thread(&desk, move || runtime.block_on(run::statement(&mut own, &own_statement)))?;
    // Numbers begin anew when all have ended, as in sh.
    session.jobs.last = if session.jobs.list.is_empty() { 1 } else { session.jobs.last + 1 };
    let number = session.jobs.last;
    Ok(Job { number, line: one_line(statement), desk, output, thread: Some(thread) })
}

/// Does the work of a desk on a thread of its own, and notes there how it ended.
///
/// # Errors
/// `local_io` when the system gives no thread.
pub(crate) fn on_a_thread(desk: &Arc<Desk>, work: impl FnOnce() -> Ended + Send + 'static) -> Result<JoinHandle<()>> {
    let ending = End(desk.clone());
    let whole = move || ending.0.end(work());
    let thread = std::thread::Builder::new().name("dfs-job".to_owned()).spawn(whole);
    thread.map_err(|error| Error::new(ErrorCode::LocalIo, format!("no thread for a job: {error}")))
}

/// A job that panics has ended, too.
struct End(Arc<Desk>);

impl Drop for End {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            self.0.end(Ended::Failed(ErrorCode::Internal.exit_code()));
        }
    }
}

impl Job {
    /// `running`, `done`, `interrupted`, `failed`.
    pub fn state(&self) -> &'static str {
        match self.desk.ended() {
            None => "running",
            Some(Ended::Well) => "done",
            Some(Ended::Failed(code)) if code == ErrorCode::Interrupted.exit_code() => "interrupted",
            Some(Ended::Failed(_) | Ended::ReaderGone) => "failed",
        }
    }

    /// Tells what an ended job said and wrote, and how it ended.
    pub fn tell(mut self, session: &Session) -> Ended {
        let ended = self.desk.ended().unwrap_or(Ended::Well);
        eprint!("{}", self.desk.messages());
        let mut stdout = io::stdout().lock();
        // Nobody is left to read it, if that fails.
        let _ = self.output.seek(SeekFrom::Start(0)).and_then(|_| io::copy(&mut self.output, &mut stdout));
        drop(stdout);
        session.say(&format!("[{}] {} {}", self.number, self.state(), self.line));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        ended
    }
}

/// Tells which jobs have ended since the last time; before a prompt.
pub(crate) fn announce(session: &mut Session) {
    for job in session.jobs.take_ended() {
        job.tell(session);
    }
}

/// Waits for a job and tells its end. The job goes on when the wait is cut short.
///
/// # Errors
/// `interrupted`; that of the job, which it has said itself.
pub(crate) async fn wait(session: &mut Session, number: usize, cancelled: impl Future<Output = ()>) -> Result<Ended> {
    let Some(desk) = session.jobs.list.iter().find(|job| job.number == number).map(|job| job.desk.clone()) else {
        return Ok(Ended::Well);
    };
    tokio::select! {
        biased;
        _ = desk.until_ended() => {}
        () = cancelled => return Err(interrupted()),
    }
    Ok(session.jobs.take(number).map_or(Ended::Well, |job| job.tell(session)))
}

/// The end of a script: its jobs are waited for, and the first signal ends them. Gives the exit code of the script, or of
/// the first job that failed.
pub(crate) async fn at_end(session: &mut Session, code: u8) -> u8 {
    if code == ErrorCode::Interrupted.exit_code() {
        return end_all(session).await.map_or(code, |()| code);
    }
    let desks: Vec<_> = session.jobs.list.iter().map(|job| job.desk.clone()).collect();
    let waiting = guarded(Mark::now(), |cancel| async move {
        for desk in &desks {
            tokio::select! {
                biased;
                _ = desk.until_ended() => continue,
                () = cancel.cancelled() => desks.iter().for_each(|desk| desk.cancel.cancel()),
            }
            desk.until_ended().await;
        }
        Ok(())
    });
    if let Err(error) = waiting.await {
        return error.code.exit_code();
    }
    let codes: Vec<u8> = session.jobs.take_ended().into_iter().map(|job| job.tell(session).code()).collect();
    std::iter::once(code).chain(codes).find(|code| *code != 0).unwrap_or(0)
}

/// Ends all jobs and waits for that; a signal cuts the wait short.
///
/// # Errors
/// `interrupted`.
pub(crate) async fn end_all(session: &mut Session) -> Result<()> {
    let desks: Vec<_> = session.jobs.list.iter().map(|job| job.desk.clone()).collect();
    desks.iter().for_each(|desk| desk.cancel.cancel());
    let ended = guarded(Mark::now(), |cancel| async move {
        for desk in &desks {
            tokio::select! {
                _ = desk.until_ended() => {}
                () = cancel.cancelled() => return Err(interrupted()),
            }
        }
        Ok(())
    });
    ended.await?;
    announce(session);
    Ok(())
}

/// Whether a prompt may be left: with jobs under way the user is asked once, and they end.
pub(crate) async fn may_leave(session: &mut Session) -> bool {
    let running = session.jobs.running();
    if running > 0 {
        let what = dfs_term::figures::plural(running as u64, "job is", "jobs are");
        let question = format!("{what} not done; end and leave");
        if !ask(session, &question).await || end_all(session).await.is_err() {
            return false;
        }
    }
    announce(session);
    true
}

async fn ask(session: &mut Session, question: &str) -> bool {
    let Ok(mut out) = Out::stdout() else { return true };
    let asked = guarded(Mark::now(), |cancel| {
        let context = Context::new(session, &mut out, cancel, "exit");
        async move { context.confirm(question, false) }
    });
    asked.await.is_ok()
}

/// The error of a command that waited for a job which failed, and has said why.
pub(crate) fn failed(job: usize, ended: Ended) -> Option<Error> {
    (ended != Ended::Well).then(|| Error::new(ErrorCode::of_exit(ended.code()), format!("job {job} failed")))
}
