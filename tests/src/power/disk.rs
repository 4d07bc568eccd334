//! A disk whose power can be cut: a [`DiskCache`] served by FUSE, a loop device on it, and a file
//! system on the loop device.

use super::cache::DiskCache;
use super::served::{self, IMAGE};
use crate::cluster::PATIENCE;
use fuser::BackgroundSession;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Returns the prefix of the directory of each disk of this process, in the system's directory for
/// temporary files.
pub fn directory_prefix() -> String {
    format!("dfs-power-{}-", std::process::id())
}

/// The pause between two checks of pending work of the system.
const PAUSE: Duration = Duration::from_millis(5);

/// The file system of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    Ext4,
    /// It guarantees less than dfs needs: used only to observe the consequences.
    Ext4WithoutJournal,
    Xfs,
}

impl std::fmt::Display for FileSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ext4 => "ext4",
            Self::Ext4WithoutJournal => "ext4 without a journal",
            Self::Xfs => "xfs",
        })
    }
}

impl FileSystem {
    /// Returns its name for `mount`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Ext4 | Self::Ext4WithoutJournal => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// Returns the program that creates it.
    pub fn maker(self) -> &'static str {
        match self {
            Self::Ext4 | Self::Ext4WithoutJournal => "mkfs.ext4",
            Self::Xfs => "mkfs.xfs",
        }
    }

    fn make_arguments(self) -> &'static [&'static str] {
        // Everything is written now: no kernel thread writes later.
        match self {
            Self::Ext4 => &["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", "-J", "size=16"],
            Self::Ext4WithoutJournal => &["-q", "-F", "-E", "nodiscard,lazy_itable_init=0", "-O", "^has_journal"],
            Self::Xfs => &["-q", "-f", "-K"],
        }
    }
}

/// The disk. Dropping it removes the mounts, the loop device and the FUSE session.
#[derive(Debug)]
pub struct PowerDisk {
    file_system: FileSystem,
    cache: Arc<Mutex<DiskCache>>,
    mounted: bool,
    device: Option<PathBuf>,
    session: Option<BackgroundSession>,
    directory: TempDir,
}

impl PowerDisk {
    /// Creates a disk of `bytes` with an empty file system, mounted.
    ///
    /// # Errors
    /// Returns the step that failed and its error.
    pub fn make(file_system: FileSystem, bytes: usize) -> Result<Self, String> {
        let directory =
            TempDir::with_prefix(directory_prefix()).map_err(|error| format!("make a directory: {error}"))?;
        let mut disk = Self {
            file_system,
            cache: Arc::new(Mutex::new(DiskCache::new(bytes))),
            mounted: false,
            device: None,
            session: None,
            directory,
        };
        for directory in [disk.served(), disk.mount_point()] {
            std::fs::create_dir(&directory).map_err(|error| format!("make {}: {error}", directory.display()))?;
        }
        let session = served::serve(disk.cache.clone(), &disk.served());
        disk.session = Some(session.map_err(|error| format!("serve a disk by FUSE: {error}"))?);
        let device = disk.attach()?;
        run(Command::new(file_system.maker()).args(file_system.make_arguments()).arg(&device))?;
        disk.mount(&device)?;
        Ok(disk)
    }

    pub fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Returns the directory of its files.
    pub fn mount_point(&self) -> PathBuf {
        self.directory.path().join("mount")
    }

    fn served(&self) -> PathBuf {
        self.directory.path().join("served")
    }

    /// Returns the disk itself.
    pub fn cache(&self) -> Arc<Mutex<DiskCache>> {
        self.cache.clone()
    }

    /// Unmounts the disk after a cut, when no process uses it any more, so that the kernel drops
    /// everything in memory.
    ///
    /// # Errors
    /// Returns an error if something still uses it.
    pub fn take_away(&mut self) -> Result<(), String> {
        if self.mounted {
            let (at, start) = (self.mount_point(), Instant::now());
            while let Err(error) = run(Command::new("umount").arg(&at)) {
                if start.elapsed() > PATIENCE {
                    return Err(error);
                }
                std::thread::sleep(PAUSE);
            }
            self.mounted = false;
        }
        if let Some(device) = self.device.take() {
            run(Command::new("losetup").arg("--detach").arg(&device))?;
            wait_until_detached(&device)?;
        }
        Ok(())
    }

    /// Restores the power and mounts what is left. The file system recovers as after any power cut.
    ///
    /// # Errors
    /// Returns an error if it cannot be repaired or mounted.
    pub fn bring_back(&mut self) -> Result<(), String> {
        self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner).light();
        let device = self.attach()?;
        if self.file_system.kind() == "ext4" {
            // 1: repaired. 4 and more: not repaired.
            let checked = output(Command::new("e2fsck").args(["-f", "-y"]).arg(&device))?;
            if checked.status.code().is_none_or(|code| code >= 4) {
                return Err(format!("e2fsck: {}", String::from_utf8_lossy(&checked.stdout)));
            }
        }
        self.mount(&device)
    }

    fn attach(&mut self) -> Result<PathBuf, String> {
        let image = self.served().join(IMAGE);
        let said = run(Command::new("losetup").args(["--find", "--show", "--direct-io=on"]).arg(&image))?;
        let device = PathBuf::from(said.trim());
        self.device = Some(device.clone());
        // Otherwise the kernel would send no flush.
        let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = format!("/sys/block/{name}/queue/write_cache");
        match std::fs::read_to_string(&kind) {
            Ok(text) if text.trim() == "write back" => Ok(device),
            other => Err(format!("the cache of the loop device is not known to the kernel: {kind}: {other:?}")),
        }
    }

    fn mount(&mut self, device: &Path) -> Result<(), String> {
        run(Command::new("mount").args(["-t", self.file_system.kind()]).arg(device).arg(self.mount_point()))?;
        self.mounted = true;
        Ok(())
    }
}

impl Drop for PowerDisk {
    fn drop(&mut self) {
        // Nothing needs to be written at the end: with the power off, no write blocks.
        self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner).cut(0.0, &mut fastrand::Rng::new());
        if self.mounted {
            let at = self.mount_point();
            if run(Command::new("umount").arg(&at)).is_err() {
                let _ = run(Command::new("umount").arg("--lazy").arg(&at));
            }
        }
        if let Some(device) = &self.device {
            let _ = run(Command::new("losetup").arg("--detach").arg(device)).and_then(|_| wait_until_detached(device));
        }
        if let Some(session) = self.session.take()
            && let Err(error) = session.umount_and_join()
        {
            eprintln!("end a FUSE session: {error}");
            let _ = run(Command::new("umount").arg("--lazy").arg(self.served()));
        }
    }
}

fn wait_until_detached(device: &Path) -> Result<(), String> {
    let name = device.file_name().unwrap_or_default();
    let held = Path::new("/sys/block").join(name).join("loop");
    let start = Instant::now();
    while held.exists() {
        if start.elapsed() > PATIENCE {
            return Err(format!("{} is still in use", device.display()));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn output(command: &mut Command) -> Result<std::process::Output, String> {
    // Programs of the administrator, whatever the caller's PATH is.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"));
    let name = command.get_program().to_owned();
    command.output().map_err(|error| format!("run {}: {error}", name.display()))
}

/// Runs a program of the system, which must succeed, and returns its output.
///
/// # Errors
/// Returns the error output.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let done = output(command)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(format!("{command:?}: {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim()))
}
