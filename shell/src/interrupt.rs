//! Ctrl-C ends the command and not the session: the first asks it to end, the second does not ask.

use crate::jobs::Desk;
use crate::report::interrupted;
use dfs_types::Result;
use std::sync::OnceLock;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many SIGINTs and SIGTERMs there were.
static SEEN: OnceLock<watch::Receiver<u64>> = OnceLock::new();

/// A point in time. What was signalled before it is not meant for what begins after it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark(u64);

impl Mark {
    pub fn now() -> Self {
        Self(SEEN.get().map_or(0, |seen| *seen.borrow()))
    }
}

/// Counts signals from now on. One that comes while no command runs ends nothing: at the prompt Ctrl-C is a key, and
/// `!command` has its own way with it.
pub fn listen(runtime: &Handle) {
    let _inside = runtime.enter();
    // Without handlers a signal ends the process, as everywhere.
    let (Ok(mut keyboard), Ok(mut terminated)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let (count, seen) = watch::channel(0);
    if SEEN.set(seen).is_err() {
        return;
    }
    runtime.spawn(async move {
        loop {
            tokio::select! {
                _ = keyboard.recv() => {}
                _ = terminated.recv() => {}
            }
            count.send_modify(|count| *count += 1);
        }
    });
}

/// Runs a command with a token that the first SIGINT or SIGTERM since `mark` cancels. At the second one the command is
/// dropped where it stands. The mark is taken before a line is read, so that a Ctrl-C right behind Enter is not lost.
///
/// # Errors
/// Those of the command; `interrupted` when it was dropped.
pub async fn guarded<T, F>(mark: Mark, work: impl FnOnce(CancellationToken) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    // On a thread of its own, because a command may block the one that it runs on.
    let watcher = tokio::spawn(pass_on(mark, cancel.clone(), abort.clone()));
    let result = tokio::select! {
        biased;
        result = work(cancel) => result,
        () = abort.cancelled() => Err(interrupted()),
    };
    watcher.abort();
    result
}

async fn pass_on(mark: Mark, cancel: CancellationToken, abort: CancellationToken) {
    let Some(mut seen) = SEEN.get().cloned() else { return };
    for (more, token) in [(1, cancel), (2, abort)] {
        if seen.wait_for(|count| *count >= mark.0 + more).await.is_err() {
            return;
        }
        token.cancel();
    }
}

/// Runs a command in the background: what ends it are the tokens of its desk.
///
/// # Errors
/// As [`guarded`].
pub async fn at_desk<T, F>(desk: &Desk, work: impl FnOnce(CancellationToken) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    tokio::select! {
        biased;
        result = work(desk.cancel.clone()) => result,
        () = desk.abort.cancelled() => Err(interrupted()),
    }
}
