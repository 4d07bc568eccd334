//! Many files at the same time, while the walker looks for more.

use super::bars::Bars;
use super::tally::{Done, Tally};
use crate::base::advice::advice;
use crate::base::report::{interrupted, io_message};
use crate::command::Context;
use crate::session::board::{Board, Picture, Ticket};
use dfs_client::Progress;
use dfs_term::figures::size;
use dfs_types::{Error, ErrorCode, Result};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, Stream};
use std::io::IsTerminal;
use std::pin::pin;
use std::time::Instant;

/// What a walker found.
#[derive(Debug)]
pub(crate) enum Step<J> {
    /// A file to be transferred, what to call it before people, and its length.
    File {
        job: J,
        name: String,
        bytes: u64,
    },
    /// A directory was made, or would be.
    Directory(String),
    Skipped {
        path: String,
        why: String,
    },
    Failed(Error),
}

/// A transfer under way.
#[derive(Debug)]
pub(crate) struct Run {
    pub board: Board,
    bars: Bars,
    tally: Tally,
    start: Instant,
}

impl Run {
    /// Begins, and shows it.
    pub(crate) fn begin(context: &mut Context<'_>) -> Self {
        let board = Board::default();
        let bars = Bars::follow(context.session, &board);
        Self { board, bars, tally: Tally::default(), start: Instant::now() }
    }

    /// Does the steps of a walker, up to `parallel` files at the same time. `work` transfers one file.
    ///
    /// # Errors
    /// `interrupted` after Ctrl-C, and what makes going on hopeless. Other failures are reported and passed over.
    pub(crate) async fn drive<'w, J: 'w>(
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
        loop {
            if context.cancel.is_cancelled() {
                given_up.get_or_insert_with(interrupted);
            }
            let may_begin = given_up.is_none() && !walked && running.len() < parallel.max(1);
            tokio::select! {
                biased;
                Some(done) = running.next(), if !running.is_empty() => {
                    let hopeless = self.count(context, done)?;
                    given_up = given_up.or(hopeless);
                }
                step = steps.next(), if may_begin => match step {
                    None => walked = true,
                    Some(Step::File { job, name, bytes }) => {
                        let (ticket, progress) = self.board.begin(name, bytes);
                        running.push(one(work(job, progress), ticket));
                    }
                    Some(Step::Directory(_)) => self.tally.directories += 1,
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

    /// Counts one file; gives the error that makes it hopeless to go on.
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

    /// Reports a failure that ends nothing.
    ///
    /// # Errors
    /// `interrupted`.
    pub(crate) fn fail(&mut self, context: &mut Context<'_>, error: Error) -> Result<()> {
        self.count(context, Err(error))?.map_or(Ok(()), Err)
    }

    /// Returns the error that stopped the transfer, with how far it came and the line that goes on.
    pub(crate) fn stopped(&self, error: Error, again: Option<String>) -> Error {
        stopped(error, &self.board.picture(0), again)
    }

    /// Ends a transfer of one file.
    ///
    /// # Errors
    /// That of the file.
    pub(crate) fn end_with(mut self, context: &mut Context<'_>, done: Result<Done>) -> Result<()> {
        self.tally.note(done.inspect_err(|_| self.bars.clear(context.session))?);
        self.end(context)
    }

    /// Ends, and says what it came to.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn end(mut self, context: &mut Context<'_>) -> Result<()> {
        self.board.end();
        self.bars.clear(context.session);
        self.tally.end(self.start.elapsed());
        summarise(context, &self.tally)
    }
}

async fn one(work: LocalBoxFuture<'_, Result<Done>>, ticket: Ticket) -> Result<Done> {
    let done = work.await;
    match &done {
        Err(error) if error.code == ErrorCode::Interrupted || is_hopeless(error) => ticket.cut_off(),
        _ => drop(ticket),
    }
    done
}

fn stopped(mut error: Error, now: &Picture, again: Option<String>) -> Error {
    let total = match now {
        Picture { known: false, total, .. } => format!("{} or more", size(*total)),
        Picture { total, .. } => size(*total),
    };
    let at = format!("at {} of {total}", size(now.done));
    let onward = again.map(|line| format!("continue with: {line}"));
    if error.code == ErrorCode::Interrupted {
        error.message = format!("interrupted {at}");
        error.message.extend(onward.map(|onward| format!("; {onward}")));
        return error;
    }
    error.hint = advice(&error).into_iter().chain(onward).reduce(|one, other| format!("{one}; {other}"));
    error.message = format!("{} (stopped {at})", error.message);
    error
}

/// Whether the next file would fail in the same way.
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
    // One file that went well needs words only where somebody watches, or when they may not expect it.
    let remarkable = tally.unchanged + tally.bytes_taken_over > 0;
    let watched = tally.failures == 0 && std::io::stderr().is_terminal();
    if !tally.is_one() || remarkable || watched {
        let again = tally.failures_again();
        if !again.is_empty() {
            context.session.say(&format!("{}: {again}", context.command));
        }
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
        let line = || Some("put -r -u src /new".to_owned());
        let ended = stopped(interrupted(), &now, line());
        assert_eq!(ended.to_string(), "interrupted at 3.0 GiB of 10.0 GiB; continue with: put -r -u src /new");
        let unknown = Picture { known: false, ..now.clone() };
        assert_eq!(stopped(interrupted(), &unknown, None).message, "interrupted at 3.0 GiB of 10.0 GiB or more");
        let lost = Error::new(ErrorCode::Unreachable, "no master answers").hint("doctor looks");
        let lost = stopped(lost, &now, line());
        assert_eq!(lost.message, "no master answers (stopped at 3.0 GiB of 10.0 GiB)");
        assert_eq!(lost.hint.as_deref(), Some("doctor looks; continue with: put -r -u src /new"));
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
