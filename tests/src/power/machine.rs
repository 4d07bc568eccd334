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

/// The size of a disk that all daemons share, in bytes. Memory is allocated when it is written.
const SHARED_BYTES: usize = 2 << 30;
/// The size of the disk of one daemon, in bytes.
const OWN_BYTES: usize = 1 << 30;

/// The configuration of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub file_system: FileSystem,
    /// Each daemon has a disk of its own, and shared files have another; otherwise everything is on
    /// one disk.
    pub own_disks: bool,
    /// Datanodes bypass the page cache.
    pub direct_io: bool,
}

impl Plan {
    /// Draws a configuration for this file system.
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

/// A machine: a cluster of a master and three datanodes that runs on such disks.
#[derive(Debug)]
pub struct Machine {
    // First: dropping it ends its processes, which use the disks.
    cluster: Cluster,
    disks: Vec<PowerDisk>,
    pids: Vec<i32>,
}

impl Machine {
    /// Creates the disks and starts the cluster, with these variables in every process.
    ///
    /// # Errors
    /// Returns an error if a disk cannot be created.
    ///
    /// # Panics
    /// Panics if the cluster does not start.
    pub fn start(plan: Plan, variables: &[(&str, &str)]) -> Result<Self, String> {
        let spec = Spec::default()
            .set("DFS_DATANODE_RESERVE", "16MiB")
            .set("DFS_DATANODE_DIRECT_IO", if plan.direct_io { "true" } else { "false" })
            // Segments are completed, snapshots taken and chunks collected during the test.
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
            // Data from before the start of dfs is not subject to the test, everything later is.
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

    /// Creates a pending cut of all its disks, and the channel that signals it.
    pub fn blackout(&self, random: fastrand::Rng) -> (Arc<Blackout>, Receiver<()>) {
        Blackout::new(self.disks.iter().map(PowerDisk::cache).collect(), random)
    }

    /// Ends every process after the cut, and unmounts the disks, so that the kernel drops
    /// everything in memory.
    ///
    /// # Errors
    /// Returns an error if something still uses a disk.
    pub fn fall(&mut self) -> Result<(), String> {
        self.kill();
        self.disks.iter_mut().try_for_each(PowerDisk::take_away)
    }

    /// Restores the power, checks every replica, and starts the cluster.
    ///
    /// # Errors
    /// Returns an error if a file system cannot be repaired, a named replica is incomplete, or the
    /// cluster does not start.
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

    /// Kills every daemon (SIGKILL), and waits until all have ended.
    fn kill(&mut self) {
        let pids = std::mem::take(&mut self.pids);
        for pid in pids.iter().filter_map(|pid| rustix::process::Pid::from_raw(*pid)) {
            // It may have ended when its disk failed.
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

/// Places the data directory of a daemon on its own disk.
fn lead_to(data: &Path, id: &str, disk: &PowerDisk) {
    let there = disk.mount_point().join(id);
    std::fs::create_dir_all(data).expect("make the data directory");
    std::fs::create_dir(&there).expect("make a directory on the disk");
    std::os::unix::fs::symlink(&there, data.join(id)).expect("link to the disk");
}

/// Returns true if this process has not ended. One that has not been waited for has ended.
fn runs(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}
