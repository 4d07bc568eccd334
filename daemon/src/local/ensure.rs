//! Finds or starts the local cluster, for `dfs-shell` when no cluster is configured.

use super::daemon_id::DaemonId;
use super::layout::Layout;
use super::process::{is_starting, live};
use super::spec::Spec;
use super::up::{UpOptions, up};
use dfs_config::{Directories, Settings};
use dfs_types::{Error, ErrorCode, Result};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The local cluster, with the data that its users need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCluster {
    pub masters: Vec<SocketAddr>,
    /// The credential of the superuser.
    pub credential: PathBuf,
    /// The daemons that were started; none if the cluster was running.
    pub started: Option<Started>,
}

/// The number of daemons that were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    pub masters: usize,
    pub datanodes: usize,
}

/// Finds the local cluster, and starts it if none of its daemons runs. If some of its daemons run,
/// it is left unchanged: an administrator has stopped the others, or is investigating why they
/// crashed. If another process is starting the cluster, waits for it, even with `no_start`. Calls
/// no master while the cluster runs, so it is fast.
///
/// # Errors
/// Returns an error if no daemon runs and `no_start` is set, or for the reasons of [`up`].
pub fn ensure(directories: &Directories, settings: &Settings, no_start: bool) -> Result<LocalCluster> {
    let layout = Layout::new(directories);
    if !is_starting(&layout)
        && let Some(spec) = Spec::load(&layout)?
        && spec.daemons.keys().any(|id| live(&layout.run_file(*id)).is_some())
    {
        let current =
            |id| live(&layout.run_file(id)).and_then(|run| run.address).or(spec.daemons.get(&id).copied().flatten());
        let masters: Vec<SocketAddr> = spec.masters().filter_map(current).collect();
        // If there is no address, the very first start was interrupted: `up` continues it.
        if !masters.is_empty() {
            return Ok(LocalCluster { masters, credential: layout.user_credential(&spec.superuser), started: None });
        }
    }
    if no_start && !is_starting(&layout) {
        let error = Error::new(ErrorCode::Unreachable, "no cluster is configured, and no local cluster is running");
        return Err(error.hint("run dfsd up to start a local cluster, or use --masters HOST:PORT"));
    }
    let up = up(directories, settings, UpOptions::default())?;
    let masters = up.started.iter().filter(|id| matches!(id, DaemonId::Master(_))).count();
    let started = Started { masters, datanodes: up.started.len() - masters };
    let started = (!up.started.is_empty()).then_some(started);
    Ok(LocalCluster { masters: up.masters, credential: up.credential, started })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::run_file::{ProcessKey, RunFile};
    use dfs_types::{ClusterId, DatanodeId, MasterId};

    #[test]
    fn nothing_is_started_against_the_users_will() {
        let home = tempfile::tempdir().expect("a directory");
        let error = ensure(&Directories::under(home.path()), &Settings::default(), true).expect_err("refused");
        assert_eq!((error.code, error.code.exit_code()), (ErrorCode::Unreachable, 3));
        assert_eq!(std::fs::read_dir(home.path()).expect("readable").count(), 0);
    }

    #[test]
    fn a_cluster_of_which_a_part_runs_is_left_as_it_is() {
        let home = tempfile::tempdir().expect("a directory");
        let directories = Directories::under(home.path());
        let layout = Layout::new(&directories);
        layout.create().expect("made");
        let master: SocketAddr = "127.0.0.1:4001".parse().expect("an address");
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        let datanode = DaemonId::Datanode(DatanodeId(1));
        spec.daemons = [(DaemonId::Master(MasterId(1)), Some(master)), (datanode, None)].into();
        spec.save(&layout).expect("saved");
        let process = ProcessKey::of(std::process::id()).expect("this process");
        RunFile { process, address: None }.write(&layout.run_file(datanode)).expect("written");
        let found = ensure(&directories, &Settings::default(), false).expect("found");
        assert_eq!(
            found,
            LocalCluster { masters: vec![master], credential: layout.user_credential("ann"), started: None }
        );
    }
}
