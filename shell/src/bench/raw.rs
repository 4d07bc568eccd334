//! Measures the disk of this machine without the cluster: the limit that a bench is compared to.

use crate::base::report::{interrupted, local_io};
use dfs_client::CancellationToken;
use dfs_term::figures::size;
use dfs_types::{Error, ErrorCode, Result};
use rustix::fs::{FlockOperation, OFlags};
use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The size of one write or read in bytes.
const BLOCK_BYTES: usize = 1 << 20;
/// The alignment that O_DIRECT requires of addresses, lengths and offsets.
const ALIGNMENT: usize = 4096;
/// The number of streams, equal to the number of replicas of a chunk.
const STREAMS: u64 = 3;
/// How the names of the directories begin.
const PREFIX: &str = ".dfs-bench-";
/// The free space that is left at least, whatever the settings say.
const RESERVE_MIN: u64 = 64 << 20;
/// More than measurements of many small writes take.
const SMALL_WRITES_BYTES: u64 = 64 << 20;

/// The disk that a bench measures.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    /// A directory on it.
    pub directory: PathBuf,
    /// The free space in bytes that a measurement leaves to others.
    pub reserve: u64,
}

/// The kind of a measurement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Measurement {
    /// Bytes per second of user data while three writers each write all of these bytes at the same
    /// time, with direct I/O and a sync.
    Writes(u64),
    /// Bytes per second of three readers together, each reading a third of these bytes, one block
    /// at a time, with direct I/O.
    Reads(u64),
    /// The number of appends per second, of 256 bytes with a sync each, into a file that was
    /// written before.
    Syncs(Duration),
    /// Small files per second if each is made three times: created, written with direct I/O,
    /// synced, renamed, and its directory synced; this many files at a time.
    Files(usize, Duration),
}

/// A directory on the measured disk; it is deleted with its content when this is dropped. It is
/// locked meanwhile, so that those that a killed bench has left are known.
#[derive(Debug)]
struct RawDisk<'a> {
    directory: PathBuf,
    _lock: File,
    cancel: &'a CancellationToken,
}

/// Memory for O_DIRECT, filled with incompressible data.
struct Block {
    memory: Vec<u8>,
    start: usize,
}

impl Block {
    fn new() -> Self {
        let mut memory = vec![0u8; BLOCK_BYTES + ALIGNMENT];
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for word in memory.chunks_exact_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            word.copy_from_slice(&(state ^ state >> 33).to_le_bytes());
        }
        let start = memory.as_ptr().align_offset(ALIGNMENT);
        Self { memory, start }
    }

    fn bytes(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.start..self.start + BLOCK_BYTES).unwrap_or_default()
    }
}

impl Measurement {
    /// Returns the bytes that it takes on the disk.
    fn space(self) -> u64 {
        match self {
            Self::Writes(bytes) => blocks(bytes).saturating_mul(STREAMS * BLOCK_BYTES as u64),
            Self::Reads(bytes) => blocks(bytes / STREAMS).saturating_mul(STREAMS * BLOCK_BYTES as u64),
            Self::Syncs(_) | Self::Files(..) => SMALL_WRITES_BYTES,
        }
    }
}

/// Measures the disk on threads of its own, at most until Ctrl-C. Nothing stays on the disk.
///
/// # Errors
/// Returns `local_io` if the disk has too little space, is not writable, or does not support
/// O_DIRECT; `interrupted`.
pub(super) async fn measure(disk: &Disk, what: Measurement, cancel: &CancellationToken) -> Result<f64> {
    check_room(disk, what.space(), free(&disk.directory)?)?;
    let (beside, cancel) = (disk.directory.clone(), cancel.clone());
    let measured = tokio::task::spawn_blocking(move || {
        let measured = RawDisk::new(&beside, &cancel).and_then(|raw| raw.measure(what));
        if cancel.is_cancelled() {
            return Err(interrupted());
        }
        measured.map_err(|error| local_io(&beside, &error))
    });
    measured.await.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "a thread of the bench ended")))
}

/// Returns the bytes that are free on the disk of a directory.
fn free(directory: &Path) -> Result<u64> {
    let figures = rustix::fs::statvfs(directory).map_err(|error| local_io(directory, &error.into()))?;
    Ok(figures.f_bavail.saturating_mul(figures.f_frsize))
}

/// Checks that a measurement leaves the reserve free.
fn check_room(disk: &Disk, space: u64, free: u64) -> Result<()> {
    let reserve = disk.reserve.max(RESERVE_MIN);
    if space.saturating_add(reserve) <= free {
        return Ok(());
    }
    let what =
        format!("measuring this disk takes {}, and {} stay free; it has {}", size(space), size(reserve), size(free));
    let error = Error::new(ErrorCode::LocalIo, what).at(disk.directory.display());
    Err(error.hint("make room on that disk, or measure with a smaller --size"))
}

/// Returns an error if the bench was interrupted.
fn go_on(cancel: &CancellationToken) -> io::Result<()> {
    if cancel.is_cancelled() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
}

impl<'a> RawDisk<'a> {
    /// Creates a directory in `beside`, and deletes those that killed benches have left there.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created.
    fn new(beside: &Path, cancel: &'a CancellationToken) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        sweep(beside);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let directory = beside.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            // Another bench may have taken it for left between the two steps.
            if let Some(lock) = locked(&directory) {
                return Ok(Self { directory, _lock: lock, cancel });
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn measure(&self, what: Measurement) -> io::Result<f64> {
        go_on(self.cancel)?;
        match what {
            Measurement::Writes(bytes) => self.write_rate(bytes),
            Measurement::Reads(bytes) => self.read_rate(bytes),
            Measurement::Syncs(duration) => self.sync_rate(duration),
            Measurement::Files(jobs, duration) => self.file_rate(jobs, duration),
        }
    }

    fn write_rate(&self, bytes: u64) -> io::Result<f64> {
        let (mut files, blocks) = (self.files()?, blocks(bytes));
        let took = at_once(&mut files, |file| write(file, blocks, self.cancel))?;
        Ok((blocks * BLOCK_BYTES as u64) as f64 / took.as_secs_f64())
    }

    fn read_rate(&self, bytes: u64) -> io::Result<f64> {
        let (mut files, blocks) = (self.files()?, blocks(bytes / STREAMS));
        at_once(&mut files, |file| write(file, blocks, self.cancel))?;
        let took = at_once(&mut files, |file| read(file, self.cancel))?;
        Ok((STREAMS * blocks * BLOCK_BYTES as u64) as f64 / took.as_secs_f64())
    }

    fn sync_rate(&self, duration: Duration) -> io::Result<f64> {
        const RECORD_BYTES: usize = 256;
        let mut file = self.file("log", OFlags::empty())?;
        let mut block = Block::new();
        (0..16).try_for_each(|_| file.write_all(block.bytes()))?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(0))?;
        let record = block.bytes().get(..RECORD_BYTES).unwrap_or_default().to_vec();
        let (start, mut syncs) = (Instant::now(), 0u64);
        while start.elapsed() < duration {
            go_on(self.cancel)?;
            // The writes stay within the written part of the file, so that no sync has to record a
            // new length.
            if syncs.is_multiple_of(16 * (BLOCK_BYTES / RECORD_BYTES) as u64) {
                file.seek(SeekFrom::Start(0))?;
            }
            file.write_all(&record)?;
            file.sync_data()?;
            syncs += 1;
        }
        Ok(syncs as f64 / start.elapsed().as_secs_f64())
    }

    fn file_rate(&self, jobs: usize, duration: Duration) -> io::Result<f64> {
        let start = Instant::now();
        let counts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs.max(1))
                .map(|job| scope.spawn(move || make_files(&self.directory, job, start + duration, self.cancel)))
                .collect();
            let counts =
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())));
            counts.sum::<io::Result<u64>>()
        })?;
        Ok(counts as f64 / start.elapsed().as_secs_f64())
    }

    /// Creates a file for each stream.
    fn files(&self) -> io::Result<Vec<File>> {
        (0..STREAMS).map(|stream| self.file(&stream.to_string(), OFlags::DIRECT)).collect()
    }

    /// Creates a file without a name, so that its space is free again as soon as the process ends,
    /// in whatever way.
    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let path = self.path(name);
        let file = opened(OpenOptions::new().create_new(true).read(true).write(true), flags, &path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}

impl Drop for RawDisk<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Locks a directory; returns none if a running bench has locked it, or it has been deleted.
fn locked(directory: &Path) -> Option<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let lock = opened(OpenOptions::new().read(true), flags, directory).ok()?;
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    let of = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let is_same = lock.metadata().map(of).ok()? == std::fs::symlink_metadata(directory).map(of).ok()?;
    is_same.then_some(lock)
}

/// Deletes the directories of benches that were killed.
fn sweep(beside: &Path) {
    let is_ours = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX));
    for entry in std::fs::read_dir(beside).into_iter().flatten().flatten() {
        if is_ours(&entry.file_name())
            && let Some(_lock) = locked(&entry.path())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs the work on each file at the same time.
fn at_once(files: &mut [File], work: impl Fn(&mut File) -> io::Result<()> + Sync) -> io::Result<Duration> {
    let (start, work) = (Instant::now(), &work);
    std::thread::scope(|scope| {
        let threads: Vec<_> = files.iter_mut().map(|file| scope.spawn(move || work(file))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })?;
    Ok(start.elapsed())
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES as u64).max(1)
}

fn opened(options: &mut OpenOptions, flags: OFlags, path: &Path) -> io::Result<File> {
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

/// Makes files until `end`; returns their number.
fn make_files(directory: &Path, job: usize, end: Instant, cancel: &CancellationToken) -> io::Result<u64> {
    let mut block = Block::new();
    let content = block.bytes().get(..ALIGNMENT).unwrap_or_default();
    let directories: Vec<PathBuf> = (0..STREAMS).map(|copy| directory.join(format!("copy-{copy}"))).collect();
    directories.iter().try_for_each(std::fs::create_dir_all)?;
    let mut count = 0;
    while Instant::now() < end {
        for directory in &directories {
            go_on(cancel)?;
            let (new, done) = (directory.join(format!("{job}.new")), directory.join(format!("{job}-{count}")));
            let mut file = opened(OpenOptions::new().create_new(true).write(true), OFlags::DIRECT, &new)?;
            file.write_all(content)?;
            file.sync_data()?;
            std::fs::rename(&new, &done)?;
            File::open(directory)?.sync_all()?;
        }
        count += 1;
    }
    Ok(count)
}

fn write(file: &mut File, blocks: u64, cancel: &CancellationToken) -> io::Result<()> {
    let mut block = Block::new();
    (0..blocks).try_for_each(|_| go_on(cancel).and_then(|()| file.write_all(block.bytes())))?;
    file.sync_data()
}

/// Reads a file from its beginning.
fn read(file: &mut File, cancel: &CancellationToken) -> io::Result<()> {
    let mut block = Block::new();
    file.seek(SeekFrom::Start(0))?;
    while file.read(block.bytes())? > 0 {
        go_on(cancel)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_it(directory: &Path) -> usize {
        std::fs::read_dir(directory).expect("readable").count()
    }

    #[test]
    fn syncs_are_counted_and_nothing_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let cancel = CancellationToken::new();
        let disk = RawDisk::new(directory.path(), &cancel).expect("made");
        assert!(disk.measure(Measurement::Syncs(Duration::from_millis(1))).expect("synced") > 0.0);
        drop(disk);
        assert_eq!(in_it(directory.path()), 0);
    }

    #[tokio::test]
    async fn every_measurement_ends_at_an_interruption() {
        let directory = tempfile::tempdir().expect("a directory");
        let cancel = CancellationToken::new();
        let raw = RawDisk::new(directory.path(), &cancel).expect("made");
        let mut file = raw.file("0", OFlags::empty()).expect("made");
        write(&mut file, 2, &cancel).expect("it is not interrupted");
        cancel.cancel();
        let long = Duration::from_secs(3600);
        for (ended, what) in [
            (write(&mut file, u64::MAX, &cancel), "a writer"),
            (read(&mut file, &cancel), "a reader"),
            (raw.sync_rate(long).map(drop), "syncs"),
            (raw.file_rate(2, long).map(drop), "small files"),
        ] {
            assert_eq!(ended.expect_err(what).kind(), io::ErrorKind::Interrupted, "{what}");
        }
        drop(raw);
        let disk = Disk { directory: directory.path().to_owned(), reserve: 0 };
        for what in [Measurement::Writes(1), Measurement::Files(2, long)] {
            assert_eq!(measure(&disk, what, &cancel).await, Err(interrupted()));
        }
        assert_eq!(in_it(directory.path()), 0);
    }

    #[test]
    fn a_measurement_that_leaves_no_reserve_is_refused() {
        const GIB: u64 = 1 << 30;
        let disk = Disk { directory: "/data".into(), reserve: GIB };
        let space = Measurement::Writes(2 * GIB).space();
        assert_eq!((space, Measurement::Reads(3 * GIB).space()), (6 * GIB, 3 * GIB));
        assert_eq!(check_room(&disk, space, 7 * GIB), Ok(()));
        let refused = check_room(&disk, space, 7 * GIB - 1).expect_err("one byte too little");
        assert_eq!(refused.message, "measuring this disk takes 6.0 GiB, and 1.0 GiB stay free; it has 7.0 GiB");
        assert!(check_room(&disk, Measurement::Writes(u64::MAX).space(), u64::MAX - 1).is_err());
        let careless = Disk { reserve: 0, ..disk };
        assert!(check_room(&careless, GIB, GIB).is_err(), "a disk is never filled to the last byte");
    }

    #[test]
    fn what_a_killed_bench_has_left_is_deleted_and_what_a_running_one_has_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let cancel = CancellationToken::new();
        let running = RawDisk::new(directory.path(), &cancel).expect("made");
        let left = directory.path().join(".dfs-bench-7");
        std::fs::create_dir(&left).expect("made");
        std::fs::write(left.join("0"), "left").expect("written");
        std::fs::create_dir(directory.path().join("other")).expect("made");
        let next = RawDisk::new(directory.path(), &cancel).expect("made");
        assert!(!left.exists() && running.directory.exists());
        drop((running, next));
        assert_eq!(in_it(directory.path()), 1, "what is of others stays");
    }

    #[test]
    fn large_files_have_no_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let cancel = CancellationToken::new();
        let raw = RawDisk::new(directory.path(), &cancel).expect("made");
        let _file = raw.file("0", OFlags::empty()).expect("made");
        assert_eq!(in_it(&raw.directory), 0);
    }

    #[test]
    fn blocks_are_aligned() {
        assert_eq!(Block::new().bytes().as_ptr().align_offset(ALIGNMENT), 0);
        assert_eq!(Block::new().bytes().len(), BLOCK_BYTES);
    }
}
