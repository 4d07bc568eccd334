//! Many files at the same time, while the walker looks for more.

use super::{Bar, Tally};
use crate::context::Context;
use crate::report::interrupted;
use dfs_client::Progress;
use dfs_types::{Error, ErrorCode, Result};
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, Stream};
use futures::{FutureExt, StreamExt};
use std::io::IsTerminal;
use std::pin::pin;
use std::time::{Duration, Instant};

/// What a walker found.
#[derive(Debug)]
pub enum Step<J> {
    /// A file to be transferred, and its length.
    File {
        job: J,
        bytes: u64,
    },
    /// A folder was made, or would be.
    Folder(String),
    Skipped {
        path: String,
        why: String,
    },
    Failed(Error),
}

/// Runs the steps of a walker, up to `parallel` files at the same time, and reports what they came to.
/// `work` transfers one file and gives its length.
///
/// # Errors
/// `interrupted` after Ctrl-C, and what makes going on hopeless. Other failures are reported and passed over.
pub async fn run<'w, J: 'w>(
    context: &mut Context<'_>,
    steps: impl Stream<Item = Step<J>>,
    parallel: usize,
    progress: &Progress,
    work: impl Fn(J) -> LocalBoxFuture<'w, Result<u64>>,
) -> Result<()> {
    let (start, mut tally) = (Instant::now(), Tally::default());
    let bar = Bar::follow(context.session, progress);
    let result = drive(context, steps, parallel, &bar, &mut tally, work).await;
    bar.end(context.session);
    summarise(context, &tally, start.elapsed())?;
    result
}

async fn drive<'w, J: 'w>(
    context: &mut Context<'_>,
    steps: impl Stream<Item = Step<J>>,
    parallel: usize,
    bar: &Bar,
    tally: &mut Tally,
    work: impl Fn(J) -> LocalBoxFuture<'w, Result<u64>>,
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
                let hopeless = count(context, tally, done)?;
                given_up = given_up.or(hopeless);
            }
            step = steps.next(), if may_begin => match step {
                None => walked = true,
                Some(Step::File { job, bytes }) => {
                    bar.expect(bytes);
                    running.push(work(job).fuse());
                }
                Some(Step::Folder(_)) => tally.folders += 1,
                Some(Step::Skipped { path, why }) => {
                    context.session.say(&format!("{}: {}: skipped: {why}", context.command, dfs_tui::text::sanitise(&path)));
                    tally.note_skipped(&path, &why);
                }
                Some(Step::Failed(error)) => {
                    let hopeless = count(context, tally, Err(error))?;
                    given_up = given_up.or(hopeless);
                }
            },
            () = context.cancel.cancelled(), if may_begin => {}
            else => return given_up.map_or(Ok(()), Err),
        }
    }
}

/// Counts one file; gives the error that makes it hopeless to go on.
fn count(context: &mut Context<'_>, tally: &mut Tally, done: Result<u64>) -> Result<Option<Error>> {
    match done {
        Ok(bytes) => {
            tally.files += 1;
            tally.bytes += bytes;
            Ok(None)
        }
        Err(error) if error.code == ErrorCode::Interrupted => Ok(Some(error)),
        Err(error) => {
            tally.note_failed(&error);
            if is_hopeless(error.code) {
                return Ok(Some(error));
            }
            context.fail(error)?;
            Ok(None)
        }
    }
}

/// Whether the next file would fail in the same way.
fn is_hopeless(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unreachable
            | ErrorCode::Timeout
            | ErrorCode::NotLeader
            | ErrorCode::Unauthenticated
            | ErrorCode::InsufficientDatanodes
            | ErrorCode::SafeMode
            | ErrorCode::QuotaExceeded
    )
}

fn summarise(context: &mut Context<'_>, tally: &Tally, took: Duration) -> Result<()> {
    if tally.is_empty() {
        return Ok(());
    }
    let one = tally.files + tally.failures + tally.skips == 1 && tally.folders == 0;
    if context.json() {
        let nothing = tally.files == 0 && tally.folders == 0;
        return if nothing && tally.failures > 0 { Ok(()) } else { context.emit(&tally.json(took)) };
    }
    // One file that went well needs words only where somebody watches.
    if !one || (tally.failures == 0 && std::io::stderr().is_terminal()) {
        let line = format!("{}: {}", context.command, tally.line(took));
        context.session.say(&line);
    }
    Ok(())
}
