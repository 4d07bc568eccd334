//! Checks if this machine can cut the power of a disk.

use super::disk::FileSystem;
use crate::requirement;
use std::path::Path;

/// The name of this rig in `DFS_TEST_REQUIRE`.
const WORD: &str = "power";

/// Returns true if the test of this file system can run; prints the reason if it cannot.
///
/// # Panics
/// Panics if it cannot run and `DFS_TEST_REQUIRE` requires it.
pub fn is_available(file_system: FileSystem) -> bool {
    requirement::holds(WORD, obstacle(file_system))
}

/// Returns the reason why such a disk is not possible here; `None` if it is possible.
pub fn obstacle(file_system: FileSystem) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root may mount".to_owned());
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        if !Path::new(device).exists() {
            return Some(format!("there is no {device}"));
        }
    }
    let wanted = ["mount", "umount", "losetup", file_system.maker()];
    let checker = (file_system.kind() == "ext4").then_some("e2fsck");
    if let Some(absent) = wanted.into_iter().chain(checker).find(|program| !is_there(program)) {
        return Some(format!("there is no program {absent}"));
    }
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let kind = file_system.kind();
    let is_known = known.lines().any(|line| line.split_whitespace().last() == Some(kind));
    // A module that is not loaded yet only shows when it is mounted.
    let may_be_loaded = Path::new("/proc/modules").exists();
    (!is_known && !may_be_loaded).then(|| format!("the kernel has no {kind}"))
}

fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let directories = path.split(':').chain(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
    directories.into_iter().any(|directory| Path::new(directory).join(program).exists())
}
