//! A cluster on disks whose power can be cut, all at once.

use super::blackout::Blackout;
use super::disk::{FileSystem, PowerDisk, run};
use super::replicas;
use crate::cluster::PATIENCE;
use crate::{Cluster, Spec};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Bytes of a disk that all daemons share. Memory is taken as it is written.
const SHARED_BYTES: usize = 2 << 30;
/// Bytes of the disk of one daemon.
const OWN_BYTES: usize = 1 << 30;

/// What a machine is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub file_system: FileSystem,
    /// Each daemon has a disk of its own, and what they share has another; otherwise all is on one.
    pub own_disks: bool,
    /// Datanodes go past the page cache.
    pub direct_io: bool,
}

impl Plan {
    /// Draws one for this file system.
    pub fn draw(file_system: FileSystem, random: &mut fastrand::Rng) -> Self {
        Self { file_system, own_disks: random.bool(), direct_io: random.bool() }
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file_system, own_disks, direct_io } = self;
        let disks = if *own_disks { "a disk for each daemon" } else { "one disk" };
        let access = if *direct_io { "direct" } else { "through the page cache" };
        write!(f, "{file_system}, {disks}, chunks {access}")
    }
}

/// The machine: a cluster of three datanodes and a master that runs on such disks.
#[derive(Debug)]
pub struct Machine {
    // First: it ends its processes when it goes, and they are on the disks.
    cluster: Cluster,
    disks: Vec<PowerDisk>,
    pids: Vec<i32>,
}

impl Machine {
    /// Makes the disks and starts the cluster, with these variables in every process of it.
    ///
    /// # Errors
    /// When a disk cannot be made.
    ///
    /// # Panics
    /// When the cluster does not start.
    pub fn start(plan: Plan, variables: &[(&str, &str)]) -> Result<Self, String> {
        let spec = Spec::default()
            .set("DFS_DATANODE_RESERVE", "16MiB")
            .set("DFS_DATANODE_DIRECT_IO", if plan.direct_io { "true" } else { "false" })
            // Segments end, snapshots are taken and chunks are collected while the test runs.
            .set("DFS_MASTER_LOG_SEGMENT", "256KiB")
            .set("DFS_MASTER_SNAPSHOT_EVERY", "512KiB")
            .set("DFS_MASTER_COLLECT_AFTER", "20s");
        let spec = variables.iter().fold(spec, |spec, (name, value)| spec.set(name, value));
        let shared = PowerDisk::make(plan.file_system, SHARED_BYTES)?;
        let daemons = (1..=spec.datanodes).map(|id| format!("datanode-{id}")).chain(["master-1".to_owned()]);
        let own: Vec<(String, PowerDisk)> = if plan.own_disks {
            daemons.map(|id| Ok((id, PowerDisk::make(plan.file_system, OWN_BYTES)?))).collect::<Result<_, String>>()?
        } else {
            Vec::new()
        };
        let cluster = Cluster::start_under(spec, &shared.mount_point(), |home| {
            for (id, disk) in &own {
                lead_to(&home.join("data"), id, disk);
            }
            // What is here before dfs is no business of dfs. Everything later is.
            for disk in std::iter::once(&shared).chain(own.iter().map(|(_, disk)| disk)) {
                run(Command::new("sync").arg("--file-system").arg(disk.mount_point())).expect("sync what was prepared");
            }
        });
        let disks = std::iter::once(shared).chain(own.into_iter().map(|(_, disk)| disk)).collect();
        let mut machine = Self { cluster, disks, pids: Vec::new() };
        machine.note_pids();
        Ok(machine)
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A cut of all its disks that is to come, and what tells that it has come.
    pub fn blackout(&self, random: fastrand::Rng) -> (Arc<Blackout>, Receiver<()>) {
        Blackout::new(self.disks.iter().map(PowerDisk::cache).collect(), random)
    }

    /// After the cut: ends every process, and the kernel forgets what it had in memory of the disks.
    ///
    /// # Errors
    /// When something still uses a disk.
    pub fn fall(&mut self) -> Result<(), String> {
        self.kill();
        self.disks.iter_mut().try_for_each(PowerDisk::take_away)
    }

    /// Gives the power back, looks at every replica, and starts the cluster.
    ///
    /// # Errors
    /// When a file system cannot be mended, a name stands for a replica that is not whole, or the cluster does not start.
    pub fn rise(&mut self) -> Result<(), String> {
        self.disks.iter_mut().try_for_each(PowerDisk::bring_back)?;
        for id in 1..=self.cluster.spec().datanodes {
            replicas::check(&self.cluster.home().join(format!("data/datanode-{id}/chunks")))?;
        }
        let said = self.cluster.dfsd(&["up"]);
        if said.code != 0 {
            return Err(format!("the cluster does not start: {said:?}\n{}", self.cluster.logs()));
        }
        self.note_pids();
        Ok(())
    }

    fn note_pids(&mut self) {
        self.pids = self.cluster.daemons().into_iter().filter_map(|daemon| daemon.pid).collect();
    }

    /// `kill -9` of every daemon, and waits until none is left.
    fn kill(&mut self) {
        let pids = std::mem::take(&mut self.pids);
        for pid in pids.iter().filter_map(|pid| rustix::process::Pid::from_raw(*pid)) {
            // It may have ended by itself when its disk failed.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let start = Instant::now();
        while pids.iter().any(|pid| runs(*pid)) && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes the data directory of a daemon lie on its own disk.
fn lead_to(data: &Path, id: &str, disk: &PowerDisk) {
    let there = disk.mount_point().join(id);
    std::fs::create_dir_all(data).expect("make the data directory");
    std::fs::create_dir(&there).expect("make a directory on the disk");
    std::os::unix::fs::symlink(&there, data.join(id)).expect("lead to the disk");
}

/// Whether this process has not ended yet. One that nobody has waited for has.
fn runs(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}
