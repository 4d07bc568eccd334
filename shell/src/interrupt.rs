//! Ctrl-C ends the command and not the session: the first asks it to end, the second does not ask.

use crate::jobs::Desk;
use crate::report::interrupted;
use dfs_types::Result;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs a command with a token that the first SIGINT or SIGTERM cancels. At the second one the command is dropped where
/// it stands.
///
/// # Errors
/// Those of the command; `interrupted` when it was dropped.
pub async fn guarded<T, F>(work: impl FnOnce(CancellationToken) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    // On a thread of its own, because a command may block the one that it runs on.
    let watcher = tokio::spawn(watch(signals(), cancel.clone(), abort.clone()));
    let result = tokio::select! {
        biased;
        result = work(cancel) => result,
        () = abort.cancelled() => Err(interrupted()),
    };
    watcher.abort();
    result
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

/// From now on a signal that comes while no command runs ends nothing: at the prompt Ctrl-C is a key, and `!command` has
/// its own way with it.
pub fn keep_alive(runtime: &Handle) {
    // Once there is a handler, the process has one until it ends.
    let _inside = runtime.enter();
    let _ = signal(SignalKind::interrupt());
}

/// Every signal from now on. Without handlers a signal ends the process, as everywhere.
fn signals() -> Option<(Signal, Signal)> {
    signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok())
}

async fn watch(signals: Option<(Signal, Signal)>, cancel: CancellationToken, abort: CancellationToken) {
    let Some((mut keyboard, mut terminated)) = signals else { return };
    for token in [cancel, abort] {
        tokio::select! {
            _ = keyboard.recv() => {}
            _ = terminated.recv() => {}
        }
        token.cancel();
    }
}
