//! Checks this machine: limits, disks, memory.

use super::{Area, Check};
use dfs_config::{Directories, Settings};
use dfs_daemon::disk::Mount;
use dfs_daemon::local::{self, DaemonId, DaemonStatus};
use dfs_term::figures::{count, percent, size};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A daemon with many connections and open chunks needs several thousand files.
const OPEN_FILES_MIN: u64 = 4096;
/// A disk with a smaller free part, in percent, is nearly full.
const FREE_MIN_PERCENT: u64 = 5;
/// With less free space on its disk, a master cannot extend its log, and logs cannot be written.
const SPACE_MIN: u64 = 64 << 20;
/// The minimum number of free inodes on the disk of a datanode; each chunk is a file.
const INODES_MIN: u64 = 10_000;
/// With less memory available, the system begins to swap or to kill processes.
const MEMORY_MIN: u64 = 256 << 20;

/// Runs all checks of this machine.
pub(crate) fn checks(settings: &Settings, directories: &Directories) -> Vec<Check> {
    let mut checks = vec![open_files(rustix::process::getrlimit(rustix::process::Resource::Nofile).current)];
    checks.extend(std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory(&text)));
    checks.extend(disks(&data_directories(settings, directories)));
    checks
}

fn open_files(limit: Option<u64>) -> Check {
    let (area, name) = (Area::Machine, "open files");
    match limit {
        None => Check::ok(area, name, "as many as the system has"),
        Some(limit) if limit >= OPEN_FILES_MIN => Check::ok(area, name, format!("{} at a time", count(limit))),
        Some(limit) => {
            let why = format!("{} at a time; daemons want {}", count(limit), count(OPEN_FILES_MIN));
            Check::warning(area, name, why, format!("ulimit -n {OPEN_FILES_MIN}, before they are started"))
        }
    }
}

fn memory(meminfo: &str) -> Option<Check> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    let bytes = kib.saturating_mul(1024);
    let why = format!("{} available", size(bytes));
    Some(match bytes {
        MEMORY_MIN.. => Check::ok(Area::Machine, "memory", why),
        _ => Check::warning(Area::Machine, "memory", why, "ps aux --sort=-rss | head, and end what is not needed"),
    })
}

/// A directory that dfs uses on this machine.
#[derive(Debug, Clone)]
struct Used {
    directory: PathBuf,
    /// The free space below which its datanode takes no chunk; none if it is not a datanode's.
    reserve: Option<u64>,
}

/// Returns the data directories of the daemons on this machine, as far as they are known, and those
/// of this user.
fn data_directories(settings: &Settings, directories: &Directories) -> Vec<Used> {
    let reserve = settings.datanode.reserve.0;
    let daemon = |daemon: DaemonStatus| Used {
        reserve: matches!(daemon.id, DaemonId::Datanode(_)).then_some(reserve),
        directory: daemon.data_dir,
    };
    let mut all: Vec<Used> = local::status(directories).unwrap_or_default().into_iter().map(daemon).collect();
    let datanode = |directory: &PathBuf| Used { directory: directory.clone(), reserve: Some(reserve) };
    all.extend(settings.datanode.data_dirs.iter().map(datanode));
    let others = settings.master.data_dir.iter().chain([&directories.state]);
    all.extend(others.map(|directory| Used { directory: directory.clone(), reserve: None }));
    all
}

/// Returns the checks of each disk; a disk with a data directory of a datanode is checked as such.
fn disks(directories: &[Used]) -> Vec<Check> {
    let mut by_disk: BTreeMap<u64, Used> = BTreeMap::new();
    let mut checks = Vec::new();
    for Used { directory, reserve } in directories {
        // A directory that does not exist yet will be on the disk of its nearest existing ancestor.
        let Some(there) = directory.ancestors().find(|above| above.exists()) else { continue };
        match std::fs::metadata(there) {
            Ok(metadata) => {
                let used = || Used { directory: there.to_owned(), reserve: None };
                let disk = by_disk.entry(metadata.dev()).or_insert_with(used);
                disk.reserve = disk.reserve.max(*reserve);
            }
            Err(error) => {
                let why = crate::base::report::io_message(&error);
                checks.push(Check::bad(Area::Machine, "disk", format!("{}: {why}", there.display()), ls(there)));
            }
        }
    }
    checks.extend(by_disk.values().flat_map(|used| disk(&used.directory, used.reserve)));
    checks
}

fn ls(directory: &Path) -> String {
    format!("on this machine: ls -ld {}", directory.display())
}

fn disk(directory: &Path, reserve: Option<u64>) -> Vec<Check> {
    let place = directory.display();
    let figures = match rustix::fs::statvfs(directory) {
        Ok(figures) => figures,
        Err(error) => {
            let why = format!("{place}: {}", crate::base::report::io_message(&error.into()));
            return vec![Check::bad(Area::Machine, "disk", why, ls(directory))];
        }
    };
    let (free, all) = (figures.f_bavail.saturating_mul(figures.f_frsize), figures.f_blocks * figures.f_frsize);
    let mut checks = vec![space(&place.to_string(), free, all, reserve)];
    checks.extend(reserve.map(|_| inodes(&place.to_string(), figures.f_favail, figures.f_files)));
    checks.extend(dfs_daemon::disk::mount_of(directory).ok().map(|mount| file_system(&place.to_string(), &mount)));
    checks
}

fn space(place: &str, free: u64, all: u64, reserve: Option<u64>) -> Check {
    let why = format!("{place}: {} of {} free ({})", size(free), size(all), percent(free, all));
    let fix = format!("on this machine: du -xh {place} | sort -h | tail, and make room");
    if let Some(reserve) = reserve.filter(|reserve| free <= *reserve) {
        let why = format!("{why}; no chunk is taken below {} (datanode.reserve)", size(reserve));
        Check::bad(Area::Machine, "disk", why, fix)
    } else if free < SPACE_MIN {
        Check::bad(Area::Machine, "disk", why, fix)
    } else if free.saturating_mul(100) < all.saturating_mul(FREE_MIN_PERCENT) {
        Check::warning(Area::Machine, "disk", why, fix)
    } else {
        Check::ok(Area::Machine, "disk", why)
    }
}

/// An unreliable file system may be intended, such as for a trial on a laptop, so it is only a
/// warning.
fn file_system(place: &str, mount: &Mount) -> Check {
    let (area, name) = (Area::Machine, "file system");
    match mount.dangers().as_slice() {
        [] => Check::ok(area, name, format!("{place}: {mount}")),
        dangers => {
            let why = format!("{place}: {}", dangers.join("; "));
            let fix = format!("findmnt -T {place} shows it; use ext4 with a journal, or XFS");
            Check::warning(area, name, why, fix)
        }
    }
}

fn inodes(place: &str, free: u64, all: u64) -> Check {
    let why = format!("{place}: {} more can be made", count(free));
    match (all, free) {
        (0, _) => Check::ok(Area::Machine, "files on disk", format!("{place}: as many as fit")),
        (_, INODES_MIN..) => Check::ok(Area::Machine, "files on disk", why),
        _ => {
            let fix = format!("on this machine: df -i {place}, and delete small files that are not needed");
            Check::warning(Area::Machine, "files on disk", why, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn limits_and_what_fixes_them() {
        assert_eq!(open_files(None).verdict, Verdict::Ok);
        assert_eq!(open_files(Some(65_536)).verdict, Verdict::Ok);
        let few = open_files(Some(256));
        assert_eq!((few.verdict, few.fix.is_some()), (Verdict::Warning, true));
        let memory = |kib: u64| memory(&format!("MemTotal: 1 kB\nMemAvailable:  {kib} kB\n")).expect("read").verdict;
        assert_eq!((memory(1 << 20), memory(1000)), (Verdict::Ok, Verdict::Warning));
    }

    #[test]
    fn disks_by_what_is_left() {
        let verdict = |free| space("/d", free, 1000 << 30, Some(1 << 30)).verdict;
        assert_eq!(
            (verdict(500 << 30), verdict(20 << 30), verdict(1 << 30)),
            (Verdict::Ok, Verdict::Warning, Verdict::Bad)
        );
        // A master takes no chunks: the reserve of datanodes is not its own.
        let verdict = |free| space("/m", free, 20 << 30, None).verdict;
        assert_eq!((verdict(2 << 30), verdict(1 << 30), verdict(63 << 20)), (Verdict::Ok, Verdict::Ok, Verdict::Bad));
        let verdict = |free, all| inodes("/d", free, all).verdict;
        assert_eq!(
            (verdict(0, 0), verdict(1_000_000, 2_000_000), verdict(5, 2_000_000)),
            (Verdict::Ok, Verdict::Ok, Verdict::Warning)
        );
    }

    #[test]
    fn a_directory_that_is_not_there_yet_stands_on_the_disk_above_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let used = |directory, reserve| Used { directory, reserve };
        let paths = [directory.path().join("not/yet"), directory.path().to_owned()];
        let [master, datanode] = [None, Some(0)].map(|reserve| disks(&paths.clone().map(|path| used(path, reserve))));
        assert_eq!(datanode.len(), 3, "space, files and file system of one disk: {datanode:?}");
        assert_eq!(master.len(), 2, "space and file system of one disk: {master:?}");
    }
}
