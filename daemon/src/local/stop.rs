//! Stops daemons, and deletes the cluster.

use super::daemon_id::DaemonId;
use super::layout::{Layout, io_error};
use super::process::{ClusterLock, KILL_PATIENCE, ends_within, signal};
use super::run_file::RunFile;
use super::spec::Spec;
use super::waiting::Say;
use crate::logging::rotated;
use dfs_config::Directories;
use dfs_types::{Error, ErrorCode, Result};
use rustix::process::Signal;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// The time that a daemon may take to end before it is killed.
pub(super) const TERM_PATIENCE: Duration = Duration::from_secs(15);
/// The maximum number of rotated log files that are deleted: `log.files` is at most this.
const LOG_FILES_MAX: u32 = 1_000;

/// The result of `down`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// The daemons that were running.
    pub stopped: Vec<DaemonId>,
    /// True if the data was deleted.
    pub purged: bool,
}

/// Stops the local cluster; with `purge` also deletes all its data.
///
/// # Errors
/// Returns an error if a process cannot be ended or a file not be deleted.
pub fn down(directories: &Directories, purge: bool, say: Say<'_>) -> Result<Down> {
    let layout = Layout::new(directories);
    if !layout.spec().exists() {
        return Ok(Down { stopped: Vec::new(), purged: false });
    }
    let _lock = ClusterLock::acquire(&layout, say)?;
    let Some(spec) = Spec::load(&layout)? else { return Ok(Down { stopped: Vec::new(), purged: false }) };
    let ids: Vec<DaemonId> = spec.daemons.keys().copied().collect();
    // Data that is about to be deleted needs no clean stop.
    let stopped = stop_all(&layout, &ids, if purge { Duration::ZERO } else { TERM_PATIENCE }, say)?;
    // Without its run file, a crashed daemon counts as stopped.
    ids.iter().try_for_each(|id| delete(&layout.run_file(*id)))?;
    layout.note_stopped()?;
    if purge {
        delete_all(&layout, &spec)?;
    }
    Ok(Down { stopped, purged: purge })
}

/// Ends those of `ids` that run: asks them to stop, and kills those that still run after
/// `patience`.
pub(super) fn stop_all(layout: &Layout, ids: &[DaemonId], patience: Duration, say: Say<'_>) -> Result<Vec<DaemonId>> {
    let process = |id: &DaemonId| Some((*id, RunFile::read(&layout.run_file(*id))?.process));
    let there: Vec<_> = ids.iter().filter_map(process).filter(|(_, process)| !process.is_gone()).collect();
    // Daemons that another process killed a moment ago are waited for as well, but do not count as
    // stopped here.
    let stopped = there.iter().filter(|(_, process)| process.is_alive()).map(|(id, _)| *id).collect();
    for (_, process) in &there {
        signal(process, Signal::TERM);
        // A suspended process cannot handle the first signal.
        signal(process, Signal::CONT);
    }
    let begun = Instant::now();
    for (id, process) in &there {
        if ends_within(*id, process, patience.saturating_sub(begun.elapsed()), say) {
            continue;
        }
        signal(process, Signal::KILL);
        if !ends_within(*id, process, KILL_PATIENCE, say) {
            return Err(Error::new(ErrorCode::Timeout, format!("process {} does not end", process.pid)).at(id));
        }
    }
    for (id, _) in &there {
        let _ = std::fs::remove_file(layout.run_file(*id));
    }
    Ok(stopped)
}

fn delete_all(layout: &Layout, spec: &Spec) -> Result<()> {
    spec.daemons.keys().try_for_each(|id| delete_one(layout, *id))?;
    delete(&layout.user_credential(&spec.superuser))?;
    // Last, so that an interrupted purge can be repeated.
    delete(&layout.authority())?;
    delete(&layout.spec())?;
    layout.remove_empty();
    Ok(())
}

/// Deletes all files of a daemon.
pub(super) fn delete_one(layout: &Layout, id: DaemonId) -> Result<()> {
    let data = layout.data(id);
    gone(&data, std::fs::remove_dir_all(&data))?;
    for file in
        [layout.run_file(id), layout.credential(id), layout.settings(id), layout.directories(id), layout.log(id)]
    {
        delete(&file)?;
    }
    let log = layout.log(id);
    let mut aside = (1..=LOG_FILES_MAX).map(|number| rotated(&log, number)).take_while(|old| old.exists());
    aside.try_for_each(|old| delete(&old))
}

fn delete(path: &Path) -> Result<()> {
    gone(path, std::fs::remove_file(path))
}

fn gone(path: &Path, deleted: std::io::Result<()>) -> Result<()> {
    match deleted {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("delete", path)(error)),
        _ => Ok(()),
    }
}
