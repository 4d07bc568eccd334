//! Processes: starts this program again as a daemon, sends signals, waits for the end, and locks
//! the local cluster.

use super::daemon_id::DaemonId;
use super::layout::{Layout, io_error};
use super::run_file::{ProcessKey, RunFile};
use super::waiting::{Say, Waiting};
use dfs_config::Directories;
use dfs_types::{Error, ErrorCode, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The word that makes any of our programs act as `dfsd`.
pub const DAEMON_WORD: &str = "__dfsd";
/// The interval at which the state of a process is checked while waiting for it.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The time that the system may take to end a killed process.
pub(super) const KILL_PATIENCE: Duration = Duration::from_secs(10);
/// The time to wait for another program that is changing the same cluster.
const LOCK_PATIENCE: Duration = Duration::from_secs(180);
const LOCK_LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts this program as a daemon with `args`. Its output before its log is open goes to `log` as
/// well.
pub(super) fn spawn_daemon(args: &[OsString], log: &Path) -> Result<Child> {
    let log_file =
        OpenOptions::new().create(true).append(true).mode(0o600).open(log).map_err(io_error("open log", log))?;
    let mut command = as_dfsd()?;
    command.args(args).current_dir("/");
    // Its settings are in its file, and no environment variable may override them.
    for (name, _) in dfs_config::Environment::of_process().iter() {
        if is_setting(name) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file);
    let started = command.spawn();
    started.map_err(io_error("start daemon", Path::new(command.get_program())))
}

/// Returns a command that starts this program as `dfsd`; the caller adds the arguments.
///
/// # Errors
/// `local_io` if the file of this program cannot be found.
pub fn as_dfsd() -> Result<Command> {
    let mut command = Command::new(own_program()?);
    command.arg0("dfsd").arg(DAEMON_WORD);
    Ok(command)
}

fn is_setting(name: &str) -> bool {
    matches!(name, "DFS_MASTERS" | "DFS_CONFIG" | "DFS_HOME")
        || dfs_config::keys().iter().any(|key| key.variable() == name)
}

/// Returns the file of this program; if it was replaced by a newer one, a path to the file that the
/// system still has open.
fn own_program() -> Result<PathBuf> {
    let kept = Path::new("/proc/self/exe");
    match std::env::current_exe() {
        Ok(path) if path.exists() => Ok(path),
        Ok(_) => Ok(kept.to_owned()),
        Err(error) => Err(io_error("find own program", kept)(error)),
    }
}

/// Returns the run file if its process is alive.
pub(super) fn live(run_file: &Path) -> Option<RunFile> {
    RunFile::read(run_file).filter(|run| run.process.is_alive())
}

/// Sends a signal. A process that has ended needs none.
pub(super) fn signal(process: &ProcessKey, signal: Signal) {
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid.filter(|_| process.is_alive()) {
        let _ = kill_process(pid, signal);
    }
}

/// Waits up to `patience`, and returns true if the process of a daemon has ended completely.
pub(super) fn ends_within(id: DaemonId, process: &ProcessKey, patience: Duration, say: Say<'_>) -> bool {
    let mut waiting = Waiting::begin(say);
    while !process.is_gone() {
        if waiting.elapsed() >= patience {
            return false;
        }
        waiting.note(&format!("{id} to end (process {})", process.pid));
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

/// The lock for changing the local cluster; one process at a time holds it.
#[derive(Debug)]
pub(super) struct ClusterLock {
    _file: File,
}

impl ClusterLock {
    /// Waits until no other process holds the lock.
    pub(super) fn acquire(layout: &Layout, say: Say<'_>) -> Result<Self> {
        Self::of_file(&layout.lock(), say)
    }

    /// Takes the lock that tells other processes to wait, see [`is_starting`].
    pub(super) fn announce_start(layout: &Layout, say: Say<'_>) -> Result<Self> {
        Self::of_file(&layout.starting_lock(), say)
    }

    fn of_file(path: &Path, say: Say<'_>) -> Result<Self> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
        let file = open.map_err(io_error("open lock", path))?;
        let mut waiting = Waiting::begin(say);
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if !matches!(error, rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) {
                return Err(io_error("lock", path)(error.into()));
            }
            waiting.note("another program that starts or stops the local cluster");
            if waiting.elapsed() >= LOCK_PATIENCE {
                let what = "another program is starting or stopping the local cluster";
                return Err(Error::new(ErrorCode::Timeout, what).at(path.display()));
            }
            std::thread::sleep(LOCK_LOOK_EVERY);
        }
        Ok(Self { _file: file })
    }
}

/// Returns true if another process is starting a cluster without a running daemon.
pub(super) fn is_starting(layout: &Layout) -> bool {
    is_locked(&layout.starting_lock())
}

/// Returns true while a program starts or stops daemons of the local cluster.
pub fn is_changing(directories: &Directories) -> bool {
    is_locked(&Layout::new(directories).lock())
}

fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_noticed_while_it_lasts() {
        let home = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&Directories::under(home.path()));
        assert!(!is_starting(&layout));
        layout.create().expect("made");
        let announced = ClusterLock::announce_start(&layout, &|_| {}).expect("locked");
        assert!(is_starting(&layout));
        drop(announced);
        assert!(!is_starting(&layout));
    }

    #[test]
    fn daemons_do_not_inherit_settings_from_the_environment() {
        for name in ["DFS_HOME", "DFS_MASTERS", "DFS_MASTER_HEARTBEAT", "DFS_DATANODE_CAPACITY"] {
            assert!(is_setting(name), "{name}");
        }
        assert!(!is_setting("DFS_TEST_SEED"));
    }
}
