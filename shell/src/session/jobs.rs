//! The commands in the background of a session: the list of them, and how their ends are told.

use super::Session;
use super::console::JobConsole;
use crate::base::exit::Ended;
use crate::base::interrupt::{SignalEpoch, guarded};
use crate::base::report::{interrupted, usage};
use dfs_types::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;
use std::thread::JoinHandle;

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
    /// From 1; 0 while it is not among the jobs of a session.
    pub number: usize,
    /// Its line, safe for a terminal.
    pub line: String,
    pub console: Arc<JobConsole>,
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
        self.list.iter().filter(|job| job.console.ended().is_none()).count()
    }

    /// The first job that runs in the local working directory of the process, which therefore must stay.
    pub fn at_home(&self) -> Option<&Job> {
        self.list.iter().find(|job| job.console.ended().is_none() && !job.console.has_place())
    }

    /// Whether one more may begin.
    ///
    /// # Errors
    /// `usage` when too many have begun.
    pub fn may_begin(&self) -> Result<()> {
        if self.list.len() < JOBS_MAX {
            return Ok(());
        }
        Err(usage(format!("{JOBS_MAX} jobs at most run at the same time")).hint("wait waits for them"))
    }

    /// Adds a job that has begun; gives its number.
    pub fn add(&mut self, job: Job) -> usize {
        // Numbers begin anew when all have ended, as in sh.
        self.last = if self.list.is_empty() { 1 } else { self.last + 1 };
        self.list.push(Job { number: self.last, ..job });
        self.last
    }

    /// The consoles of all.
    pub fn consoles(&self) -> Vec<Arc<JobConsole>> {
        self.list.iter().map(|job| job.console.clone()).collect()
    }

    /// Takes the jobs off the list that have ended.
    pub fn take_ended(&mut self) -> Vec<Job> {
        let (ended, running) =
            std::mem::take(&mut self.list).into_iter().partition(|job| job.console.ended().is_some());
        self.list = running;
        ended
    }
}

fn no_job(what: &str) -> Error {
    Error::new(ErrorCode::NotFound, what)
}

impl Job {
    /// A job that has begun, and is not among those of a session yet.
    pub fn new(line: String, console: Arc<JobConsole>, output: File, thread: JoinHandle<()>) -> Self {
        Self { number: 0, line, console, output, thread: Some(thread) }
    }

    /// `running`, `done`, `interrupted`, `failed`.
    pub fn state(&self) -> &'static str {
        match self.console.ended() {
            None => "running",
            Some(Ended::Well) => "done",
            Some(Ended::Failed(code)) if code == ErrorCode::Interrupted.exit_code() => "interrupted",
            Some(Ended::Failed(_) | Ended::ReaderGone) => "failed",
        }
    }

    /// Tells what an ended job said and wrote, and how it ended.
    pub fn tell(self, session: &Session) -> Ended {
        let end = format!("[{}] {} {}", self.number, self.state(), self.line);
        let ended = self.hand_over();
        session.say(&end);
        ended
    }

    /// Passes on what an ended job said and wrote.
    pub fn hand_over(mut self) -> Ended {
        let ended = self.console.ended().unwrap_or(Ended::Well);
        eprint!("{}", self.console.messages());
        let mut stdout = io::stdout().lock();
        // Nobody is left to read it, if that fails.
        let _ = self.output.seek(SeekFrom::Start(0)).and_then(|_| io::copy(&mut self.output, &mut stdout));
        drop(stdout);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        ended
    }
}

/// Puts a job among those of the session, and says so.
pub(crate) fn into_background(session: &mut Session, job: Job) {
    let line = job.line.clone();
    let number = session.jobs.add(job);
    session.say(&format!("[{number}] {line}"));
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
    let Some(console) = session.jobs.list.iter().find(|job| job.number == number).map(|job| job.console.clone()) else {
        return Ok(Ended::Well);
    };
    tokio::select! {
        biased;
        _ = console.until_ended() => {}
        () = cancelled => return Err(interrupted()),
    }
    Ok(session.jobs.take(number).map_or(Ended::Well, |job| job.tell(session)))
}

/// Ends all jobs and waits for that; a signal cuts the wait short.
///
/// # Errors
/// `interrupted`.
pub(crate) async fn end_all(session: &mut Session) -> Result<()> {
    let consoles = session.jobs.consoles();
    consoles.iter().for_each(|console| console.cancel.cancel());
    let ended = guarded(SignalEpoch::now(), |cancel| async move {
        for console in &consoles {
            tokio::select! {
                _ = console.until_ended() => {}
                () = cancel.cancelled() => return Err(interrupted()),
            }
        }
        Ok(())
    });
    ended.await?;
    announce(session);
    Ok(())
}

/// The error of a command that waited for a job which failed, and has said why.
pub(crate) fn failed(job: usize, ended: Ended) -> Option<Error> {
    (ended != Ended::Well).then(|| Error::new(ErrorCode::of_exit(ended.code()), format!("job {job} failed")))
}
