//! One data directory: a disk, or a part of one.
//!
//! ```text
//! DIRECTORY/lock                       held by the process that uses it
//! DIRECTORY/format                     the cluster and the datanode that it belongs to
//! DIRECTORY/incoming/                  chunks being written; emptied at start
//! DIRECTORY/chunks/XX/KEY.chunk        replicas, named by their keys; XX is the low byte of the id
//! DIRECTORY/quarantine/                corrupt replicas that were replaced by others
//! ```

use super::error::{OpenError, StoreError};
use super::format::{CHUNKS, DirectoryFormat, FORMAT_FILE, FormatError};
use super::record::DirectoryId;
use super::space::{Space, SpaceFigures, SpaceLimits};
use crate::descriptors::{self, Scarcity};
use crate::durable::{self, DirectoryLock, Poison};
use dfs_logic::chunk_file::{ALIGN_BYTES, fan_out, file_name, parse_file_name};
use dfs_types::{ChunkId, ClusterId, DatanodeId, ReplicaKey};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const INCOMING: &str = "incoming";
const QUARANTINE: &str = "quarantine";
/// The number of corrupt replicas that are kept for inspection, the newest ones. Each of them was
/// replaced by a good one.
const QUARANTINE_MAX: usize = 64;
/// The number of directories under [`CHUNKS`].
const SHARDS: usize = 256;

/// A replica that was found at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundReplica {
    pub key: ReplicaKey,
    /// The size of its file in bytes.
    pub bytes: u64,
}

/// An open, locked data directory.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    direct: bool,
    disk: u64,
    poison: Poison,
    space: Space,
    written: AtomicU64,
    id: DirectoryId,
    /// The identity of its format file at the start.
    place: Place,
    /// True if the directory is missing, and its replicas are no longer listed.
    abandoned: AtomicBool,
    _lock: DirectoryLock,
}

impl DataDirectory {
    /// Locks a directory, checks its owner, deletes half-written files, and lists its replicas.
    ///
    /// # Errors
    /// Returns an error if another process uses it, it belongs to another datanode, or the disk
    /// fails.
    pub fn open(
        path: &Path,
        cluster: ClusterId,
        node: DatanodeId,
        limits: SpaceLimits,
        direct: bool,
    ) -> Result<(Self, Vec<FoundReplica>), OpenError> {
        let at = |what, entry: &Path, error: io::Error| OpenError::Io {
            directory: path.to_owned(),
            what,
            path: entry.to_owned(),
            error,
        };
        durable::create_directory(path).map_err(|error| at("make", path, error))?;
        let lock = DirectoryLock::acquire(path)?;
        let format = DirectoryFormat::claim(path, cluster, node)
            .map_err(|error| OpenError::Format { directory: path.to_owned(), error })?;
        let place = Place::of(path).map_err(|error| at("inspect", &path.join(FORMAT_FILE), error))?;
        make_directories(path).map_err(|(entry, error)| at("make", &entry, error))?;
        empty(&path.join(INCOMING));
        let found = scan(path).map_err(|(entry, error)| at("read", &entry, error))?;
        let used = found.iter().map(|replica| replica.bytes).sum();
        let directory = Self {
            path: path.to_owned(),
            direct,
            disk: disk_of(path).map_err(|error| at("inspect", path, error))?,
            poison: Poison::default(),
            space: Space::new(limits, used),
            written: AtomicU64::new(0),
            id: format.directory,
            place,
            abandoned: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((directory, found))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if its files bypass the page cache.
    pub fn direct(&self) -> bool {
        self.direct
    }

    /// Returns a number that is the same for all directories on this disk of this machine, of any
    /// datanode.
    pub fn disk(&self) -> u64 {
        self.disk
    }

    /// Returns its random id.
    pub fn id(&self) -> &DirectoryId {
        &self.id
    }

    /// Checks that the directory is still the one that was opened. Returns the reason if it is not,
    /// once.
    pub fn is_lost(&self) -> Option<String> {
        if self.abandoned.load(Ordering::Relaxed) {
            return None;
        }
        let reason = match (Place::of(&self.path), DirectoryFormat::read(&self.path)) {
            (Ok(place), Ok(Some(format))) if place == self.place && format.directory == self.id => return None,
            (Ok(_), Ok(Some(_))) => "another directory is in its place; was another disk mounted on it?".to_owned(),
            (_, Ok(None)) => "its format file is missing; was its disk unmounted?".to_owned(),
            // The directory itself does not exist, or is not a directory.
            (Err(error), _) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                format!("its format file is missing: {error}")
            }
            (_, Err(FormatError::Corrupt | FormatError::Version(_))) => "its format file was changed".to_owned(),
            // A disk that cannot be read at this moment may recover.
            (_, Err(error)) => {
                tracing::warn!(directory = %self.path.display(), %error, "a data directory cannot be checked");
                return None;
            }
            (Err(error), _) => {
                tracing::warn!(directory = %self.path.display(), %error, "a data directory cannot be checked");
                return None;
            }
        };
        self.abandoned.store(true, Ordering::Relaxed);
        self.poison.set(&*reason);
        Some(reason)
    }

    pub fn poison(&self) -> &Poison {
        &self.poison
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    pub fn figures(&self) -> SpaceFigures {
        self.space.figures(&self.path)
    }

    /// Returns the path of the file of a replica.
    pub fn replica_path(&self, key: ReplicaKey) -> PathBuf {
        let mut path = self.path.join(CHUNKS);
        path.push(fan_out(key.chunk));
        path.push(file_name(key));
        path
    }

    /// Returns a new file name for a chunk being written.
    pub fn incoming_path(&self, chunk: ChunkId) -> PathBuf {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        self.path.join(INCOMING).join(format!("{chunk}_{number}.part"))
    }

    /// Opens the directory of a chunk, for [`DataDirectory::sync_shard`]. The directory is open,
    /// and takes a descriptor, only while one replica gets its name; opening it takes microseconds,
    /// its sync milliseconds.
    ///
    /// # Errors
    /// Returns an error if the file system returns an error, or no descriptor was available for 1.5
    /// s.
    pub fn open_shard(&self, chunk: ChunkId) -> Result<File, StoreError> {
        let path = self.path.join(CHUNKS).join(fan_out(chunk));
        descriptors::patiently(|| (), || File::open(&path)).map_err(StoreError::io("open directory"))
    }

    /// Makes the names of the replicas in an open directory durable.
    ///
    /// # Errors
    /// Returns an error if the disk has failed, now or before.
    pub fn sync_shard(&self, shard: &File) -> Result<(), StoreError> {
        self.sync("sync directory", || durable::sync_open_directory(shard))
    }

    /// Runs a sync once. Its failure puts the directory out of service, unless the system only
    /// lacked memory.
    ///
    /// # Errors
    /// Returns an error if this sync failed, or one before it did. The data that was to be synced
    /// must then not be kept.
    pub fn sync(&self, what: &'static str, sync: impl FnOnce() -> io::Result<()>) -> Result<(), StoreError> {
        let failed = StoreError::io(what);
        self.poison.check().map_err(StoreError::io(what))?;
        match sync() {
            Err(error) if error.is_scarcity() => Err(failed(error)),
            done => self.poison.sync(what, || done).map_err(failed),
        }
    }

    /// Returns the path of a replica in quarantine.
    pub fn quarantine_path(&self, key: ReplicaKey) -> PathBuf {
        self.path.join(QUARANTINE).join(file_name(key))
    }

    /// Moves a suspect replica into quarantine, which the masters order after proof. The oldest
    /// files beyond the maximum are deleted.
    ///
    /// # Errors
    /// Returns the error of the file system. The replica then still has its name.
    pub fn quarantine(&self, key: ReplicaKey) -> io::Result<()> {
        let directory = self.path.join(QUARANTINE);
        std::fs::rename(self.replica_path(key), self.quarantine_path(key))?;
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            kept.push((entry.metadata()?.ctime(), entry.path()));
        }
        kept.sort();
        let surplus = kept.len().saturating_sub(QUARANTINE_MAX);
        kept.iter().take(surplus).try_for_each(|(_, path)| std::fs::remove_file(path))
    }
}

/// The device and inode of a format file: another disk, or another directory, has others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    device: u64,
    inode: u64,
}

impl Place {
    fn of(directory: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(directory.join(FORMAT_FILE))?;
        Ok(Self { device: found.dev(), inode: found.ino() })
    }
}

/// Drawn by the kernel at each start of the machine, and the same in all containers on it.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Returns the device of a directory and the machine it is in, as one number; zero if the machine
/// has no id.
fn disk_of(path: &Path) -> io::Result<u64> {
    let device = std::fs::metadata(path)?.dev();
    let Ok(machine) = std::fs::read(BOOT_ID) else { return Ok(0) };
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    digest.update(&machine);
    digest.update(&device.to_le_bytes());
    let digest = digest.finish();
    Ok(digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// An entry of a data directory, and the error that it caused.
type EntryError = (PathBuf, io::Error);

fn make_directories(path: &Path) -> Result<(), EntryError> {
    let chunks = path.join(CHUNKS);
    for directory in [path.join(INCOMING), path.join(QUARANTINE), chunks.clone()] {
        durable::create_directory(&directory).map_err(|error| (directory, error))?;
    }
    let mut made = false;
    for shard in 0..SHARDS as u64 {
        let directory = chunks.join(fan_out(ChunkId(shard)));
        match std::fs::create_dir(&directory) {
            // The name in `chunks/` alone may lead to nothing after a power cut: not every file
            // system writes both.
            Ok(()) => durable::sync_directory(&directory).map_err(|error| (directory, error))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err((directory, error)),
        }
        made = true;
    }
    // One sync for all 256 names, and only at the first start.
    if made { durable::sync_directory(&chunks).map_err(|error| (chunks, error)) } else { Ok(()) }
}

/// Deletes half-written files. A file that cannot be deleted takes space, and does no other harm.
fn empty(directory: &Path) {
    let removed = std::fs::read_dir(directory).map(|entries| {
        for entry in entries {
            let removed = entry.and_then(|entry| {
                let path = entry.path();
                std::fs::remove_file(&path).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
            });
            if let Err(error) = removed {
                tracing::warn!(%error, "a half-written file could not be deleted");
            }
        }
    });
    if let Err(error) = removed {
        tracing::warn!(directory = %directory.display(), %error, "half-written files could not be listed");
    }
}

fn scan(path: &Path) -> Result<Vec<FoundReplica>, EntryError> {
    let mut found = Vec::new();
    for shard in 0..SHARDS as u64 {
        let name = fan_out(ChunkId(shard));
        let directory = path.join(CHUNKS).join(&name);
        let entries = std::fs::read_dir(&directory).map_err(|error| (directory.clone(), error))?;
        for entry in entries {
            let entry = entry.map_err(|error| (directory.clone(), error))?;
            found.extend(look_at(&entry, &name).map_err(|error| (entry.path(), error))?);
        }
    }
    Ok(found)
}

/// Returns the replica of an entry of the directory `shard`, if it is a replica.
fn look_at(entry: &std::fs::DirEntry, shard: &str) -> io::Result<Option<FoundReplica>> {
    let name = entry.file_name();
    match name.to_str().and_then(parse_file_name).filter(|key| fan_out(key.chunk) == shard) {
        Some(key) => Ok(Some(FoundReplica { key, bytes: entry.metadata()?.len() })),
        None => {
            tracing::warn!(file = %entry.path().display(), "not a chunk file; ignored");
            Ok(None)
        }
    }
}

impl FoundReplica {
    /// Returns true if the file cannot be complete: too short for a header and data, or not of
    /// aligned length. This needs no read; all other corruption is found when the replica is read.
    pub fn is_misshapen(&self) -> bool {
        self.bytes < 2 * ALIGN_BYTES as u64 || !self.bytes.is_multiple_of(ALIGN_BYTES as u64)
    }
}
