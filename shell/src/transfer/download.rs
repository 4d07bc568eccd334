//! Walks the sources of a `get`: remote files and directories, and the destination of each.

use super::keep::keep_local;
use super::made::JustMade;
use super::run::Step;
use super::tally::Done;
use crate::base::report::{about, local_io};
use crate::session::running::RunningTransfers;
use dfs_client::{CancellationToken, Client, Dest, GetOptions, Progress};
use dfs_types::{DfsPath, Entry, Error, ErrorCode, Kind, Result, Stat, Timestamp};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::cell::RefCell;
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// With more arguments than this, the sum of their sizes is not requested in advance.
const ESTIMATED_MAX: usize = 1000;

/// A file to read.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    pub from: DfsPath,
    pub to: PathBuf,
    /// True if the file was named on the command line: a symbolic link at its destination may then
    /// be followed.
    named: bool,
    size: u64,
    modified: Timestamp,
}

/// Walks remote trees, and makes each directory on this machine before its entries.
pub(crate) struct Downloads {
    client: Client,
    recursive: bool,
    /// True if existing directories come from an earlier, interrupted get.
    resume: bool,
    /// True if nothing is created.
    dry_run: bool,
    /// The remaining sources of the command line, in reverse order.
    named: Vec<(DfsPath, PathBuf)>,
    /// The directories on the current path, outermost first: one page of entries each.
    open: Vec<(BoxStream<'static, Result<Entry>>, DfsPath, PathBuf)>,
    made: Made,
    just_made: JustMade<PathBuf>,
}

/// The directories that were made, and the attributes to set when they are complete.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made(Rc<RefCell<Vec<LocalDirectory>>>);

#[derive(Debug)]
struct LocalDirectory {
    from: DfsPath,
    path: PathBuf,
    mode: u16,
    modified: Timestamp,
}

impl Downloads {
    /// Returns a walk of these sources, each with its destination.
    pub(crate) fn new(
        client: Client,
        named: Vec<(DfsPath, PathBuf)>,
        recursive: bool,
        resume: bool,
        dry_run: bool,
        just_made: JustMade<PathBuf>,
    ) -> Self {
        let (named, made) = (named.into_iter().rev().collect(), Made::default());
        Self { client, recursive, resume, dry_run, named, open: Vec::new(), made, just_made }
    }

    /// Returns the directories that the walk makes, for use after the walk.
    pub(crate) fn made(&self) -> Made {
        self.made.clone()
    }

    /// Sums the sizes in advance, for the list of running transfers.
    pub(crate) fn estimate(&self, transfers: RunningTransfers) {
        if self.named.len() > ESTIMATED_MAX {
            return;
        }
        let (client, paths) =
            (self.client.clone(), self.named.iter().map(|(from, _)| from.clone()).collect::<Vec<_>>());
        tokio::spawn(async move {
            let (mut bytes, mut files) = (0, 0);
            for path in paths {
                // The walk will report the error.
                if let Ok(stat) = client.stat(&path).await {
                    bytes += stat.size;
                    files += if stat.kind == Kind::File { 1 } else { stat.files };
                }
            }
            transfers.estimate(bytes, files);
        });
    }

    /// Returns the steps lazily.
    pub(crate) fn steps(self) -> impl Stream<Item = Step<Download>> {
        futures::stream::unfold(self, |mut walk| async move { walk.next().await.map(|step| (step, walk)) })
    }

    async fn next(&mut self) -> Option<Step<Download>> {
        let Some((entries, from, to)) = self.open.last_mut() else {
            let (from, to) = self.named.pop()?;
            return Some(match self.client.stat(&from).await {
                Ok(stat) => self.visit(from, to, &stat, true),
                Err(error) => Step::Failed(about(error, &from)),
            });
        };
        let step = match entries.next().await {
            None => {
                self.open.pop();
                return Box::pin(self.next()).await;
            }
            Some(Err(error)) => {
                let error = about(error, from);
                self.open.pop();
                Step::Failed(error)
            }
            // A name that is not valid, such as `..`, is rejected before it is used as a local
            // name.
            Some(Ok(entry)) => match from.join(&entry.name) {
                Ok(from) => {
                    let to = to.join(&entry.name);
                    self.visit(from, to, &entry.stat, false)
                }
                Err(error) => Step::Failed(Error::from(error).at(from.as_str())),
            },
        };
        Some(step)
    }

    fn visit(&mut self, from: DfsPath, to: PathBuf, stat: &Stat, named: bool) -> Step<Download> {
        if stat.kind == Kind::File {
            if let Err(error) = self.just_made.file(&from, &to) {
                return Step::Failed(error);
            }
            let name = from.to_string();
            let job = Download { from, to, named, size: stat.size, modified: stat.modified };
            return Step::File { job, name, bytes: stat.size };
        }
        if !self.recursive {
            return Step::Failed(
                Error::new(ErrorCode::IsADirectory, "is a directory").at(from).hint("get -r takes directories"),
            );
        }
        if !self.dry_run
            && let Err(error) = self.make(&from, &to, stat, named)
        {
            return Step::Failed(error);
        }
        let entries = self.client.list_all(&from, "").boxed();
        let made = to.display().to_string();
        self.open.push((entries, from, to));
        Step::Directory(made)
    }

    fn make(&mut self, from: &DfsPath, to: &PathBuf, stat: &Stat, named: bool) -> Result<()> {
        self.just_made.directory(from, to)?;
        // The directory must be writable while the transfer runs, whatever its final mode is.
        match DirBuilder::new().mode(u32::from(stat.mode) & 0o777 | 0o700).create(to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                enter(to, named)?;
                if !self.resume {
                    return Ok(());
                }
            }
            Err(error) => return Err(local_io(to, &error)),
        }
        let (mode, modified) = (stat.mode, stat.modified);
        self.made.0.borrow_mut().push(LocalDirectory { from: from.clone(), path: to.to_owned(), mode, modified });
        Ok(())
    }
}

/// Checks that the path is an existing directory to write into. A symbolic link below the named
/// destination is rejected, because it could lead anywhere.
fn enter(to: &Path, named: bool) -> Result<()> {
    let found = fs::symlink_metadata(to).map_err(|error| local_io(to, &error))?;
    if found.is_dir() || (named && to.is_dir()) {
        return Ok(());
    }
    let what = if found.is_symlink() {
        "is a symbolic link, which could lead out of the directory that was named"
    } else {
        "is there and no directory"
    };
    Err(Error::new(ErrorCode::NotADirectory, what).at(to.display()))
}

impl Made {
    /// Sets the modes and times of the directories as in the DFS, innermost first; with `keep` also
    /// their attributes.
    pub(crate) async fn finish(&self, client: &Client, keep: bool) -> Vec<Error> {
        let made = std::mem::take(&mut *self.0.borrow_mut());
        let mut failed = Vec::new();
        for LocalDirectory { from, path, mode, modified } in made.into_iter().rev() {
            if keep {
                failed.extend(keep_local(client, &from, &path).await.err());
            }
            failed.extend(finish(&path, mode, modified).err().map(|error| local_io(&path, &error)));
        }
        failed
    }
}

fn finish(path: &Path, mode: u16, modified: Timestamp) -> io::Result<()> {
    let directory = File::open(path)?;
    // Permissions that the umask removed stay removed.
    let mode = directory.metadata()?.permissions().mode() & u32::from(mode) & 0o777;
    directory.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(modified.0))?;
    directory.set_permissions(Permissions::from_mode(mode))
}

/// The options for reading files.
#[derive(Debug, Clone)]
pub(crate) struct Getting {
    pub client: Client,
    pub overwrite: bool,
    /// True if interrupted files are continued and unchanged files are skipped.
    pub resume: bool,
    /// True if attributes `user.*` are kept.
    pub keep: bool,
    pub cancel: CancellationToken,
}

impl Getting {
    /// Reads one file.
    ///
    /// # Errors
    /// Returns the errors of the get.
    pub(crate) async fn one(self, job: Download, progress: Progress) -> Result<Done> {
        let found = if job.named { fs::metadata(&job.to) } else { fs::symlink_metadata(&job.to) };
        if self.resume && found.is_ok_and(|found| job.is_same(&found)) {
            return Ok(Done::Unchanged);
        }
        let options = GetOptions {
            overwrite: self.overwrite,
            through_links: job.named,
            keep_modified: true,
            resume: self.resume,
            ..GetOptions::default()
        };
        let dest = Dest::File(job.to.clone());
        let got = self.client.get(&job.from, dest, options, &progress, &self.cancel).await;
        let stat = got.map_err(|error| about(error, &job.from))?;
        if self.keep {
            keep_local(&self.client, &job.from, &job.to).await?;
        }
        Ok(Done::Copied { bytes: stat.size, taken_over: progress.bytes_kept() })
    }
}

impl Download {
    /// Returns true if the local file equals the remote one in length and time.
    fn is_same(&self, found: &Metadata) -> bool {
        let ms = found.mtime().checked_mul(1000).map(|ms| ms + found.mtime_nsec() / 1_000_000);
        found.is_file() && found.len() == self.size && ms.and_then(|ms| u64::try_from(ms).ok()) == Some(self.modified.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_only_where_they_were_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let (inside, link, file) = (directory.path().join("d"), directory.path().join("l"), directory.path().join("f"));
        fs::create_dir(&inside).expect("made");
        fs::write(&file, "").expect("written");
        std::os::unix::fs::symlink(&inside, &link).expect("linked");
        assert_eq!(enter(&inside, false), Ok(()));
        assert_eq!(enter(&link, true), Ok(()));
        for (path, named) in [(&link, false), (&file, false), (&file, true)] {
            assert_eq!(enter(path, named).map_err(|error| error.code), Err(ErrorCode::NotADirectory), "{path:?}");
        }
    }
}
