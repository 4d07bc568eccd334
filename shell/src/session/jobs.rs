//! The background commands of a session: the list of jobs, and the reports of their ends.

use super::Session;
use super::console::JobConsole;
use crate::base::exit::Ended;
use crate::base::interrupt::{SignalEpoch, guarded};
use crate::base::report::{interrupted, usage};
use crate::base::stderr::err;
use dfs_types::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The maximum number of jobs of a session, including ended ones that were not reported yet.
const JOBS_MAX: usize = 64;

/// The jobs of a session, in start order.
#[derive(Debug, Default)]
pub struct Jobs {
    list: Vec<Job>,
    last: usize,
}

/// A job, until its end was reported.
#[derive(Debug)]
pub struct Job {
    /// The number, from 1; 0 while it is not in the list of a session.
    pub number: usize,
    /// The command line, safe for a terminal.
    pub line: String,
    pub console: Arc<JobConsole>,
    /// Holds the standard output of the job.
    output: File,
    thread: Option<JoinHandle<()>>,
}

impl Jobs {
    pub fn list(&self) -> &[Job] {
        &self.list
    }

    /// Returns the job with this number (`2`, `%2`); the last one if no number is given.
    ///
    /// # Errors
    /// If there is no such job.
    pub fn find(&self, text: Option<&str>) -> Result<&Job> {
        let Some(text) = text else {
            return self.list.last().ok_or_else(|| no_job("there are no jobs"));
        };
        let number: Option<usize> = text.trim_start_matches('%').parse().ok();
        let found = self.list.iter().find(|job| Some(job.number) == number);
        found.ok_or_else(|| no_job("no such job").at(text).hint("jobs lists them"))
    }

    /// Removes the job from the list.
    pub fn take(&mut self, number: usize) -> Option<Job> {
        let at = self.list.iter().position(|job| job.number == number)?;
        Some(self.list.remove(at))
    }

    /// Counts the jobs that have not ended.
    pub fn running(&self) -> usize {
        self.list.iter().filter(|job| job.console.ended().is_none()).count()
    }

    /// Returns the first job that uses the local working directory of the process, which therefore
    /// must not change.
    pub fn at_home(&self) -> Option<&Job> {
        self.list.iter().find(|job| job.console.ended().is_none() && !job.console.has_place())
    }

    /// Checks that one more job may start.
    ///
    /// # Errors
    /// `usage` if too many are running.
    pub fn may_begin(&self) -> Result<()> {
        if self.list.len() < JOBS_MAX {
            return Ok(());
        }
        Err(usage(format!("{JOBS_MAX} jobs at most run at the same time")).hint("wait waits for them"))
    }

    /// Adds a started job; returns its number.
    pub fn add(&mut self, job: Job) -> usize {
        // Numbers restart at 1 when all jobs have ended, as in sh.
        self.last = if self.list.is_empty() { 1 } else { self.last + 1 };
        self.list.push(Job { number: self.last, ..job });
        self.last
    }

    /// Returns the consoles of all jobs.
    pub fn consoles(&self) -> Vec<Arc<JobConsole>> {
        self.list.iter().map(|job| job.console.clone()).collect()
    }

    /// Removes the ended jobs from the list.
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
    /// Creates a started job that is not in the list of a session yet.
    pub fn new(line: String, console: Arc<JobConsole>, output: File, thread: JoinHandle<()>) -> Self {
        Self { number: 0, line, console, output, thread: Some(thread) }
    }

    /// Returns `running`, `done`, `interrupted` or `failed`.
    pub fn state(&self) -> &'static str {
        match self.console.ended() {
            None => "running",
            Some(Ended::Well) => "done",
            Some(Ended::Failed(code)) if code == ErrorCode::Interrupted.exit_code() => "interrupted",
            Some(Ended::Failed(_) | Ended::ReaderGone) => "failed",
        }
    }

    /// Prints the messages and output of an ended job, and its result.
    pub fn tell(self, session: &Session) -> Ended {
        let end = format!("[{}] {} {}", self.number, self.state(), self.line);
        let ended = self.hand_over();
        session.say(&end);
        ended
    }

    /// Prints the messages and output of an ended job.
    pub fn hand_over(mut self) -> Ended {
        let ended = self.console.ended().unwrap_or(Ended::Well);
        err!("{}", self.console.messages());
        let mut stdout = io::stdout().lock();
        // An error means that no reader is left.
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

/// Waits for a job and reports its end. The job continues if the wait is cancelled.
///
/// # Errors
/// `interrupted`; the error of the job, which has already been reported.
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

/// Ends all jobs and waits for them; a signal cancels the wait.
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

/// Returns the error of a command that waited for a failed job whose failure has already been
/// reported.
pub(crate) fn failed(job: usize, ended: Ended) -> Option<Error> {
    (ended != Ended::Well).then(|| Error::new(ErrorCode::of_exit(ended.code()), format!("job {job} failed")))
}
