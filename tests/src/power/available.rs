//! Whether this machine can cut the power of a disk.

use super::disk::FileSystem;
use crate::requirement;
use std::path::Path;

/// The word of this rig in `DFS_TEST_REQUIRE`.
const WORD: &str = "power";

/// Whether the test of this file system can run; says why not, where it cannot.
///
/// # Panics
/// When it cannot, and `DFS_TEST_REQUIRE` asks for it.
pub fn is_available(file_system: FileSystem) -> bool {
    requirement::holds(WORD, obstacle(file_system))
}

/// Why there can be no such disk here; none where there can.
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
    // What is a module that was not loaded yet shows when it is mounted.
    let may_be_loaded = Path::new("/proc/modules").exists();
    (!is_known && !may_be_loaded).then(|| format!("the kernel has no {kind}"))
}

fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let directories = path.split(':').chain(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
    directories.into_iter().any(|directory| Path::new(directory).join(program).exists())
}
