//! The implementation of `get`.

#![expect(clippy::disallowed_methods, reason = "the content is written to a local file")]

use super::fetch::Fetcher;
use super::partial::{PartialFile, gaps};
use super::plan::Pieces;
use super::sink::{Discard, FileSink, Memory, Sink, ordered};
use super::target::{Replacing, exists, local_target};
use crate::bridge::Bridge;
use crate::client::Client;
use crate::progress::{Event, Progress};
use crate::transfer::{Transfer, interrupted, local, supervise};
use dfs_types::{ByteSize, Detail, DfsPath, Error, ErrorCode, Result, Stat};
use parking_lot::Mutex;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

/// The maximum number of bytes that [`Client::read_range`] keeps in memory at once.
const RANGE_BYTES_MAX: u64 = 1 << 30;

/// The maximum number of restarts of a get whose file is replaced during the read.
const RESTARTS_MAX: u32 = 3;

/// The destination of the content of a file.
pub enum Dest {
    /// A local file. It appears with all its content or not at all, and a file that it replaces is
    /// kept until then.
    File(PathBuf),
    /// A writer that receives the bytes in order. Bytes written before an error are not taken back.
    Writer(Box<dyn Write + Send>),
    /// An async [`Dest::Writer`].
    Async(Box<dyn AsyncWrite + Send>),
    /// No destination: the file is only read and verified.
    Discard,
}

impl std::fmt::Debug for Dest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Writer(_) => f.write_str("Writer"),
            Self::Async(_) => f.write_str("Async"),
            Self::Discard => f.write_str("Discard"),
        }
    }
}

/// Options of [`Client::get`].
#[derive(Debug, Clone, Default)]
pub struct GetOptions {
    /// Replaces an existing local file; see [`local_target`].
    pub overwrite: bool,
    /// If the local file is a symbolic link, writes the file that it points to; otherwise a link is refused.
    pub through_links: bool,
    /// Offset and length; the whole file if none. The part beyond the end of the file is ignored.
    pub range: Option<(u64, u64)>,
    /// Sets the modification time of the local file to that of the remote one.
    pub keep_modified: bool,
    /// For a local file: keeps the received data if the get is interrupted, and continues with the
    /// data of an earlier get, as far as it is intact and of the same version of the file. Not for
    /// a range.
    pub resume: bool,
}

impl GetOptions {
    fn replacing(&self) -> Replacing {
        Replacing { files: self.overwrite, through_links: self.through_links }
    }
}

impl Dest {
    /// Returns an equal destination if a read can restart.
    fn again(&self) -> Option<Self> {
        match self {
            Self::File(path) => Some(Self::File(path.clone())),
            Self::Discard => Some(Self::Discard),
            Self::Writer(_) | Self::Async(_) => None,
        }
    }
}

/// Implements [`Client::get`].
pub(crate) async fn get(
    client: &Client,
    path: &DfsPath,
    dest: Dest,
    options: GetOptions,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Stat> {
    let mut dest = Some(dest);
    let mut result = Err(interrupted());
    for _ in 0..RESTARTS_MAX {
        let Some(now) = dest.take() else { break };
        let transfer = Transfer::new(client, path, progress, cancel);
        let patient = matches!(now, Dest::File(_) | Dest::Discard);
        dest = now.again();
        let reading = {
            let (transfer, options) = (transfer.clone(), options.clone());
            move || read(&transfer, now, &options)
        };
        result = supervise(&transfer, cancel, patient, reading).await;
        if !transfer.replaced.load(Ordering::Relaxed) {
            break;
        }
        progress.take_back(transfer.fetched.load(Ordering::Relaxed));
        progress.keep_nothing();
    }
    match &result {
        Ok(stat) => progress.tell(Event::Ended { path: path.to_string(), bytes: stat.size }),
        Err(error) => progress.tell(Event::Failed { path: path.to_string(), error: error.clone() }),
    }
    result
}

/// Implements [`Client::read_range`].
pub(crate) async fn read_range(client: &Client, path: &DfsPath, offset: u64, length: u64) -> Result<Vec<u8>> {
    let cancel = CancellationToken::new();
    let transfer = Transfer::new(client, path, &Progress::new(), &cancel);
    let reading = {
        let transfer = transfer.clone();
        move || read_to_memory(&transfer, offset, length)
    };
    supervise(&transfer, &cancel, true, reading).await
}

fn read(transfer: &Arc<Transfer>, dest: Dest, options: &GetOptions) -> Result<Stat> {
    let (offset, length) = options.range.unwrap_or((0, u64::MAX));
    let dest = match dest {
        Dest::File(path) => Dest::File(local_target(&path, options.replacing())?),
        other => other,
    };
    let mut pieces = Pieces::plan(transfer, offset, length)?;
    transfer.progress.tell(Event::Started { path: transfer.path.to_string(), bytes: Some(pieces.bytes()) });
    transfer.progress.expect(pieces.bytes());
    match dest {
        Dest::Discard => fetch_all(transfer, &pieces, &Discard)?,
        Dest::File(path) if options.resume && options.range.is_none() => {
            read_to_partial(transfer, &mut pieces, &path, options)?;
        }
        Dest::File(path) => read_to_file(transfer, &pieces, &path, options)?,
        Dest::Writer(mut writer) => read_in_order(transfer, &pieces, &mut *writer)?,
        Dest::Async(stream) => {
            let (runtime, cancel) = (transfer.runtime(), transfer.cancel.clone());
            read_in_order(transfer, &pieces, &mut Bridge { runtime, cancel, stream: stream.into() })?;
        }
    }
    Ok(pieces.stat)
}

/// Fetches chunks in parallel; the first error stops all threads.
fn fetch_all(transfer: &Transfer, pieces: &Pieces, sink: &dyn Sink) -> Result<()> {
    let fetcher = Fetcher::new(transfer, pieces, sink);
    let first_error = Mutex::new(None);
    let work = || {
        if let Err(error) = fetcher.run() {
            first_error.lock().get_or_insert(error);
            transfer.stop();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..pieces.threads(transfer.client.settings().parallel_chunks) {
            let thread = std::thread::Builder::new().name("dfs-get".to_owned());
            // Fewer threads only reduce the throughput.
            if thread.spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    first_error.into_inner().map_or(Ok(()), Err)
}

fn read_in_order(transfer: &Transfer, pieces: &Pieces, writer: &mut (dyn Write + Send)) -> Result<()> {
    let (sink, drain) = ordered();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("dfs-get".to_owned());
        let fetching = thread.spawn_scoped(scope, move || Fetcher::new(transfer, pieces, &sink).run());
        let fetching = fetching.map_err(|error| local(Path::new("-"), &error))?;
        let written = drain.run(writer);
        let fetched =
            fetching.join().unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "a thread of the read ended")));
        written.map_err(|error| local(Path::new("-"), &error))?;
        fetched
    })
}

fn read_to_memory(transfer: &Arc<Transfer>, offset: u64, length: u64) -> Result<Vec<u8>> {
    let pieces = Pieces::plan(transfer, offset, length)?;
    if pieces.bytes() > RANGE_BYTES_MAX {
        let limit = ByteSize(RANGE_BYTES_MAX);
        let error = Error::new(ErrorCode::InvalidArgument, format!("at most {limit} can be read into memory at once"));
        return Err(error.at(&transfer.path));
    }
    let memory = Memory(Mutex::new(vec![0; pieces.bytes() as usize]));
    fetch_all(transfer, &pieces, &memory)?;
    Ok(memory.0.into_inner())
}

/// Writes a temporary file next to the destination, and renames it at the end. The temporary file
/// is deleted on failure.
fn read_to_file(transfer: &Transfer, pieces: &Pieces, path: &Path, options: &GetOptions) -> Result<()> {
    let beside = create_beside(path, pieces.stat.mode)?;
    let open = beside.as_file().try_clone().map_err(|error| local(path, &error))?;
    let sink = FileSink { file: open, path: path.to_owned() };
    fetch_all(transfer, pieces, &sink)?;
    if let Some(modified) = modified(pieces, options) {
        sink.file.set_modified(modified).map_err(|error| local(path, &error))?;
    }
    transfer.check()?;
    persist(beside, path, options)
}

/// Does the same with a partial file that survives an interrupted get, so that the next get
/// continues it.
fn read_to_partial(transfer: &Transfer, pieces: &mut Pieces, path: &Path, options: &GetOptions) -> Result<()> {
    let part = PartialFile::open(path, &pieces.stat, pieces.first)?;
    let kept = part.verified(transfer)?;
    transfer.progress.keep(kept.iter().map(|stretch| stretch.end - stretch.start).sum());
    pieces.only(gaps(pieces.range.clone(), &kept));
    fetch_all(transfer, pieces, &part).map_err(|mut error| {
        if let Some(Detail::LocalDiskFull { part_kept, .. }) = error.detail.as_deref_mut() {
            *part_kept = true;
        }
        error
    })?;
    transfer.check()?;
    part.finish(pieces.stat.mode, |part| persist(part, path, options), modified(pieces, options))
}

fn modified(pieces: &Pieces, options: &GetOptions) -> Option<SystemTime> {
    options.keep_modified.then(|| SystemTime::UNIX_EPOCH + Duration::from_millis(pieces.stat.modified.0))
}

fn create_beside(path: &Path, mode: u16) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dfs-").suffix(".partial").permissions(Permissions::from_mode(u32::from(mode) & 0o777));
    builder.tempfile_in(directory_of(path)).map_err(|error| local(path, &error))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Ignores the error of a file system that cannot sync a directory, such as some network file
/// systems.
fn sync(file: &File) -> std::io::Result<()> {
    match rustix::io::retry_on_intr(|| rustix::fs::fsync(file)) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOTSUP) => Ok(()),
        done => Ok(done?),
    }
}

/// Gives the file its final name. If it replaces another file, a crash leaves either the old or the
/// new content: the new content is synced before the rename, and the directory after it. A new file
/// is not synced, as with `cp`: only the copy could be lost.
fn persist(beside: NamedTempFile, path: &Path, options: &GetOptions) -> Result<()> {
    persist_by(beside, path, options, sync)
}

fn persist_by(
    beside: NamedTempFile,
    path: &Path,
    options: &GetOptions,
    mut sync: impl FnMut(&File) -> std::io::Result<()>,
) -> Result<()> {
    // The destination may have changed since the first check.
    local_target(path, Replacing { through_links: false, ..options.replacing() })?;
    let replaces = std::fs::symlink_metadata(path).is_ok();
    if replaces {
        sync(beside.as_file()).map_err(|error| local(path, &error))?;
    }
    let renamed: Result<File, _> =
        if options.overwrite { beside.persist(path) } else { beside.persist_noclobber(path) };
    match renamed {
        Ok(_) if replaces => {
            let directory = File::open(directory_of(path)).and_then(|directory| sync(&directory));
            directory.map_err(|error| local(path, &error))
        }
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(failed) => Err(local(path, &failed.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the content of the destination at each sync, and at the end.
    fn seen(before: Option<&str>, overwrite: bool) -> (Vec<Option<String>>, Option<String>) {
        let directory = tempfile::tempdir().expect("temp directory");
        let path = directory.path().join("file");
        if let Some(before) = before {
            std::fs::write(&path, before).expect("write");
        }
        let mut beside = create_beside(&path, 0o644).expect("make");
        beside.write_all(b"new").expect("write");
        let mut seen = Vec::new();
        let options = GetOptions { overwrite, ..GetOptions::default() };
        let done = persist_by(beside, &path, &options, |_| {
            seen.push(std::fs::read_to_string(&path).ok());
            Ok(())
        });
        assert_eq!(done.is_err(), before.is_some() && !overwrite);
        (seen, std::fs::read_to_string(&path).ok())
    }

    #[test]
    fn a_replacing_file_is_synced_before_and_after_the_rename() {
        let (old, new) = (Some("old".to_owned()), Some("new".to_owned()));
        assert_eq!(seen(Some("old"), true), (vec![old.clone(), new.clone()], new.clone()));
        assert_eq!(seen(None, true), (vec![], new.clone()));
        assert_eq!(seen(None, false), (vec![], new));
        assert_eq!(seen(Some("old"), false), (vec![], old));
    }

    #[test]
    fn a_failed_sync_leaves_the_old_content() {
        let directory = tempfile::tempdir().expect("temp directory");
        let path = directory.path().join("file");
        std::fs::write(&path, "old").expect("write");
        let beside = create_beside(&path, 0o644).expect("make");
        let options = GetOptions { overwrite: true, ..GetOptions::default() };
        let failed = persist_by(beside, &path, &options, |_| Err(std::io::ErrorKind::StorageFull.into()));
        assert!(failed.is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "old");
        assert_eq!(std::fs::read_dir(directory.path()).expect("list").count(), 1);
    }
}
