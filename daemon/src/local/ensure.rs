//! Finds the local cluster when no other cluster is configured, and starts it if that is allowed.

use super::daemon_id::DaemonId;
use super::layout::Layout;
use super::process::{is_starting, live};
use super::spec::Spec;
use super::status::{State, status};
use super::up::{UpOptions, up};
use super::waiting::Say;
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

/// The daemons that were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    pub masters: usize,
    pub datanodes: usize,
    /// The number of files of a cluster that ran before; none for a new one.
    pub files: Option<u64>,
}

/// Permission to create or start a local cluster of which no daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStart {
    Never,
    /// Yes, unless it was stopped on purpose.
    UnlessStopped,
    Always,
}

/// Finds the local cluster, and starts it if none of its daemons runs and that is allowed. If some
/// of its daemons run, it is left unchanged: an administrator has stopped the others, or is
/// investigating why they crashed. If another process is starting the cluster, waits for it in any
/// case. Calls no master while the cluster runs, so it is fast.
///
/// # Errors
/// Returns `unreachable` if no daemon runs and none may be started, or an error for the reasons of
/// [`up`].
pub fn ensure(
    directories: &Directories,
    settings: &Settings,
    may_start: MayStart,
    say: Say<'_>,
) -> Result<LocalCluster> {
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
    let allowed = match may_start {
        MayStart::Never => false,
        MayStart::UnlessStopped => !layout.stopped().exists(),
        MayStart::Always => true,
    };
    if !allowed && !is_starting(&layout) {
        return Err(nothing_runs(directories));
    }
    let up = up(directories, settings, UpOptions::default(), say)?;
    let masters = up.started.iter().filter(|id| matches!(id, DaemonId::Master(_))).count();
    let started = Started { masters, datanodes: up.started.len() - masters, files: up.files };
    let started = (!up.started.is_empty()).then_some(started);
    Ok(LocalCluster { masters: up.masters, credential: up.credential, started })
}

/// Returns the error for a local cluster without a running daemon: it has crashed, was stopped, or
/// does not exist.
fn nothing_runs(directories: &Directories) -> Error {
    let crashed: Vec<DaemonId> = status(directories)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|daemon| (daemon.state == State::Crashed).then_some(daemon.id))
        .collect();
    let what = match crashed_daemons(&crashed) {
        None => "no cluster runs here".to_owned(),
        Some(daemons) => format!("the local cluster has crashed: {daemons}"),
    };
    Error::new(ErrorCode::Unreachable, what).hint("dfsd up")
}

/// Returns `1 master and 3 datanodes`; none if there are none.
fn crashed_daemons(crashed: &[DaemonId]) -> Option<String> {
    let masters = crashed.iter().filter(|id| matches!(id, DaemonId::Master(_))).count();
    let counted = |number: usize, what: &str| {
        (number > 0).then(|| format!("{number} {what}{}", if number == 1 { "" } else { "s" }))
    };
    match (counted(masters, "master"), counted(crashed.len() - masters, "datanode")) {
        (Some(masters), Some(datanodes)) => Some(format!("{masters} and {datanodes}")),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::run_file::{ProcessKey, RunFile};
    use dfs_types::{ClusterId, DatanodeId, MasterId};

    fn ensure(home: &std::path::Path, may_start: MayStart) -> Result<LocalCluster> {
        super::ensure(&Directories::under(home), &Settings::default(), may_start, &|_| {})
    }

    #[test]
    fn nothing_is_started_against_the_users_will() {
        let home = tempfile::tempdir().expect("a directory");
        let error = ensure(home.path(), MayStart::Never).expect_err("refused");
        assert_eq!((error.code, error.code.exit_code()), (ErrorCode::Unreachable, 3));
        assert_eq!((error.message.as_str(), error.hint.as_deref()), ("no cluster runs here", Some("dfsd up")));
        assert_eq!(std::fs::read_dir(home.path()).expect("readable").count(), 0);
        let layout = Layout::new(&Directories::under(home.path()));
        layout.create().expect("made");
        layout.note_stopped().expect("noted");
        assert_eq!(ensure(home.path(), MayStart::UnlessStopped).expect_err("refused").message, "no cluster runs here");
    }

    #[test]
    fn a_cluster_that_has_crashed_is_told_from_none() {
        let home = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&Directories::under(home.path()));
        layout.create().expect("made");
        let (master, datanode) = (DaemonId::Master(MasterId(1)), DaemonId::Datanode(DatanodeId(1)));
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        spec.daemons = [(master, None), (datanode, None)].into();
        spec.save(&layout).expect("saved");
        let alive = ProcessKey::of(std::process::id()).expect("this process");
        let process = ProcessKey { boot: "another".to_owned(), ..alive };
        for id in [master, datanode] {
            RunFile { process: process.clone(), address: None }.write(&layout.run_file(id)).expect("written");
        }
        let error = ensure(home.path(), MayStart::Never).expect_err("refused");
        assert_eq!(error.message, "the local cluster has crashed: 1 master and 1 datanode");
        assert_eq!(crashed_daemons(&[datanode, datanode]).as_deref(), Some("2 datanodes"));
    }

    #[test]
    fn a_cluster_of_which_a_part_runs_is_left_as_it_is() {
        let home = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&Directories::under(home.path()));
        layout.create().expect("made");
        let master: SocketAddr = "127.0.0.1:4001".parse().expect("an address");
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        let datanode = DaemonId::Datanode(DatanodeId(1));
        spec.daemons = [(DaemonId::Master(MasterId(1)), Some(master)), (datanode, None)].into();
        spec.save(&layout).expect("saved");
        let process = ProcessKey::of(std::process::id()).expect("this process");
        RunFile { process, address: None }.write(&layout.run_file(datanode)).expect("written");
        let found = ensure(home.path(), MayStart::Always).expect("found");
        assert_eq!(
            found,
            LocalCluster { masters: vec![master], credential: layout.user_credential("ann"), started: None }
        );
    }
}
