//! The file system of a directory: type, mount options, journal.

#![expect(clippy::disallowed_methods, reason = "a disk of this machine is looked at")]

pub use dfs_logic::disk::Mount;
use dfs_logic::disk::mounts;
use std::io;
use std::path::Path;

/// The mounts of this process, with their options.
const MOUNTINFO: &str = "/proc/self/mountinfo";

/// Returns the mount of a directory.
///
/// # Errors
/// Returns an error if the directory cannot be read, or the system does not list its mounts.
pub fn mount_of(directory: &Path) -> io::Result<Mount> {
    let real = directory.canonicalize()?;
    let text = std::fs::read_to_string(MOUNTINFO)?;
    // The longest mount point above it; of several mounts at the same place the last one hides the
    // others.
    let above = mounts(&text).filter(|(_, mount)| real.starts_with(&mount.point));
    let (device, mount) = above.max_by_key(|(_, mount)| mount.point.len()).ok_or(io::ErrorKind::NotFound)?;
    let journal = if matches!(mount.kind.as_str(), "ext3" | "ext4") { journal(device) } else { None };
    Ok(Mount { journal, ..mount })
}

/// Returns true if the ext4 file system on a device (`major:minor`) has a journal; none if the
/// kernel does not say.
fn journal(device: &str) -> Option<bool> {
    let link = std::fs::read_link(Path::new("/sys/dev/block").join(device)).ok()?;
    let name = link.file_name()?;
    let task = std::fs::read_to_string(Path::new("/sys/fs/ext4").join(name).join("journal_task")).ok()?;
    // The file names the process that writes the journal, or says that there is none.
    match task.trim() {
        "<none>" => Some(false),
        task => task.parse::<u32>().is_ok().then_some(true),
    }
}

/// Logs the file system of a data directory, and warns of options that break durability.
pub fn log_mount(directory: &Path) {
    match mount_of(directory) {
        Ok(mount) => {
            tracing::info!(directory = %directory.display(), "on {mount}");
            for danger in mount.dangers() {
                tracing::warn!(directory = %directory.display(), "{danger}");
            }
        }
        Err(error) => tracing::info!(directory = %directory.display(), %error, "its file system is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_directory_is_found() {
        let proc = mount_of(Path::new("/proc/self")).expect("mounted");
        assert_eq!((proc.kind.as_str(), proc.point.as_str()), ("proc", "/proc"));
        let directory = tempfile::tempdir().expect("temp directory");
        let mount = mount_of(directory.path()).expect("mounted");
        assert!(!mount.kind.is_empty() && !mount.options.is_empty());
        assert!(mount_of(&directory.path().join("absent")).is_err());
    }
}
