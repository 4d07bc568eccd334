//! Measures the disk of this machine without the cluster: the limit that a bench is compared to.

use crate::base::report::local_io;
use dfs_types::Result;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The size of one write or read in bytes.
const BLOCK_BYTES: usize = 1 << 20;
/// The alignment that O_DIRECT requires of addresses, lengths and offsets.
const ALIGNMENT: usize = 4096;
/// The number of streams, equal to the number of replicas of a chunk.
const STREAMS: u64 = 3;

/// A directory on the measured disk; it is deleted with its content when this is dropped.
#[derive(Debug)]
pub(super) struct RawDisk {
    directory: PathBuf,
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

/// Runs the measurement `how` on the disk of `beside`.
///
/// # Errors
/// Returns `local_io` if the disk is full, is not writable, or does not support O_DIRECT.
pub(super) fn measure(beside: &Path, how: impl FnOnce(&RawDisk) -> io::Result<f64>) -> Result<f64> {
    RawDisk::new(beside).and_then(|raw| how(&raw)).map_err(|error| local_io(beside, &error))
}

impl RawDisk {
    /// Creates a directory in `beside`.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created.
    fn new(beside: &Path) -> io::Result<Self> {
        let directory = beside.join(format!(".dfs-bench-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Returns bytes per second of user data while three writers each write all of it at the same
    /// time, with direct I/O and a sync.
    ///
    /// # Errors
    /// Returns an error if the disk is full or does not support O_DIRECT.
    pub(super) fn write_rate(&self, bytes: u64) -> io::Result<f64> {
        let blocks = blocks(bytes);
        let took = self.at_once(|path| write(path, blocks))?;
        Ok((blocks * BLOCK_BYTES as u64) as f64 / took.as_secs_f64())
    }

    /// Returns bytes per second of three readers together, each reading a third, one block at a
    /// time, with direct I/O.
    ///
    /// # Errors
    /// Returns the errors of [`RawDisk::write_rate`].
    pub(super) fn read_rate(&self, bytes: u64) -> io::Result<f64> {
        let blocks = blocks(bytes / STREAMS);
        self.at_once(|path| write(path, blocks))?;
        let took = self.at_once(read)?;
        Ok((STREAMS * blocks * BLOCK_BYTES as u64) as f64 / took.as_secs_f64())
    }

    /// Returns the number of appends per second, of 256 bytes with a sync each, into a file that
    /// was written before.
    ///
    /// # Errors
    /// Returns the errors of [`RawDisk::write_rate`].
    pub(super) fn sync_rate(&self, duration: Duration) -> io::Result<f64> {
        const RECORD_BYTES: usize = 256;
        let mut file = File::create(self.path("log"))?;
        let mut block = Block::new();
        (0..16).try_for_each(|_| file.write_all(block.bytes()))?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(0))?;
        let record = block.bytes().get(..RECORD_BYTES).unwrap_or_default().to_vec();
        let (start, mut syncs) = (Instant::now(), 0u64);
        while start.elapsed() < duration {
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

    /// Returns small files per second if each is made three times: created, written with direct
    /// I/O, synced, renamed, and its directory synced; `jobs` files at a time.
    ///
    /// # Errors
    /// Returns the errors of [`RawDisk::write_rate`].
    pub(super) fn file_rate(&self, jobs: usize, duration: Duration) -> io::Result<f64> {
        let start = Instant::now();
        let counts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs.max(1))
                .map(|job| scope.spawn(move || make_files(&self.directory, job, start + duration)))
                .collect();
            let counts =
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())));
            counts.sum::<io::Result<u64>>()
        })?;
        Ok(counts as f64 / start.elapsed().as_secs_f64())
    }

    fn at_once(&self, work: impl Fn(&Path) -> io::Result<()> + Sync) -> io::Result<Duration> {
        let start = Instant::now();
        let paths: Vec<PathBuf> = (0..STREAMS).map(|stream| self.path(&stream.to_string())).collect();
        std::thread::scope(|scope| {
            let threads: Vec<_> = paths.iter().map(|path| scope.spawn(|| work(path))).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
        })?;
        Ok(start.elapsed())
    }
}

impl Drop for RawDisk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES as u64).max(1)
}

fn direct(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.custom_flags(OFlags::DIRECT.bits().cast_signed()).open(path)
}

/// Makes files until `end`; returns their number.
fn make_files(directory: &Path, job: usize, end: Instant) -> io::Result<u64> {
    let mut block = Block::new();
    let content = block.bytes().get(..ALIGNMENT).unwrap_or_default();
    let directories: Vec<PathBuf> = (0..STREAMS).map(|copy| directory.join(format!("copy-{copy}"))).collect();
    directories.iter().try_for_each(std::fs::create_dir_all)?;
    let mut count = 0;
    while Instant::now() < end {
        for directory in &directories {
            let (new, done) = (directory.join(format!("{job}.new")), directory.join(format!("{job}-{count}")));
            let mut file = direct(OpenOptions::new().create_new(true).write(true), &new)?;
            file.write_all(content)?;
            file.sync_data()?;
            std::fs::rename(&new, &done)?;
            File::open(directory)?.sync_all()?;
        }
        count += 1;
    }
    Ok(count)
}

fn write(path: &Path, blocks: u64) -> io::Result<()> {
    let mut block = Block::new();
    let mut file = direct(OpenOptions::new().create(true).truncate(true).write(true), path)?;
    (0..blocks).try_for_each(|_| file.write_all(block.bytes()))?;
    file.sync_data()
}

fn read(path: &Path) -> io::Result<()> {
    let mut block = Block::new();
    let mut file = direct(OpenOptions::new().read(true), path)?;
    while file.read(block.bytes())? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_are_counted_and_nothing_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let disk = RawDisk::new(directory.path()).expect("made");
        assert!(disk.sync_rate(Duration::from_millis(1)).expect("synced") > 0.0);
        drop(disk);
        assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 0);
    }

    #[test]
    fn blocks_are_aligned() {
        assert_eq!(Block::new().bytes().as_ptr().align_offset(ALIGNMENT), 0);
        assert_eq!(Block::new().bytes().len(), BLOCK_BYTES);
    }
}
