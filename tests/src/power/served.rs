//! A FUSE file system with one file, `disk.img`: a [`DiskCache`] as the backing file of a loop
//! device.
//!
//! The file is opened with direct I/O, so that the kernel caches none of it: each write of the loop
//! device is a write here, and each flush that a file system sends to the loop device is an fsync
//! here.

use super::cache::{DiskCache, Refusal};
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request,
    WriteFlags,
};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

/// The name of the file.
pub(super) const IMAGE: &str = "disk.img";
const IMAGE_INODE: INodeNo = INodeNo(2);
/// The time for which the kernel may cache the attributes, which never change.
const TRUSTED_FOR: Duration = Duration::from_secs(3600);

/// Serves the disk at the directory `at`, until the returned session is dropped.
///
/// # Errors
/// Returns an error if FUSE cannot be mounted.
pub(super) fn serve(disk: Arc<Mutex<DiskCache>>, at: &Path) -> std::io::Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options.extend([MountOption::FSName("dfs-power".to_owned()), MountOption::NoAtime]);
    fuser::spawn_mount(Served { disk }, at, &config)
}

struct Served {
    disk: Arc<Mutex<DiskCache>>,
}

impl Served {
    fn disk(&self) -> MutexGuard<'_, DiskCache> {
        self.disk.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn attributes(&self, inode: INodeNo) -> FileAttr {
        let size = if inode == IMAGE_INODE { self.disk().bytes() as u64 } else { 0 };
        let kind = if inode == IMAGE_INODE { FileType::RegularFile } else { FileType::Directory };
        FileAttr {
            ino: inode,
            size,
            blocks: size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: 0o700,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            flags: 0,
            blksize: 4096,
        }
    }
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Dark => Errno::EIO,
        Refusal::Beyond => Errno::EINVAL,
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if parent == INodeNo::ROOT && name == IMAGE {
            reply.entry(&TRUSTED_FOR, &self.attributes(IMAGE_INODE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&TRUSTED_FOR, &self.attributes(inode));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().read(place(offset), size as usize) {
            Ok(data) => reply.data(data),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.disk().write(place(offset), data);
        match (written, u32::try_from(data.len())) {
            (Ok(()), Ok(length)) => reply.written(length),
            (Ok(()), Err(_)) => reply.error(Errno::EINVAL),
            (Err(refusal), _) => reply.error(errno(refusal)),
        }
    }

    /// Closing a file makes nothing durable.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let flushed = self.disk().flush();
        match flushed {
            Ok(()) => reply.ok(),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }
}
