//! Walks the sources of a `put`: local files and directories, and the destination of each.

use super::keep::keep_remote;
use super::made::JustMade;
use super::run::Step;
use super::tally::Done;
use crate::base::descriptors::is_lack;
use crate::base::report::{about, local_io};
use crate::command::Context;
use crate::lang::quote;
use crate::session::running::RunningTransfers;
use dfs_client::{AttributeChange, CancellationToken, Client, Progress, PutOptions, Source, is_part_file};
use dfs_term::text::sanitise;
use dfs_types::{DfsPath, Error, ErrorCode, PathError, Result, Timestamp};
use futures::{Stream, StreamExt};
use std::cell::RefCell;
use std::fs::{self, Metadata, ReadDir};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of directories whose attributes are set at the same time.
const SET_AT_ONCE: usize = 16;

/// The number of attempts to open a directory while no file descriptor is free, and the pause
/// between them: 30 s in total.
const OPENS_MAX: u32 = 300;
const OPENS_PAUSE: Duration = Duration::from_millis(100);

/// A file to write.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    from: PathBuf,
    to: DfsPath,
    mode: Option<u16>,
    modified: Option<Timestamp>,
    size: u64,
}

/// The place where a path was found: on the command line or in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The path is the only source.
    Alone,
    Among,
    /// The path was found in a directory.
    Not,
}

/// Walks local trees, and makes each directory in the DFS before its entries.
#[derive(Debug)]
pub(crate) struct Uploads {
    client: Client,
    recursive: bool,
    /// True if existing directories get attributes as well.
    update: bool,
    /// True if nothing is created.
    dry_run: bool,
    /// The remaining sources of the command line, in reverse order.
    named: Vec<(PathBuf, DfsPath)>,
    /// The directories on the current path, outermost first; as many as the tree is deep.
    open: Vec<(ReadDir, PathBuf, DfsPath)>,
    made: MadeRemote,
    just_made: JustMade<DfsPath>,
    /// True if there is only one source.
    alone: bool,
    /// True if a file older than 1970 was reported.
    old_told: bool,
    /// A step to return before the walk continues.
    next: Option<Step<Upload>>,
}

/// The directories that were made, and the attributes to set when they are complete.
#[derive(Debug, Clone, Default)]
pub(crate) struct MadeRemote(Rc<RefCell<Vec<RemoteDirectory>>>);

#[derive(Debug)]
struct RemoteDirectory {
    from: PathBuf,
    path: DfsPath,
    change: AttributeChange,
    /// True if this command made the directory.
    ours: bool,
}

impl MadeRemote {
    fn note(&self, from: &Path, path: &DfsPath, found: &Metadata, ours: bool) {
        let (mode, modified) = (Some(mode(found)), modified(found));
        let change = AttributeChange { mode, modified, ..AttributeChange::default() };
        self.0.borrow_mut().push(RemoteDirectory { from: from.to_owned(), path: path.clone(), change, ours });
    }

    /// Sets the modes and times of the directories as on this machine; with `keep` also the
    /// attributes `user.*`.
    pub(crate) async fn finish(&self, client: &Client, keep: bool) -> Vec<Error> {
        let made = std::mem::take(&mut *self.0.borrow_mut());
        let one = |RemoteDirectory { from, path, change, ours }: RemoteDirectory| async move {
            let kept = if keep { keep_remote(client, &from, &path).await } else { Ok(()) };
            let set = client.set_attributes(&path, change).await.map_err(|error| about(error, &path));
            // A directory of another user keeps its attributes.
            kept.and(set).err().filter(|error| ours || error.code != ErrorCode::PermissionDenied)
        };
        let set = futures::stream::iter(made.into_iter().rev()).map(one).buffer_unordered(SET_AT_ONCE);
        set.filter_map(std::future::ready).collect().await
    }
}

impl Uploads {
    /// Returns a walk of these sources, each with its destination.
    pub(crate) fn new(
        client: Client,
        named: Vec<(PathBuf, DfsPath)>,
        recursive: bool,
        update: bool,
        dry_run: bool,
        just_made: JustMade<DfsPath>,
    ) -> Self {
        let alone = named.len() == 1;
        let (named, made) = (named.into_iter().rev().collect(), MadeRemote::default());
        let (open, old_told, next) = (Vec::new(), false, None);
        Self { client, recursive, update, dry_run, named, open, made, just_made, alone, old_told, next }
    }

    /// Returns the directories that the walk makes, for use after the walk.
    pub(crate) fn made(&self) -> MadeRemote {
        self.made.clone()
    }

    /// Sums the sizes in advance, for the list of running transfers.
    pub(crate) fn estimate(&self, transfers: RunningTransfers) {
        let (paths, recursive) = (self.named.iter().map(|(from, _)| from.clone()).collect(), self.recursive);
        tokio::task::spawn_blocking(move || count(paths, recursive, &transfers));
    }

    /// Returns the steps lazily.
    pub(crate) fn steps(self) -> impl Stream<Item = Step<Upload>> {
        futures::stream::unfold(self, |mut walk| async move { walk.next().await.map(|step| (step, walk)) })
    }

    async fn next(&mut self) -> Option<Step<Upload>> {
        if let Some(step) = self.next.take() {
            return Some(step);
        }
        let Some((entries, from, to)) = self.open.last_mut() else {
            let (from, to) = self.named.pop()?;
            // A symbolic link is followed if it was named, but not if it was found in a directory.
            return Some(match fs::metadata(&from) {
                Ok(found) => self.visit(from, to, &found, if self.alone { Named::Alone } else { Named::Among }).await,
                Err(error) => Step::Failed(local_io(&from, &error)),
            });
        };
        let step = match entries.next() {
            None => {
                self.open.pop();
                return Box::pin(self.next()).await;
            }
            Some(Err(error)) => Step::Failed(local_io(from, &error)),
            Some(Ok(entry)) => {
                let from = entry.path();
                let place = match entry.file_name().to_str() {
                    Some(name) => to.join(name).map_err(Error::from),
                    None => Err(PathError::NotUtf8.into()),
                };
                match (place, entry.metadata()) {
                    (Err(error), _) => Step::Failed(error.at(from.display())),
                    (_, Err(error)) => Step::Failed(local_io(&from, &error)),
                    (Ok(to), Ok(found)) => self.visit(from, to, &found, Named::Not).await,
                }
            }
        };
        Some(step)
    }

    async fn visit(&mut self, from: PathBuf, to: DfsPath, found: &Metadata, named: Named) -> Step<Upload> {
        if found.is_dir() {
            if !self.recursive {
                let error = Error::new(ErrorCode::IsADirectory, "is a directory").at(from.display());
                return Step::Failed(error.hint("put -r takes directories"));
            }
            let made = to.to_string();
            return match self.enter(from, to, found).await {
                Ok(()) => Step::Directory(made),
                Err(error) => Step::Failed(error),
            };
        }
        if let Some(why) = why_skipped(&from, found, named) {
            return Step::Skipped { path: from.display().to_string(), why: why.to_owned() };
        }
        if is_part_file(&from) {
            let error = Error::new(ErrorCode::InvalidArgument, "is what an unfinished get has left, and no whole file");
            return Step::Failed(error.at(from.display()).hint("get -c finishes it"));
        }
        if let Err(error) = self.just_made.file(&from, &to) {
            return Step::Failed(error);
        }
        let mode = Some(mode(found));
        let (name, bytes) = (from.display().to_string(), found.len());
        let shown = sanitise(&name).into_owned();
        let file = Step::File { job: Upload { modified: modified(found), from, to, mode, size: bytes }, name, bytes };
        if self.old_told || !is_older_than_1970(found) {
            return file;
        }
        self.old_told = true;
        self.next = Some(file);
        Step::Note(format!("{shown}: is older than 1970: its time becomes 1970-01-01, as that of all such files"))
    }

    async fn enter(&mut self, from: PathBuf, to: DfsPath, found: &Metadata) -> Result<()> {
        self.just_made.directory(&from, &to)?;
        let entries = open_directory(&from).await.map_err(|error| local_io(&from, &error))?;
        if !self.dry_run && !to.is_root() {
            match self.client.mkdir(&to, false).await {
                Ok(()) => self.made.note(&from, &to, found, true),
                Err(error) if error.code == ErrorCode::AlreadyExists && self.is_directory(&to).await? => {
                    if self.update {
                        self.made.note(&from, &to, found, false);
                    }
                }
                Err(error) if error.code == ErrorCode::AlreadyExists => {
                    let error = Error::new(ErrorCode::NotADirectory, "is a file, which a directory does not replace");
                    let hint = format!("choose another name, or delete it: rm {}", quote(to.as_str()));
                    return Err(error.at(to).hint(hint));
                }
                Err(error) => return Err(crate::base::report::about(error, &to)),
            }
        }
        self.open.push((entries, from, to));
        Ok(())
    }

    async fn is_directory(&self, path: &DfsPath) -> Result<bool> {
        let stat = self.client.stat(path).await.map_err(|error| about(error, path))?;
        Ok(stat.kind == dfs_types::Kind::Directory)
    }
}

/// Opens a directory; if no file descriptor is free, waits until one is.
async fn open_directory(path: &Path) -> io::Result<ReadDir> {
    for _ in 0..OPENS_MAX {
        match fs::read_dir(path) {
            Err(error) if is_lack(&error) => tokio::time::sleep(OPENS_PAUSE).await,
            opened => return opened,
        }
    }
    fs::read_dir(path)
}

/// Returns the reason why a local file is skipped; none if it is transferred. A path named as the
/// only source is never skipped: it is transferred or fails.
fn why_skipped(path: &Path, found: &Metadata, named: Named) -> Option<&'static str> {
    match () {
        () if found.is_symlink() && named == Named::Not => Some("a symbolic link"),
        () if !found.is_file() && named == Named::Not => Some("neither file nor directory"),
        () if is_part_file(path) && named != Named::Alone => Some("what an unfinished get has left"),
        () => None,
    }
}

fn mode(found: &Metadata) -> u16 {
    (found.permissions().mode() & 0o777) as u16
}

/// Returns the time of a local file as the DFS stores it. The DFS has no time before 1970: such a
/// file gets the first one.
fn modified(found: &Metadata) -> Option<Timestamp> {
    time_of(found.modified().ok()?)
}

fn time_of(modified: SystemTime) -> Option<Timestamp> {
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp(u64::try_from(since.as_millis()).ok()?))
}

fn is_older_than_1970(found: &Metadata) -> bool {
    found.modified().is_ok_and(|modified| modified < UNIX_EPOCH)
}

/// Counts bytes and files below these paths as the walk will find them; stops if the transfer ends
/// first.
fn count(mut paths: Vec<PathBuf>, recursive: bool, transfers: &RunningTransfers) {
    let (mut bytes, mut files) = (0, 0);
    // A symbolic link is followed if it was named, but not if it is found in a directory.
    let mut named = paths.len();
    while let Some(path) = paths.pop() {
        if transfers.is_ended() {
            return;
        }
        let found = if paths.len() < named { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        named = named.min(paths.len());
        match found {
            Ok(found) if found.is_dir() && recursive => {
                paths.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            }
            Ok(found) if found.is_file() => {
                bytes += found.len();
                files += 1;
            }
            _ => {}
        }
    }
    transfers.estimate(bytes, files);
}

/// The options for writing files.
#[derive(Debug, Clone)]
pub(crate) struct Putting {
    pub client: Client,
    pub options: PutOptions,
    /// True if unchanged files are skipped.
    pub update: bool,
    /// True if attributes `user.*` are kept.
    pub keep: bool,
    pub cancel: CancellationToken,
}

impl Putting {
    /// Writes one file.
    ///
    /// # Errors
    /// Returns the errors of the put.
    pub(crate) async fn one(self, job: Upload, progress: Progress) -> Result<Done> {
        if self.update && job.is_there(&self.client).await? {
            return Ok(Done::Unchanged);
        }
        let options = PutOptions { mode: job.mode, modified: job.modified, ..self.options };
        let source = Source::File(job.from.clone());
        let put = self.client.put(source, &job.to, options, &progress, &self.cancel).await;
        let stat = put.map_err(|error| hinted(about(error, &job.to)))?;
        if self.keep {
            keep_remote(&self.client, &job.from, &job.to).await?;
        }
        Ok(Done::Copied { bytes: stat.size, taken_over: 0 })
    }
}

impl Upload {
    /// Adds the plan line of this file in a dry run.
    pub(crate) fn plan(&self, context: &mut Context<'_>) {
        context.only_planned([self.from.to_string_lossy().as_ref(), self.to.as_str()]);
    }

    /// Returns true if the remote file equals the local one in length and time.
    ///
    /// # Errors
    /// Returns an error if the remote file cannot be looked up.
    pub(crate) async fn is_there(&self, client: &Client) -> Result<bool> {
        match client.stat(&self.to).await {
            Ok(stat) => {
                let same = (stat.size, Some(stat.modified)) == (self.size, self.modified);
                Ok(same && stat.kind == dfs_types::Kind::File)
            }
            Err(error) if error.code == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(about(error, &self.to)),
        }
    }

    /// Returns the name that a local file gets in the DFS.
    ///
    /// # Errors
    /// Returns `invalid_path` if the name is not UTF-8, or if there is none, as for `..`.
    pub(crate) fn name(path: &Path) -> Result<&str> {
        let name = path.file_name().ok_or_else(|| Error::from(PathError::NotNormal).at(path.display()))?;
        name.to_str().ok_or_else(|| Error::from(PathError::NotUtf8).at(path.display()))
    }
}
/// Adds a hint, if there is none.
fn hinted(error: Error) -> Error {
    match error.code {
        ErrorCode::AlreadyExists if error.hint.is_none() => error.hint("put -f replaces it"),
        ErrorCode::IsADirectory if error.hint.is_none() => {
            error.hint("a file does not replace a directory: choose another name, or delete it with rm -r")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_is_the_first_that_there_is() {
        for (time, ms) in [
            (UNIX_EPOCH + Duration::from_millis(7), 7),
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH - Duration::from_millis(500), 0),
            (UNIX_EPOCH - Duration::from_secs(10 * 365 * 86_400), 0),
        ] {
            assert_eq!(time_of(time), Some(Timestamp(ms)), "{time:?}");
        }
    }

    #[test]
    fn part_files_are_left_out_and_alone_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let (file, part) = (at("file"), at(".dfs-x.partial"));
        for path in [&file, &part] {
            fs::write(path, "").expect("written");
        }
        std::os::unix::fs::symlink(&file, at("link")).expect("linked");
        let why = |path: &Path, named| why_skipped(path, &fs::symlink_metadata(path).expect("there"), named);
        let left = Some("what an unfinished get has left");
        assert_eq!([Named::Alone, Named::Among, Named::Not].map(|named| why(&file, named)), [None; 3]);
        assert_eq!([Named::Alone, Named::Among, Named::Not].map(|named| why(&part, named)), [None, left, left]);
        assert_eq!(why(&at("link"), Named::Not), Some("a symbolic link"));
    }
}
