//! Files that bypass the page cache, if the file system can do this: chunk data is large, read once
//! and written once, and copying it into the page cache costs half of the available processor time.

use dfs_logic::chunk_file::ALIGN_BYTES;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

fn open(options: &mut OpenOptions, path: &Path, direct: bool) -> io::Result<File> {
    if direct {
        match options.clone().custom_flags(OFlags::DIRECT.bits() as i32).open(path) {
            Err(error) if is_refusal(&error) => {}
            opened => return opened,
        }
    }
    options.open(path)
}

/// Returns true for the error with which file systems without direct I/O (tmpfs, some network ones)
/// refuse it, at open or at first use.
fn is_refusal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::INVAL.raw_os_error())
}

/// Creates a new file.
///
/// # Errors
/// Returns an error if it exists already or the file system returns an error.
pub fn create(path: &Path, direct: bool) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true).create_new(true).mode(0o600), path, direct)
}

/// Opens a file for reading.
///
/// # Errors
/// Returns an error if it does not exist or the file system returns an error.
pub fn open_read(path: &Path, direct: bool) -> io::Result<File> {
    open(OpenOptions::new().read(true), path, direct)
}

/// Writes all of `data`, an aligned buffer of whole [`ALIGN_BYTES`], at an offset that is a
/// multiple of them.
///
/// # Errors
/// Returns an error if the disk fails or is full.
pub fn write_at(file: &File, data: &[u8], offset: u64) -> io::Result<()> {
    debug_assert!(data.len().is_multiple_of(ALIGN_BYTES) && offset.is_multiple_of(ALIGN_BYTES as u64));
    match file.write_all_at(data, offset) {
        Err(error) if is_refusal(&error) && buffered_from_now(file)? => file.write_all_at(data, offset),
        done => done,
    }
}

/// Fills the first `needed` bytes of `into`, aligned as for [`write_at`], and more of it if the
/// file has more.
///
/// # Errors
/// Returns an error if the disk fails or the file ends before.
pub fn read_at(file: &File, into: &mut [u8], needed: usize, offset: u64) -> io::Result<()> {
    let mut filled = 0;
    while filled < needed {
        let rest = into.get_mut(filled..).unwrap_or_default();
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Also after a partial read that is not aligned: the end of a file.
            Err(error) if is_refusal(&error) && buffered_from_now(file)? => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Turns direct I/O off for an open file; returns false if it was not on.
fn buffered_from_now(file: &File) -> io::Result<bool> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    if !flags.contains(OFlags::DIRECT) {
        return Ok(false);
    }
    rustix::fs::fcntl_setfl(file, flags - OFlags::DIRECT)?;
    Ok(true)
}

/// Reserves space for a file that will have `length` bytes. If the file system cannot do this, it
/// is no error.
///
/// # Errors
/// Returns an error if the disk is full or fails.
pub fn reserve(file: &File, length: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, length) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        done => done.map_err(io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datanode::store::buffer::AlignedBuffer;

    fn round_trip(directory: &Path, direct: bool) {
        let path = directory.join("file");
        let mut data = AlignedBuffer::new(2 * ALIGN_BYTES);
        data.fill(9);
        let file = create(&path, direct).expect("create");
        reserve(&file, 3 * ALIGN_BYTES as u64).expect("reserve");
        write_at(&file, &data, ALIGN_BYTES as u64).expect("write");
        assert!(create(&path, direct).is_err());
        let mut back = AlignedBuffer::new(2 * ALIGN_BYTES);
        let file = open_read(&path, direct).expect("open");
        read_at(&file, &mut back, 2 * ALIGN_BYTES, ALIGN_BYTES as u64).expect("read");
        assert_eq!(back[..], data[..]);
        assert!(read_at(&file, &mut back, 2 * ALIGN_BYTES, 2 * ALIGN_BYTES as u64).is_err());
        // Cut off after the part that is needed.
        OpenOptions::new().write(true).open(&path).expect("open").set_len(3 * ALIGN_BYTES as u64 - 5).expect("cut");
        back.fill(0);
        read_at(&file, &mut back, 2 * ALIGN_BYTES - 5, ALIGN_BYTES as u64).expect("read");
        assert_eq!(back[..2 * ALIGN_BYTES - 5], data[..2 * ALIGN_BYTES - 5]);
        assert!(read_at(&file, &mut back, 2 * ALIGN_BYTES - 4, ALIGN_BYTES as u64).is_err());
    }

    #[test]
    fn files_read_back_direct_and_buffered() {
        for direct in [true, false] {
            round_trip(tempfile::tempdir().expect("temp directory").path(), direct);
        }
    }

    #[test]
    fn what_cannot_be_done_directly_is_done_through_the_cache() {
        let directory = tempfile::tempdir().expect("temp directory");
        let file = create(&directory.path().join("file"), true).expect("create");
        // Not aligned: direct I/O refuses it with the same error that a file system without direct
        // I/O returns for everything.
        let mut data = AlignedBuffer::new(2 * ALIGN_BYTES);
        data.fill(5);
        let odd = &data[1..=ALIGN_BYTES];
        write_at(&file, odd, 0).expect("write");
        let mut back = AlignedBuffer::new(ALIGN_BYTES);
        read_at(&file, &mut back, ALIGN_BYTES, 0).expect("read");
        assert_eq!(&back[..], odd);
    }
}
