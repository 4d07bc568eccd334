//! Ctrl-C ends the command and not the session: the first one cancels the command, the second one
//! drops it. A hangup (SIGHUP: the terminal was closed) ends the running command as Ctrl-C does,
//! then the background jobs, then the program.

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

/// The time to wait for a signal that must already be on its way.
const COUNTED_WITHIN: Duration = Duration::from_secs(1);
/// The exit code of a shell whose command was ended by SIGINT.
const INTERRUPTED: u8 = 130;

/// The exit code of a program that was ended by SIGHUP.
const HUNG_UP: u8 = 129;
/// The time that commands have for cleanup after a hangup.
const CLEANUP_MAX: Duration = Duration::from_secs(10);
/// The time that the program has to exit after a hangup when no command runs, before it is ended.
const LEAVING_MAX: Duration = Duration::from_secs(1);

/// Counts the SIGINTs, SIGTERMs and SIGHUPs received.
static SEEN: OnceLock<watch::Receiver<u64>> = OnceLock::new();
/// Cancelled by the first SIGHUP.
static HANGUP: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);
/// The terminal settings from before the prompt.
static TERMINAL: OnceLock<Termios> = OnceLock::new();
/// Counts running commands, those in the background included.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::channel(0).0);

/// A point in time. Signals received before it do not affect commands that start after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalEpoch(u64);

impl SignalEpoch {
    pub fn now() -> Self {
        Self(SEEN.get().map_or(0, |seen| *seen.borrow()))
    }
}

/// Starts to count signals. A signal that arrives while no command runs ends nothing: at the prompt
/// Ctrl-C is a key, and `!command` handles it separately.
pub(crate) fn listen(runtime: &Handle) {
    let _inside = runtime.enter();
    // Without handlers a signal ends the process, which is the default.
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
                    // The system and the login shell may both send SIGHUP: a second one does not
                    // count as a second Ctrl-C.
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

/// Returns true if the program was started with SIGHUP ignored, as by nohup(1).
fn ignores_hangups() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SignalKind::hangup()))
}

/// Returns true if a process status in the format of proc(5) lists a signal as ignored.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw_value() - 1) & 1 == 1
}

/// Saves the terminal settings before a line editor changes them.
pub(crate) fn keep_terminal() {
    if let Ok(set) = tcgetattr(std::io::stdin()) {
        let _ = TERMINAL.set(set);
    }
}

fn restore_terminal() {
    if let Some(set) = TERMINAL.get() {
        // Errors are ignored: the terminal may be closed. The escape sequence switches off
        // bracketed paste, which the editor has switched on.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, set);
        let _ = std::io::stdout().write_all(b"\x1b[?2004l\n");
    }
}

/// Returns the exit code of the program, which differs after a hangup.
pub(crate) fn exit_code(code: u8) -> u8 {
    if code == INTERRUPTED && is_hung_up() { HUNG_UP } else { code }
}

/// Returns true after a hangup: the terminal is closed and no more input will come.
pub(crate) fn is_hung_up() -> bool {
    HANGUP.is_cancelled()
}

/// Notes a hangup if the terminal on standard input was closed: its end may be seen before the
/// signal, and a program in the background gets none. Returns true if so.
pub(crate) fn hung_up_by_terminal() -> bool {
    let closed = rustix::termios::tcgetattr(std::io::stdin()).is_err_and(|error| error == rustix::io::Errno::IO);
    if closed {
        HANGUP.cancel();
    }
    closed
}

/// Waits for a hangup.
pub(crate) async fn hangup() {
    HANGUP.cancelled().await;
}

/// Ends the program after a hangup if it does not exit in time: it may be blocked in a read of the
/// terminal.
async fn leave() {
    let idle = |running: &usize| *running == 0;
    let _ = tokio::time::timeout(CLEANUP_MAX, RUNNING.subscribe().wait_for(idle)).await;
    tokio::time::sleep(LEAVING_MAX).await;
    dfs_client::settle().await;
    restore_terminal();
    std::process::exit(HUNG_UP.into());
}

/// Counts a command as running until dropped.
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

/// Returns the result of a local command that started after `begun`. Ctrl-C is sent to that command
/// and to this program at the same time, and the command may have ended before the signal is
/// counted here. In that case this waits for the count, so that the signal does not cancel the
/// command that follows.
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
        // Only the program installs handlers, and its runtime has a worker that counts while this
        // thread waits.
        tokio::task::block_in_place(|| Handle::current().block_on(counted(seen, begun, COUNTED_WITHIN)));
    }
    Err(Error::new(code, format!("the local command ended with {status}")))
}

fn by_ctrl_c(status: ExitStatus) -> bool {
    status.signal() == Some(SignalKind::interrupt().as_raw_value()) || status.code() == Some(INTERRUPTED.into())
}

/// Waits for a signal since `epoch`; returns true if it arrived within the limit.
async fn counted(mut seen: watch::Receiver<u64>, epoch: SignalEpoch, limit: Duration) -> bool {
    let signal = seen.wait_for(|count| *count > epoch.0);
    tokio::time::timeout(limit, signal).await.is_ok_and(|seen| seen.is_ok())
}

/// Runs a command with a token that the first SIGINT, SIGTERM or SIGHUP since `epoch` cancels. The
/// second signal drops the command. The epoch is taken before a line is read, so that a Ctrl-C
/// immediately after Enter is not lost.
///
/// # Errors
/// Those of the command; `interrupted` when it was dropped.
pub(crate) async fn guarded<T, F>(epoch: SignalEpoch, work: impl FnOnce(CancellationToken) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let _running = Running::begin();
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    // Runs on a thread of its own, because a command may block its thread.
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
        // Raw statuses as in wait(2): a signal in the low byte, an exit code above it.
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
