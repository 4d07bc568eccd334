//! Transfers many files at the same time, while the walker finds more.

use super::bars::Bars;
use super::tally::{Done, Tally};
use crate::base::advice::advice;
use crate::base::descriptors::is_from_lack;
use crate::base::report::{interrupted, io_message};
use crate::command::Context;
use crate::session::running::{Picture, RunningTransfers};
use dfs_client::Progress;
use dfs_term::figures::size;
use dfs_types::{Error, ErrorCode, Result};
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, Stream};
use futures::{FutureExt, StreamExt};
use std::io::IsTerminal;
use std::pin::pin;
use std::time::{Duration, Instant};

/// The number of attempts to begin a file while no file descriptor is free, and the pause before
/// the second attempt; each further pause is twice as long.
const TRIES_MAX: u32 = 8;
const PAUSE_FIRST: Duration = Duration::from_millis(50);

/// A result of a walker.
#[derive(Debug)]
pub(crate) enum Step<J> {
    /// A file to transfer, its name for messages, and its length.
    File {
        job: J,
        name: String,
        bytes: u64,
    },
    /// A directory that was made, or would be made in a dry run.
    Directory(String),
    /// A message for the user.
    Note(String),
    Skipped {
        path: String,
        why: String,
    },
    Failed(Error),
}

/// The command line to run after a transfer was stopped. It takes over the files that are complete.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    pub line: String,
    /// True if the stopped transfer also keeps a part of a file, which the line takes over.
    pub keeps_parts: bool,
    /// A note behind the line, if there is nothing that it takes over.
    pub note: &'static str,
}

impl Again {
    /// Returns the advice; `some_kept` is true if some files are complete.
    fn text(self, some_kept: bool) -> String {
        match some_kept || self.keeps_parts {
            true => format!("continue with: {}", self.line),
            false => format!("start again with: {}{}", self.line, self.note),
        }
    }
}

/// A transfer in progress.
#[derive(Debug)]
pub(crate) struct Run {
    pub transfers: RunningTransfers,
    bars: Bars,
    tally: Tally,
    start: Instant,
}

impl Run {
    /// Begins a transfer and shows its progress.
    pub(crate) fn begin(context: &mut Context<'_>) -> Self {
        let transfers = RunningTransfers::default();
        let bars = Bars::follow(context.session, &transfers);
        Self { transfers, bars, tally: Tally::default(), start: Instant::now() }
    }

    /// Processes the steps of a walker, up to `parallel` files at the same time. `work` transfers
    /// one file.
    ///
    /// # Errors
    /// Returns `interrupted` after Ctrl-C, and errors that would fail every further file. Other
    /// failures are reported and do not stop the transfer.
    pub(crate) async fn drive<'w, J: Clone + 'w>(
        &mut self,
        context: &mut Context<'_>,
        steps: impl Stream<Item = Step<J>>,
        parallel: usize,
        work: impl Fn(J, Progress) -> LocalBoxFuture<'w, Result<Done>>,
    ) -> Result<()> {
        let mut steps = pin!(steps.fuse());
        let mut running = FuturesUnordered::new();
        let mut given_up: Option<Error> = None;
        let mut walked = false;
        let (mut at_once, mut again) = (parallel.max(1), Vec::new());
        loop {
            if context.cancel.is_cancelled() {
                given_up.get_or_insert_with(interrupted);
            }
            let mut may_begin = given_up.is_none() && running.len() < at_once;
            if may_begin && let Some(file) = again.pop() {
                running.push(self.one(file, &work));
                continue;
            }
            may_begin &= !walked;
            tokio::select! {
                biased;
                Some((file, done)) = running.next(), if !running.is_empty() => {
                    if file.may_wait(&done) {
                        // The running transfers use the file descriptors that this one needs.
                        at_once = (at_once / 2).clamp(1, running.len().max(1));
                        again.push(file.again());
                        continue;
                    }
                    let hopeless = self.count(context, done.map_err(|error| named(error, &file.name)))?;
                    given_up = given_up.or(hopeless);
                }
                step = steps.next(), if may_begin => match step {
                    None => walked = true,
                    Some(Step::File { job, name, bytes }) => {
                        running.push(self.one(Waiting { job, name, bytes, tries: 0 }, &work));
                    }
                    Some(Step::Directory(_)) => self.tally.directories += 1,
                    Some(Step::Note(text)) => context.session.say(&format!("{}: {text}", context.command)),
                    Some(Step::Skipped { path, why }) => {
                        let shown = dfs_term::text::sanitise(&path);
                        context.session.say(&format!("{}: {shown}: skipped: {why}", context.command));
                        self.tally.note_skipped(&path, &why);
                    }
                    Some(Step::Failed(error)) => {
                        let hopeless = self.count(context, Err(error))?;
                        given_up = given_up.or(hopeless);
                    }
                },
                () = context.cancel.cancelled(), if may_begin => {}
                else => return given_up.map_or(Ok(()), Err),
            }
        }
    }

    /// Begins one file.
    fn one<'w, J: Clone + 'w>(
        &self,
        file: Waiting<J>,
        work: impl Fn(J, Progress) -> LocalBoxFuture<'w, Result<Done>>,
    ) -> LocalBoxFuture<'w, (Waiting<J>, Result<Done>)> {
        let (ticket, progress) = self.transfers.begin(file.name.clone(), file.bytes);
        let work = work(file.job.clone(), progress);
        let pause = file.pause();
        async move {
            tokio::time::sleep(pause).await;
            let done = work.await;
            match &done {
                Err(error) if ends_all(error) || is_from_lack(error) => ticket.cut_off(),
                _ => drop(ticket),
            }
            (file, done)
        }
        .boxed_local()
    }

    /// Counts one file; returns the error if every further file would fail as well.
    fn count(&mut self, context: &mut Context<'_>, done: Result<Done>) -> Result<Option<Error>> {
        match done {
            Ok(done) => {
                self.tally.note(done);
                Ok(None)
            }
            Err(error) if error.code == ErrorCode::Interrupted => Ok(Some(error)),
            Err(error) => {
                self.tally.note_failed(&error);
                if is_hopeless(&error) {
                    return Ok(Some(error));
                }
                context.fail(error)?;
                Ok(None)
            }
        }
    }

    /// Reports a failure that does not stop the transfer.
    ///
    /// # Errors
    /// Returns `interrupted`.
    pub(crate) fn fail(&mut self, context: &mut Context<'_>, error: Error) -> Result<()> {
        self.count(context, Err(error))?.map_or(Ok(()), Err)
    }

    /// Returns the error that stopped the transfer, with the progress and the command line to run
    /// next.
    pub(crate) fn stopped(&self, error: Error, again: Option<Again>) -> Error {
        let some_kept = self.tally.files + self.tally.unchanged > 0;
        stopped(error, &self.transfers.picture(0), again.map(|again| again.text(some_kept)))
    }

    /// Ends a transfer of one file.
    ///
    /// # Errors
    /// Returns the error of the file.
    pub(crate) fn end_with(mut self, context: &mut Context<'_>, done: Result<Done>) -> Result<()> {
        self.tally.note(done.inspect_err(|_| self.bars.clear(context.session))?);
        self.end(context)
    }

    /// Ends the transfer and prints the summary.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn end(mut self, context: &mut Context<'_>) -> Result<()> {
        self.transfers.end();
        self.bars.clear(context.session);
        self.tally.end(self.start.elapsed());
        summarise(context, &self.tally)
    }
}

/// Returns the failure of one file with its name, if it names no path itself.
fn named(error: Error, name: &str) -> Error {
    let of_all = is_hopeless(&error) || error.code == ErrorCode::Interrupted;
    if of_all || error.path.is_some() { error } else { error.at(name) }
}

/// A file in progress, or one to begin again.
#[derive(Debug)]
struct Waiting<J> {
    job: J,
    name: String,
    bytes: u64,
    /// The number of attempts that failed because no file descriptor was free.
    tries: u32,
}

impl<J> Waiting<J> {
    /// Returns true if the file should be tried again, with fewer transfers at the same time.
    fn may_wait(&self, done: &Result<Done>) -> bool {
        self.tries < TRIES_MAX && done.as_ref().is_err_and(is_from_lack)
    }

    fn again(self) -> Self {
        Self { tries: self.tries + 1, ..self }
    }

    /// Returns the pause before the next attempt.
    fn pause(&self) -> Duration {
        if self.tries == 0 { Duration::ZERO } else { PAUSE_FIRST * (1 << self.tries.min(TRIES_MAX)) }
    }
}

/// Returns true if the transfer ends with this error.
fn ends_all(error: &Error) -> bool {
    error.code == ErrorCode::Interrupted || is_hopeless(error)
}

fn stopped(mut error: Error, now: &Picture, onward: Option<String>) -> Error {
    let total = match now {
        Picture { known: false, total, .. } => format!("{} or more", size(*total)),
        Picture { total, .. } => size(*total),
    };
    let at = format!("at {} of {total}", size(now.done));
    if error.code == ErrorCode::Interrupted {
        // With many files, the error is not specific to the file that reported it first.
        error.path = error.path.filter(|_| now.files_total <= 1);
        error.message = format!("interrupted {at}");
        error.message.extend(onward.map(|onward| format!("; {onward}")));
        return error;
    }
    error.hint = advice(&error).into_iter().chain(onward).reduce(|one, other| format!("{one}; {other}"));
    error.message = format!("{} (stopped {at})", error.message);
    error
}

/// Returns true if the next file would fail in the same way.
fn is_hopeless(error: &Error) -> bool {
    let full = || io_message(&rustix::io::Errno::NOSPC.into());
    if error.code == ErrorCode::LocalIo && error.message == full() {
        return true;
    }
    matches!(
        error.code,
        ErrorCode::Unreachable
            | ErrorCode::Timeout
            | ErrorCode::NotLeader
            | ErrorCode::Unauthenticated
            | ErrorCode::InsufficientDatanodes
            | ErrorCode::SafeMode
            | ErrorCode::QuotaExceeded
    )
}

fn summarise(context: &mut Context<'_>, tally: &Tally) -> Result<()> {
    if tally.is_empty() {
        return Ok(());
    }
    if context.json() {
        let nothing = tally.files + tally.unchanged + tally.directories == 0;
        return if nothing && tally.failures > 0 { Ok(()) } else { context.emit(tally) };
    }
    // One successful file needs a summary only on a terminal, or if the result may be unexpected.
    let remarkable = tally.unchanged + tally.bytes_taken_over > 0;
    let watched = tally.failures == 0 && std::io::stderr().is_terminal();
    if !tally.is_one() || remarkable || watched {
        context.session.say(&format!("{}: {}", context.command, tally.line()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stopped_says_how_far_it_came_and_what_goes_on() {
        let now = Picture { done: 3 << 30, total: 10 << 30, known: true, ..Picture::default() };
        let again = Again { line: "put -r -u src /new".to_owned(), keeps_parts: false, note: " (a note)" };
        let line = || Some("continue with: put -r -u src /new".to_owned());
        assert_eq!(Some(again.clone().text(true)), line());
        let ended = stopped(interrupted(), &now, line());
        assert_eq!(ended.to_string(), "interrupted at 3.0 GiB of 10.0 GiB; continue with: put -r -u src /new");
        let one = stopped(interrupted().at("/x"), &Picture { files_total: 1, ..now.clone() }, None);
        assert_eq!(one.to_string(), "/x: interrupted at 3.0 GiB of 10.0 GiB");
        assert_eq!(stopped(interrupted().at("/x"), &Picture { files_total: 2, ..now.clone() }, None).path, None);
        // Nothing goes on where nothing is kept.
        assert_eq!(again.clone().text(false), "start again with: put -r -u src /new (a note)");
        assert_eq!(Again { keeps_parts: true, ..again }.text(false), "continue with: put -r -u src /new");
        let unknown = Picture { known: false, ..now.clone() };
        assert_eq!(stopped(interrupted(), &unknown, None).message, "interrupted at 3.0 GiB of 10.0 GiB or more");
        let lost = Error::new(ErrorCode::Unreachable, "no master answers").hint("doctor looks");
        let lost = stopped(lost, &now, line());
        assert_eq!(lost.message, "no master answers (stopped at 3.0 GiB of 10.0 GiB)");
        assert_eq!(lost.hint.as_deref(), Some("doctor looks; continue with: put -r -u src /new"));
    }

    #[test]
    fn where_no_descriptor_is_left_a_file_waits_for_a_while() {
        let lack = || Err(crate::base::report::local_io(std::path::Path::new("x"), &rustix::io::Errno::MFILE.into()));
        let mut file = Waiting { job: (), name: String::new(), bytes: 0, tries: 0 };
        assert!(!file.may_wait(&Ok(Done::Unchanged)) && !file.may_wait(&Err(interrupted())));
        let mut waited = Duration::ZERO;
        while file.may_wait(&lack()) {
            file = file.again();
            waited += file.pause();
        }
        assert!((10..60).contains(&waited.as_secs()), "{waited:?}");
    }

    #[test]
    fn what_would_fail_again_ends_it() {
        let full = crate::base::report::local_io(std::path::Path::new("x"), &rustix::io::Errno::NOSPC.into());
        assert!(is_hopeless(&full), "{full:?}");
        let missing = crate::base::report::local_io(std::path::Path::new("x"), &rustix::io::Errno::NOENT.into());
        assert!(!is_hopeless(&missing), "{missing:?}");
        assert!(is_hopeless(&Error::new(ErrorCode::Timeout, "late")));
    }
}
