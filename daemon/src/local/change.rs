//! Starts, stops and restarts single daemons.

use super::daemon_id::DaemonId;
use super::health::Health;
use super::layout::Layout;
use super::process::{ClusterLock, live};
use super::spec::Spec;
use super::start::Starter;
use super::stop::{TERM_PATIENCE, stop_all};
use super::up::datanode_ids;
use super::waiting::Say;
use dfs_config::{Directories, Settings};
use dfs_types::{DatanodeId, Result};

/// Starts one daemon and waits until it listens; for a datanode also until the masters, if any
/// runs, count it as live. Returns true if it had to be started.
///
/// # Errors
/// Returns an error if there is no such daemon, it does not start, or it runs and does not answer.
pub fn start_one(
    directories: &Directories,
    settings: &Settings,
    id: DaemonId,
    accept_empty: bool,
    say: Say<'_>,
) -> Result<bool> {
    let layout = Layout::new(directories);
    let spec = Spec::expect(&layout)?;
    spec.check(id)?;
    let _lock = ClusterLock::acquire(&layout, say)?;
    let mut starter = Starter::new(&layout, settings, Spec::expect(&layout)?, say);
    starter.accept_empty = accept_empty;
    starter.start(&[id])?;
    layout.note_wanted()?;
    if starter.spec.masters().any(|master| live(&layout.run_file(master)).is_some()) {
        starter.wait_until_well(&only_datanode(id), Health::missing_node)?;
    }
    Ok(starter.started().contains(&id))
}

fn only_datanode(id: DaemonId) -> Vec<DatanodeId> {
    match id {
        DaemonId::Datanode(id) => vec![id],
        DaemonId::Master(_) => Vec::new(),
    }
}

/// Stops one daemon: asks it to stop, and after a while kills it. Returns true if it ran.
///
/// # Errors
/// Returns an error if there is no such daemon, or its process does not end.
pub fn stop_one(directories: &Directories, id: DaemonId, say: Say<'_>) -> Result<bool> {
    let layout = Layout::new(directories);
    let spec = Spec::expect(&layout)?;
    spec.check(id)?;
    let _lock = ClusterLock::acquire(&layout, say)?;
    let stopped = stop_all(&layout, &[id], TERM_PATIENCE, say)?;
    if spec.daemons.keys().all(|id| live(&layout.run_file(*id)).is_none()) {
        layout.note_stopped()?;
    }
    Ok(!stopped.is_empty())
}

/// Restarts one daemon, or all in turn, and waits after each until the cluster is healthy again.
/// Calls `each` with each daemon that was restarted.
///
/// # Errors
/// The same as for [`start_one`]. and [`stop_one`].
pub fn restart(
    directories: &Directories,
    settings: &Settings,
    id: Option<DaemonId>,
    mut each: impl FnMut(DaemonId),
    say: Say<'_>,
) -> Result<()> {
    let layout = Layout::new(directories);
    let spec = Spec::expect(&layout)?;
    let ids: Vec<DaemonId> = match id {
        Some(id) => {
            spec.check(id)?;
            vec![id]
        }
        None => spec.daemons.keys().copied().collect(),
    };
    let _lock = ClusterLock::acquire(&layout, say)?;
    let mut starter = Starter::new(&layout, settings, Spec::expect(&layout)?, say);
    for id in ids {
        stop_all(&layout, &[id], TERM_PATIENCE, say)?;
        starter.start(&[id])?;
        // A suspended daemon is restarted in its own turn, or by an administrator.
        let running = |node: &DatanodeId| {
            live(&layout.run_file(DaemonId::Datanode(*node))).is_some_and(|run| !run.process.is_suspended())
        };
        let datanodes: Vec<DatanodeId> = datanode_ids(&starter.spec).into_iter().filter(running).collect();
        if starter.spec.masters().any(|master| live(&layout.run_file(master)).is_some()) {
            // If some datanodes are stopped on purpose, safe mode may last: only the running ones
            // are waited for.
            let all_run = datanodes.len() == starter.spec.datanodes().count();
            starter.wait_until_well(&datanodes, if all_run { Health::lacks } else { Health::missing_node })?;
        }
        layout.note_wanted()?;
        each(id);
    }
    Ok(())
}
