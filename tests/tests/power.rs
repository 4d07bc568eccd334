//! Power cuts: acknowledged data survives, whatever the disks lost.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]
#![cfg(target_os = "linux")]

use dfs_daemon::datanode::store::directory::DataDirectory;
use dfs_daemon::datanode::store::space::SpaceLimits;
use dfs_tests::power::{FileSystem, PowerDisk, Trial, disk, is_available};
use dfs_tests::seed;
use dfs_types::{ClusterId, DatanodeId};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of cuts in the test suite; `DFS_TEST_CUTS` sets more.
const CUTS: u64 = 4;
/// The size of the disks that are tested without a cluster, in bytes.
const TRIED_BYTES: usize = 384 << 20;

/// Runs one test at a time: each checks the remains of the disks of this process.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cuts(usual: u64) -> u64 {
    std::env::var("DFS_TEST_CUTS").map_or(usual, |text| text.parse().expect("DFS_TEST_CUTS is a number"))
}

fn try_out(file_system: FileSystem) {
    if !is_available(file_system) {
        return;
    }
    let _alone = alone();
    let (tally, found) = Trial::of(file_system, cuts(CUTS)).run(&mut fastrand::Rng::with_seed(seed()));
    eprintln!("{file_system}: {tally}");
    assert_eq!(found, None, "after {tally}");
    assert_eq!(tally.is_void(), None, "{tally}");
    assert_eq!(left_over(), Vec::<String>::new());
}

#[test]
fn acknowledged_work_survives_power_cuts() {
    try_out(FileSystem::Ext4);
}

#[test]
#[ignore = "needs mkfs.xfs; `just power xfs`"]
fn acknowledged_work_survives_on_xfs() {
    try_out(FileSystem::Xfs);
}

/// Lost files break no guarantee of dfs here: a file system without a journal gives none.
#[test]
#[ignore = "for information: `just power without_a_journal`"]
fn what_is_lost_on_ext4_without_a_journal() {
    if !is_available(FileSystem::Ext4WithoutJournal) {
        return;
    }
    let _alone = alone();
    let mut random = fastrand::Rng::with_seed(seed());
    let (mut done, wanted) = (0, cuts(CUTS));
    let (mut trials, mut lost) = (0, 0);
    while done < wanted {
        let (tally, found) = Trial::of(FileSystem::Ext4WithoutJournal, wanted - done).run(&mut random);
        done += tally.cuts.max(1);
        trials += 1;
        lost += u64::from(found.is_some());
        eprintln!("ext4 without a journal: {tally}; {}", found.as_deref().unwrap_or("nothing was lost"));
    }
    eprintln!("ext4 without a journal: {done} cuts, {trials} trials, {lost} of them ended with a loss");
}

/// Returns the entries of this process's disks in the tables of the system.
fn left_over() -> Vec<String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("read the mounts");
    let loops = Command::new("losetup").arg("--all").output().map(|said| said.stdout).unwrap_or_default();
    let loops = String::from_utf8_lossy(&loops).into_owned();
    let prefix = disk::directory_prefix();
    let ours = |line: &&str| line.contains(&prefix);
    mounts.lines().chain(loops.lines()).filter(ours).map(str::to_owned).collect()
}

/// Overwrites a file in place, past the page cache, without a sync.
fn write_direct(content: &Path, file: &Path) {
    let mut dd = Command::new("dd");
    dd.arg(format!("if={}", content.display())).arg(format!("of={}", file.display()));
    let done = dd.args(["bs=4096", "oflag=direct", "conv=notrunc", "status=none"]).status().expect("run dd");
    assert!(done.success());
}

fn cut(disk: &mut PowerDisk, keep: f64) {
    disk.cache().lock().expect("disk").cut(keep, &mut fastrand::Rng::with_seed(1));
    disk.take_away().expect("take the disk away");
    disk.bring_back().expect("bring the disk back");
}

#[test]
fn a_disk_without_power_keeps_what_was_synced_and_loses_the_rest() {
    if !is_available(FileSystem::Ext4) {
        return;
    }
    let _alone = alone();
    let outside = tempfile::tempdir().expect("directory");
    let [old, new] = [b'o', b'n'].map(|byte| {
        let path = outside.path().join(char::from(byte).to_string());
        std::fs::write(&path, vec![byte; 64 << 10]).expect("write");
        path
    });
    let read = |path: &Path| std::fs::read(path).map(|bytes| (bytes.len(), bytes[0], bytes[bytes.len() - 1]));
    let mut disk = PowerDisk::make(FileSystem::Ext4, TRIED_BYTES).expect("make a disk");
    let (synced, unsynced) = (disk.mount_point().join("synced"), disk.mount_point().join("unsynced"));
    std::fs::copy(&old, &synced).expect("copy");
    std::fs::File::open(&synced).and_then(|file| file.sync_all()).expect("sync");
    std::fs::File::open(disk.mount_point()).and_then(|directory| directory.sync_all()).expect("sync");
    std::fs::copy(&old, &unsynced).expect("copy");
    cut(&mut disk, 0.0);
    assert_eq!(read(&synced).expect("it was synced"), (64 << 10, b'o', b'o'));
    assert!(!unsynced.exists(), "what was never synced is there");
    // Data that reached the disk and was not flushed is either lost or kept, depending on the
    // disk's cache.
    write_direct(&new, &synced);
    assert_eq!(read(&synced).expect("read"), (64 << 10, b'n', b'n'));
    cut(&mut disk, 0.0);
    assert_eq!(read(&synced).expect("read"), (64 << 10, b'o', b'o'));
    write_direct(&new, &synced);
    cut(&mut disk, 1.0);
    assert_eq!(read(&synced).expect("read"), (64 << 10, b'n', b'n'));
    write_direct(&old, &synced);
    std::fs::File::open(&synced).and_then(|file| file.sync_data()).expect("sync");
    cut(&mut disk, 0.0);
    assert_eq!(read(&synced).expect("read"), (64 << 10, b'o', b'o'));
    // Without power nothing can be reported as durable.
    std::fs::write(disk.mount_point().join("late"), b"late").expect("into the page cache");
    disk.cache().lock().expect("disk").cut(1.0, &mut fastrand::Rng::with_seed(1));
    std::fs::File::open(disk.mount_point().join("late")).and_then(|file| file.sync_all()).expect_err("no power");
}

/// The file system gives no guarantee beyond data that was synced itself.
#[test]
fn the_directories_of_a_new_datanode_survive_without_a_journal() {
    if !is_available(FileSystem::Ext4WithoutJournal) {
        return;
    }
    let _alone = alone();
    let mut disk = PowerDisk::make(FileSystem::Ext4WithoutJournal, TRIED_BYTES).expect("make a disk");
    let data = disk.mount_point().join("deep/data");
    let limits = SpaceLimits { capacity: None, reserve: 0 };
    let opened =
        DataDirectory::open(&data, ClusterId([7; 16]), DatanodeId(1), limits, false).expect("a data directory");
    drop(opened);
    cut(&mut disk, 0.0);
    let names = ["incoming", "quarantine"].map(str::to_owned).into_iter();
    let names = names.chain((0..256).map(|fan| format!("chunks/{fan:02x}")));
    let lost: Vec<String> = names.filter(|name| !data.join(name).is_dir()).collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn a_test_that_fails_leaves_no_mount_and_no_loop_device() {
    if !is_available(FileSystem::Ext4) {
        return;
    }
    let _alone = alone();
    let panicked = std::thread::spawn(|| {
        let disk = PowerDisk::make(FileSystem::Ext4, TRIED_BYTES).expect("make a disk");
        let at = disk.mount_point();
        std::fs::write(at.join("file"), b"unsynced").expect("write");
        let directory = at.parent().expect("a directory").to_owned();
        std::panic::panic_any(directory);
    });
    let directory = panicked.join().expect_err("it panicked");
    let directory = directory.downcast_ref::<std::path::PathBuf>().expect("the directory of the disk");
    assert!(!directory.exists(), "{} is left", directory.display());
    assert_eq!(left_over(), Vec::<String>::new());
}

/// Bugs in the code that makes files durable, built into the daemons by a feature and enabled by a
/// variable: the trial must find each.
#[cfg(feature = "planted-bugs")]
mod planted {
    use super::{alone, cuts, seed};
    use dfs_tests::power::{FileSystem, Trial, is_available};

    /// The number of cuts within which each must be found.
    const CUTS: u64 = 100;

    fn is_found(bug: &'static str) {
        if !is_available(FileSystem::Ext4) {
            return;
        }
        let _alone = alone();
        let mut trial = Trial::of(FileSystem::Ext4, cuts(CUTS));
        trial.variables = vec![("PLANTED_BUG", bug)];
        let (tally, found) = trial.run(&mut fastrand::Rng::with_seed(seed()));
        let found = found.unwrap_or_else(|| panic!("{bug} was not found in {tally}"));
        let first = found.lines().next().unwrap_or_default();
        eprintln!("planted bug {bug}: found at cut {}: {first}", tally.cuts);
    }

    #[test]
    fn planted_no_file_sync() {
        is_found("no-file-sync");
    }

    #[test]
    fn planted_no_directory_sync() {
        is_found("no-directory-sync");
    }

    #[test]
    fn planted_rename_before_sync() {
        is_found("rename-before-sync");
    }
}
