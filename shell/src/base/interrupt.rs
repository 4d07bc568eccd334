//! Ctrl-C ends the command and not the session: the first asks it to end, the second does not ask.
//! A hangup (SIGHUP: the terminal was closed) ends the command as Ctrl-C does, the jobs in the
//! background, and then the program.

use crate::base::report::interrupted;
use dfs_types::{Error, ErrorCode, Result};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long we wait for a signal that must be under way.
const COUNTED_WITHIN: Duration = Duration::from_secs(1);
/// The exit code of a shell whose command a SIGINT ended.
const INTERRUPTED: u8 = 130;

/// The exit code of a program that a SIGHUP ended.
const HUNG_UP: u8 = 129;
/// How long commands may clean up after a hangup.
const CLEANUP_MAX: Duration = Duration::from_secs(10);
/// How long the program may take to end by itself after a hangup, when no command runs.
const LEAVING_MAX: Duration = Duration::from_secs(1);

/// How many SIGINTs, SIGTERMs and SIGHUPs there were.
static SEEN: OnceLock<watch::Receiver<u64>> = OnceLock::new();
/// Cancelled by the first SIGHUP.
static HANGUP: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);
/// How the terminal was set when the prompt began.
static TERMINAL: OnceLock<Termios> = OnceLock::new();
/// How many commands run, those in the background included.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::channel(0).0);

/// A point in time. What was signalled before it is not meant for what begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalEpoch(u64);

impl SignalEpoch {
    pub fn now() -> Self {
        Self(SEEN.get().map_or(0, |seen| *seen.borrow()))
    }
}

/// Counts signals from now on. One that comes while no command runs ends nothing: at the prompt Ctrl-C is a key, and
/// `!command` has its own way with it.
pub(crate) fn listen(runtime: &Handle) {
    let _inside = runtime.enter();
    // Without handlers a signal ends the process, as everywhere.
    let mut hung_up = if ignores_hangups() { None } else { signal(SignalKind::hangup()).ok() };
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
                () = received(hung_up.as_mut()) => {
                    // The system and the login shell may both send it: a second one is no second
                    // Ctrl-C.
                    hung_up = None;
                    HANGUP.cancel();
                    tokio::spawn(leave());
                }
            }
            count.send_modify(|count| *count += 1);
        }
    });
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether the program was started to go on after a hangup, as by nohup(1).
fn ignores_hangups() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SignalKind::hangup()))
}

/// Returns whether a status of a process, as proc(5) has it, says that a signal is ignored.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw_value() - 1) & 1 == 1
}

/// Keeps how the terminal is set now, before an editor changes that.
pub(crate) fn keep_terminal() {
    if let Ok(set) = tcgetattr(std::io::stdin()) {
        let _ = TERMINAL.set(set);
    }
}

fn restore_terminal() {
    if let Some(set) = TERMINAL.get() {
        // It may be gone. What the editor has switched on is to be told of pastes.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, set);
        let _ = std::io::stdout().write_all(b"\x1b[?2004l\n");
    }
}

/// Returns the exit code of the program, which is another one after a hangup.
pub(crate) fn exit_code(code: u8) -> u8 {
    if code == INTERRUPTED && is_hung_up() { HUNG_UP } else { code }
}

/// Returns whether there was a hangup: nobody is left to type.
pub(crate) fn is_hung_up() -> bool {
    HANGUP.is_cancelled()
}

/// Waits for a hangup.
pub(crate) async fn hangup() {
    HANGUP.cancelled().await;
}

/// Ends the program after a hangup where it does not end by itself: it may be blocked in a read of
/// the terminal.
async fn leave() {
    let idle = |running: &usize| *running == 0;
    let _ = tokio::time::timeout(CLEANUP_MAX, RUNNING.subscribe().wait_for(idle)).await;
    tokio::time::sleep(LEAVING_MAX).await;
    dfs_client::settle().await;
    restore_terminal();
    std::process::exit(HUNG_UP.into());
}

/// A command that runs, for as long as this is there.
#[derive(Debug)]
pub(crate) struct Running(());

impl Running {
    pub(crate) fn begin() -> Self {
        RUNNING.send_modify(|running| *running += 1);
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.send_modify(|running| *running -= 1);
    }
}

/// How a local command ended that began after `begun`. Ctrl-C goes to it and to us at the same time, and it may be gone
/// before we have counted: then we wait for that, so that the signal is not taken for one to the command behind it.
///
/// # Errors
/// `interrupted` when Ctrl-C ended it, `local_io` when it failed otherwise.
pub(crate) fn local_end(status: ExitStatus, begun: SignalEpoch) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let code = if by_ctrl_c(status) { ErrorCode::Interrupted } else { ErrorCode::LocalIo };
    if code == ErrorCode::Interrupted
        && let Some(seen) = SEEN.get().cloned()
    {
        // Only the program listens, and its runtime has a worker that counts while this thread waits.
        tokio::task::block_in_place(|| Handle::current().block_on(counted(seen, begun, COUNTED_WITHIN)));
    }
    Err(Error::new(code, format!("the local command ended with {status}")))
}

fn by_ctrl_c(status: ExitStatus) -> bool {
    status.signal() == Some(SignalKind::interrupt().as_raw_value()) || status.code() == Some(INTERRUPTED.into())
}

/// Waits for a signal since `epoch`; says whether it came in time.
async fn counted(mut seen: watch::Receiver<u64>, epoch: SignalEpoch, limit: Duration) -> bool {
    let signal = seen.wait_for(|count| *count > epoch.0);
    tokio::time::timeout(limit, signal).await.is_ok_and(|seen| seen.is_ok())
}

/// Runs a command with a token that the first SIGINT, SIGTERM or SIGHUP since `epoch` cancels. At
/// the second one the command is dropped where it stands. The epoch is taken before a line is read,
/// so that a Ctrl-C right behind Enter is not lost.
///
/// # Errors
/// Those of the command; `interrupted` when it was dropped.
pub(crate) async fn guarded<T, F>(epoch: SignalEpoch, work: impl FnOnce(CancellationToken) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let _running = Running::begin();
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    // On a thread of its own, because a command may block the one that it runs on.
    let watcher = tokio::spawn(pass_on(epoch, cancel.clone(), abort.clone()));
    let result = tokio::select! {
        biased;
        result = work(cancel) => result,
        () = abort.cancelled() => Err(interrupted()),
    };
    watcher.abort();
    result
}

async fn pass_on(epoch: SignalEpoch, cancel: CancellationToken, abort: CancellationToken) {
    let Some(mut seen) = SEEN.get().cloned() else { return };
    for (more, token) in [(1, cancel), (2, abort)] {
        if seen.wait_for(|count| *count >= epoch.0 + more).await.is_err() {
            return;
        }
        token.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_command_ends_well_by_itself_or_by_ctrl_c() {
        // As wait(2) has them: a signal in the low byte, an exit code above it.
        for (raw, ended) in [
            (0, None),
            (2, Some(ErrorCode::Interrupted)),
            (130 << 8, Some(ErrorCode::Interrupted)),
            (9, Some(ErrorCode::LocalIo)),
            (15, Some(ErrorCode::LocalIo)),
            (2 << 8, Some(ErrorCode::LocalIo)),
        ] {
            let result = local_end(ExitStatus::from_raw(raw), SignalEpoch::now());
            assert_eq!(result.err().map(|error| error.code), ended, "{raw}");
        }
    }

    #[test]
    fn what_nohup_has_set_is_seen() {
        let ignores = |mask: &str| ignores(&format!("Name:\tx\nSigIgn:\t{mask}\nSigCgt:\t0\n"), SignalKind::hangup());
        assert!(ignores("0000000000001001"));
        assert!(!ignores("0000000000001000") && !ignores("nonsense") && !ignores(""));
    }

    #[tokio::test]
    async fn a_signal_that_is_under_way_is_waited_for() {
        const LONG: Duration = Duration::from_secs(3600);
        let (count, seen) = watch::channel(4);
        assert!(!counted(seen.clone(), SignalEpoch(4), Duration::ZERO).await, "it has not come");
        let (came, ()) = tokio::join!(counted(seen.clone(), SignalEpoch(4), LONG), async {
            tokio::task::yield_now().await;
            count.send_replace(5);
        });
        assert!(came);
        assert!(counted(seen, SignalEpoch(4), LONG).await, "it was counted already");
    }
}
