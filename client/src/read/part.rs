//! The file beside the destination in which a get gathers what it has, where another get may go on with it.
//!
//! The content comes first, each byte at its place. Behind it, from the length of the content on, stands the journal: a
//! header that says of which version of which file this is, and a record for each stretch of bytes that was written, with
//! its checksum. A stretch counts only when its bytes, read back, have that checksum; so it does not matter in which order
//! the system wrote what to disk, or who else wrote to the file. At the end the journal is cut off, and the file renamed.
//!
//! | header, 64 bytes | record, 24 bytes |
//! |---|---|
//! | 0..8 `dfspart1` | 0..8 where the stretch begins |
//! | 8..16 version of the file | 8..12 its length |
//! | 16..24 its length | 12..16 crc32c of its bytes |
//! | 24..32 when it was created | 16..20 crc32c of bytes 0..16 |
//! | 32..40 when it was changed | 20..24 zero |
//! | 40..48 its first chunk | |
//! | 48..60 zero; 60..64 crc32c of bytes 0..60 | |

#![expect(clippy::disallowed_methods, reason = "an unfinished file is one of this machine")]

use super::sink::Sink;
use crate::transfer::{Transfer, local};
use dfs_rpc::frame::DATA_BYTES_MAX;
use dfs_types::{ChunkId, Detail, Error, ErrorCode, Result, Stat};
use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const MAGIC: [u8; 8] = *b"dfspart1";
const HEADER_BYTES: usize = 64;
const RECORD_BYTES: usize = 24;
/// Records are read so many at a time.
const RECORDS_READ_MAX: usize = 4096;
/// Longer names of the destination are cut, so that the name of the part file is not too long for a file system.
const NAME_BYTES_MAX: usize = 200;
/// How often the part file is opened when another get renames it at the same time.
const OPENS_MAX: u32 = 8;

/// A part file, open and locked. It stays when it is dropped.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    /// The destination, for errors.
    target: PathBuf,
    length: u64,
    /// Where the next record goes.
    journal: AtomicU64,
}

/// Beside `target`, hidden, and the same each time.
pub(super) fn path_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut part = std::ffi::OsString::from(".dfs-");
    match name.to_str().filter(|name| name.len() > NAME_BYTES_MAX) {
        None => part.push(name),
        Some(long) => {
            let cut = (0..=NAME_BYTES_MAX).rev().find(|at| long.is_char_boundary(*at)).unwrap_or(0);
            part.push(format!("{}-{:08x}", &long[..cut], crc32c::crc32c(name.as_bytes())));
        }
    }
    part.push(".partial");
    target.with_file_name(part)
}

/// Returns whether a file is named as those are in which gets gather what they have until it is
/// whole: `.dfs-*.partial`.
pub fn is_part_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.starts_with(b".dfs-") && name.ends_with(b".partial")
}

fn header(stat: &Stat, first: Option<ChunkId>) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    let fields = [stat.version, stat.size, stat.created.0, stat.modified.0, first.map_or(0, |chunk| chunk.0)];
    for (place, field) in bytes[8..].chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes[..60]);
    bytes[60..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn record(position: u64, bytes: &[u8]) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    record[..8].copy_from_slice(&position.to_le_bytes());
    record[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    record[12..16].copy_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
    let crc = crc32c::crc32c(&record[..16]);
    record[16..20].copy_from_slice(&crc.to_le_bytes());
    record
}

/// A record that was written whole: the stretch and the checksum of its bytes.
fn read_record(record: &[u8], length: u64) -> Option<(Range<u64>, u32)> {
    let word = |at: usize| Some(u32::from_le_bytes(record.get(at..at + 4)?.try_into().ok()?));
    if word(16)? != crc32c::crc32c(record.get(..16)?) {
        return None;
    }
    let start = u64::from_le_bytes(record.get(..8)?.try_into().ok()?);
    let bytes = word(8)?;
    let end = start.checked_add(u64::from(bytes)).filter(|end| *end <= length)?;
    (bytes as usize <= DATA_BYTES_MAX && start < end).then_some((start..end, word(12)?))
}

impl Part {
    /// Opens the part file of `target` for this version of a file, and makes it anew if it is of another one.
    ///
    /// # Errors
    /// `local_io`; `file_locked` while another get is at it.
    pub(super) fn open(target: &Path, stat: &Stat, first: Option<ChunkId>) -> Result<Self> {
        // Two files in one place would be mixed.
        if is_part_file(target) {
            return Err(Error::of(ErrorCode::InvalidArgument, Detail::PartName).at(target.display()));
        }
        let path = path_of(target);
        let failed = |error: io::Error| local(target, &error);
        let file = open_locked(&path, stat.mode)
            .map_err(failed)?
            .ok_or_else(|| Error::new(ErrorCode::FileLocked, "another get is writing it").at(target.display()))?;
        let header = header(stat, first);
        let mut there = [0; HEADER_BYTES];
        let same = file.read_exact_at(&mut there, stat.size).is_ok() && there == header;
        if !same {
            file.set_len(0).map_err(failed)?;
            file.write_all_at(&header, stat.size).map_err(|error| {
                // What cannot even begin shall not stay.
                let _ = std::fs::remove_file(&path);
                failed(error)
            })?;
        }
        let begin = stat.size + HEADER_BYTES as u64;
        let end = file.metadata().map_err(failed)?.len().max(begin);
        let records = (end - begin).div_ceil(RECORD_BYTES as u64);
        let journal = AtomicU64::new(begin + records * RECORD_BYTES as u64);
        Ok(Self { file, path, target: target.to_owned(), length: stat.size, journal })
    }

    /// What is there and whole: stretches in order that do not touch.
    ///
    /// # Errors
    /// `local_io`, `interrupted`.
    pub(super) fn verified(&self, transfer: &Transfer) -> Result<Vec<Range<u64>>> {
        let failed = |error: io::Error| local(&self.target, &error);
        let end = self.journal.load(Ordering::Relaxed);
        let mut at = self.length + HEADER_BYTES as u64;
        let (mut records, mut bytes, mut whole) = (Vec::new(), vec![0; DATA_BYTES_MAX], Vec::new());
        while at < end {
            let page = (end - at).min((RECORDS_READ_MAX * RECORD_BYTES) as u64) as usize;
            records.resize(page, 0);
            let read = read_up_to(&self.file, &mut records, at).map_err(failed)?;
            records.truncate(read);
            for record in records.chunks_exact(RECORD_BYTES) {
                let Some((stretch, crc)) = read_record(record, self.length) else { continue };
                transfer.check()?;
                let Some(bytes) = bytes.get_mut(..(stretch.end - stretch.start) as usize) else { continue };
                let read = read_up_to(&self.file, bytes, stretch.start).map_err(failed)?;
                if read == bytes.len() && crc32c::crc32c(bytes) == crc {
                    whole.push(stretch);
                }
            }
            at += page as u64;
        }
        Ok(merge(whole))
    }

    /// Takes a stretch of verified bytes.
    fn write(&self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, position)?;
        let at = self.journal.fetch_add(RECORD_BYTES as u64, Ordering::Relaxed);
        self.file.write_all_at(&record(position, bytes), at)
    }

    /// All is there: makes it the destination.
    ///
    /// # Errors
    /// `local_io`; `already_exists` when something is there that may not be replaced.
    pub(super) fn finish(
        self,
        mode: u16,
        persist: impl FnOnce(tempfile::NamedTempFile) -> Result<()>,
        modified: Option<std::time::SystemTime>,
    ) -> Result<()> {
        let failed = |error: io::Error| local(&self.target, &error);
        let ours = self.file.metadata().map_err(failed)?;
        if !is_at(&self.path, &ours) {
            let error = Error::new(ErrorCode::LocalIo, "the part file was replaced by another file meanwhile");
            return Err(error.at(self.target.display()));
        }
        self.file.set_len(self.length).map_err(failed)?;
        let made = ours.permissions().mode() & 0o777;
        self.file.set_permissions(Permissions::from_mode(made & u32::from(mode))).map_err(failed)?;
        if let Some(modified) = modified {
            self.file.set_modified(modified).map_err(failed)?;
        }
        let path = tempfile::TempPath::try_from_path(&self.path).map_err(failed)?;
        persist(tempfile::NamedTempFile::from_parts(self.file, path))
    }
}

impl Sink for Part {
    fn take(&self, position: u64, frame: &mut Vec<u8>, part: Range<usize>) -> Result<()> {
        self.write(position, frame.get(part).unwrap_or_default()).map_err(|error| local(&self.target, &error))
    }
}

/// None while another process holds it.
fn open_locked(path: &Path, mode: u16) -> io::Result<Option<File>> {
    for _ in 0..OPENS_MAX {
        let mut options = OpenOptions::new();
        // We must be able to write it, whatever its mode will be; a link that somebody laid there is not followed.
        options.read(true).write(true).create(true).truncate(false).mode(u32::from(mode) & 0o777 | 0o600);
        let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
        let found = file.metadata()?;
        refuse_stranger(&found)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // Who held it may have renamed it before we had it: then it is a finished file, and not ours to write.
        if is_at(path, &found) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Whether the path leads to this file, and to no other one by now.
fn is_at(path: &Path, file: &Metadata) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (file.dev(), file.ino()))
}

/// In a directory that others may write to, what lies there may have been laid out for us.
fn refuse_stranger(found: &Metadata) -> io::Result<()> {
    if found.is_file() && found.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "the part file beside it is not ours"))
}

fn read_up_to(file: &File, into: &mut [u8], mut at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Sorted, and made one where they touch.
fn merge(mut stretches: Vec<Range<u64>>) -> Vec<Range<u64>> {
    stretches.sort_unstable_by_key(|stretch| stretch.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for stretch in stretches {
        match merged.last_mut() {
            Some(last) if last.end >= stretch.start => last.end = last.end.max(stretch.end),
            _ => merged.push(stretch),
        }
    }
    merged
}

/// What of `range` is not in `kept`, which is sorted and does not touch.
pub(super) fn gaps(range: Range<u64>, kept: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut at = range.start;
    for stretch in kept {
        if stretch.start > at {
            gaps.push(at..stretch.start.min(range.end));
        }
        at = at.max(stretch.end);
    }
    if at < range.end {
        gaps.push(at..range.end);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn part_files_have_names_that_fit() {
        assert_eq!(path_of(Path::new("/a/b c")), Path::new("/a/.dfs-b c.partial"));
        assert_eq!(path_of(Path::new("x")), Path::new(".dfs-x.partial"));
        let [one, other] = ["1", "2"].map(|end| path_of(Path::new(&format!("/a/{}{end}", "ü".repeat(126)))));
        assert!(one != other && one.file_name().is_some_and(|name| name.len() <= 255), "{one:?}");
    }

    #[test]
    fn records_come_back_and_torn_ones_do_not() {
        let good = record(7, b"seven bytes");
        assert_eq!(read_record(&good, 18), Some((7..18, crc32c::crc32c(b"seven bytes"))));
        assert_eq!(read_record(&good, 17), None, "beyond the end of the file");
        assert_eq!(read_record(&[0; RECORD_BYTES], 100), None);
        for bit in 0..160 {
            let mut torn = good;
            torn[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_record(&torn, 100), None, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn gaps_and_what_is_kept_are_everything(
            stretches in prop::collection::vec((0u64..200, 1u64..30), 0..20),
            length in 0u64..200,
        ) {
            let stretches: Vec<_> = stretches
                .into_iter()
                .map(|(start, bytes)| start.min(length)..(start + bytes).min(length))
                .filter(|stretch| !stretch.is_empty())
                .collect();
            let merged = merge(stretches.clone());
            let gaps = gaps(0..length, &merged);
            for at in 0..length {
                let within = |ranges: &[Range<u64>]| ranges.iter().filter(|range| range.contains(&at)).count();
                let kept = stretches.iter().any(|stretch| stretch.contains(&at));
                prop_assert_eq!((within(&merged), within(&gaps)), if kept { (1, 0) } else { (0, 1) });
            }
            prop_assert!(merged.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
