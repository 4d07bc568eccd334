//! The status of the daemons of the local cluster.

use super::daemon_id::DaemonId;
use super::layout::Layout;
use super::run_file::RunFile;
use super::spec::Spec;
use super::up::DATANODES_MAX;
use dfs_config::{Directories, Settings};
use dfs_types::Result;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use strum::IntoStaticStr;

/// One daemon of the local cluster; its fields are those of `dfsd status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaemonStatus {
    pub id: DaemonId,
    pub role: &'static str,
    /// None if it does not run.
    pub pid: Option<u32>,
    /// The address on which it listens, or listened last.
    pub address: Option<SocketAddr>,
    /// The address on which it serves metrics; none in this version.
    pub http: Option<SocketAddr>,
    pub state: State,
    pub data_dir: PathBuf,
    pub log: PathBuf,
}

/// The state of a daemon's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum State {
    Running,
    /// It is suspended (SIGSTOP) and runs no instruction until SIGCONT.
    Suspended,
    /// It does not listen yet.
    Starting,
    /// It ended cleanly, or never ran.
    Stopped,
    /// It ended without removing its run file.
    Crashed,
}

impl State {
    /// Returns the state as one word.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn of(run: Option<&RunFile>, alive: bool) -> Self {
        match run {
            None => Self::Stopped,
            Some(_) if !alive => Self::Crashed,
            Some(run) if run.process.is_suspended() => Self::Suspended,
            Some(run) if run.address.is_none() => Self::Starting,
            Some(_) => Self::Running,
        }
    }
}

/// Returns all daemons of the local cluster, masters first; none if there is no cluster.
///
/// # Errors
/// Returns an error if the spec of the cluster cannot be read.
pub fn status(directories: &Directories) -> Result<Vec<DaemonStatus>> {
    let layout = Layout::new(directories);
    let Some(spec) = Spec::load(&layout)? else { return Ok(Vec::new()) };
    let one = |(id, remembered): (&DaemonId, &Option<SocketAddr>)| {
        let run = RunFile::read(&layout.run_file(*id));
        let alive = run.as_ref().is_some_and(|run| run.process.is_alive());
        DaemonStatus {
            id: *id,
            role: id.role(),
            pid: run.as_ref().filter(|_| alive).map(|run| run.process.pid),
            address: run.as_ref().and_then(|run| run.address).or(*remembered),
            http: None,
            state: State::of(run.as_ref(), alive),
            data_dir: layout.data(*id),
            log: layout.log(*id),
        }
    };
    Ok(spec.daemons.iter().map(one).collect())
}

/// Returns the number of datanodes that can be added to the local cluster and bring room with them.
pub fn growth(directories: &Directories) -> u16 {
    let room = || {
        let spec = Spec::load(&Layout::new(directories)).ok().flatten()?;
        let disk = rustix::fs::statvfs(&directories.data).ok()?;
        let [free, size] = [disk.f_bavail, disk.f_blocks].map(|blocks| blocks.saturating_mul(disk.f_frsize));
        let have = u16::try_from(spec.datanodes().count()).unwrap_or(DATANODES_MAX);
        Some(more(free, size, spec.capacity.map(|capacity| capacity.0)).min(DATANODES_MAX.saturating_sub(have)))
    };
    room().unwrap_or(0)
}

/// Returns the number of datanodes of this capacity that fit into the free space of a disk, without
/// the default reserve. Without a capacity they share the whole disk, and more of them bring room
/// only if those that are full have disks of their own: this one is not full.
fn more(free: u64, size: u64, capacity: Option<u64>) -> u16 {
    let usable = free.saturating_sub(Settings::default().datanode.reserve.0);
    match capacity {
        Some(capacity) => u16::try_from(usable / capacity.max(1)).unwrap_or(u16::MAX),
        None if usable >= size / 4 => u16::MAX,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::run_file::ProcessKey;
    use dfs_types::{ClusterId, DatanodeId, MasterId};

    #[test]
    fn datanodes_are_added_as_far_as_the_disk_has_room() {
        const GIB: u64 = 1 << 30;
        // One GiB is left free.
        let limited = |free, capacity| more(free, 9 * GIB, Some(capacity));
        assert_eq!([limited(GIB, 1), limited(3 * GIB, GIB), limited(5 * GIB, 0)], [0, 2, u16::MAX]);
        assert_eq!([more(3 * GIB, 9 * GIB, None), more(4 * GIB, 9 * GIB, None)], [0, u16::MAX]);
        let home = tempfile::tempdir().expect("a directory");
        assert_eq!(growth(&Directories::under(home.path())), 0);
    }

    #[test]
    fn the_states_of_daemons_are_distinguished() {
        let home = tempfile::tempdir().expect("a directory");
        let directories = Directories::under(home.path());
        assert_eq!(status(&directories), Ok(Vec::new()));
        let layout = Layout::new(&directories);
        layout.create().expect("made");
        let address = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        let datanode = |number| DaemonId::Datanode(DatanodeId(number));
        let master = DaemonId::Master(MasterId(1));
        let mut spec = Spec::new(ClusterId([1; 16]), "ann".to_owned());
        spec.daemons =
            [(master, address(1)), (datanode(1), address(2)), (datanode(2), None), (datanode(3), None)].into();
        spec.save(&layout).expect("saved");
        let alive = ProcessKey::of(std::process::id()).expect("this process");
        let gone = ProcessKey { started_ticks: alive.started_ticks + 1, ..alive.clone() };
        for (id, process, address) in
            [(master, &alive, address(9)), (datanode(1), &gone, address(2)), (datanode(2), &alive, None)]
        {
            RunFile { process: process.clone(), address }.write(&layout.run_file(id)).expect("written");
        }
        let found = status(&directories).expect("status");
        let told: Vec<_> = found.iter().map(|daemon| (daemon.state, daemon.pid.is_some(), daemon.address)).collect();
        assert_eq!(
            told,
            [
                (State::Running, true, address(9)),
                (State::Crashed, false, address(2)),
                (State::Starting, true, None),
                (State::Stopped, false, None),
            ]
        );
        let json = serde_json::to_value(&found[1]).expect("JSON");
        let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
        let mut expected = ["id", "role", "pid", "address", "http", "state", "data_dir", "log"];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!((&json["id"], &json["address"]), (&"datanode-1".into(), &"127.0.0.1:2".into()));
    }
}
