//! The walk of a `put`: local files and folders, and where each goes.

use super::Step;
use crate::context::Context;
use crate::report::local_io;
use dfs_client::{Client, Progress, PutOptions, Source};
use dfs_types::{DfsPath, Error, ErrorCode, PathError, Result, Timestamp};
use futures::Stream;
use std::fs::{self, Metadata, ReadDir};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tokio_util::sync::CancellationToken;

/// A file to be written.
#[derive(Debug)]
pub struct Upload {
    from: PathBuf,
    to: DfsPath,
    mode: Option<u16>,
    modified: Option<Timestamp>,
}

/// Walks local trees, making their folders in the DFS before what is in them.
#[derive(Debug)]
pub struct Uploads {
    client: Client,
    recursive: bool,
    /// Nothing is made.
    dry_run: bool,
    /// What was named on the command line and comes next, last first.
    named: Vec<(PathBuf, DfsPath)>,
    /// The folders that we are in, outermost first; as many as the tree is deep.
    open: Vec<(ReadDir, PathBuf, DfsPath)>,
}

impl Uploads {
    /// A walk of these, each with the place it goes to.
    pub fn new(client: Client, named: Vec<(PathBuf, DfsPath)>, recursive: bool, dry_run: bool) -> Self {
        Self { client, recursive, dry_run, named: named.into_iter().rev().collect(), open: Vec::new() }
    }

    /// The steps, found one by one.
    pub fn steps(self) -> impl Stream<Item = Step<Upload>> {
        futures::stream::unfold(self, |mut walk| async move { walk.next().await.map(|step| (step, walk)) })
    }

    async fn next(&mut self) -> Option<Step<Upload>> {
        let Some((entries, from, to)) = self.open.last_mut() else {
            let (from, to) = self.named.pop()?;
            // A link that was named is followed; one that was met is not.
            return Some(match fs::metadata(&from) {
                Ok(found) => self.visit(from, to, &found, true).await,
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
                    (Ok(to), Ok(found)) => self.visit(from, to, &found, false).await,
                }
            }
        };
        Some(step)
    }

    async fn visit(&mut self, from: PathBuf, to: DfsPath, found: &Metadata, named: bool) -> Step<Upload> {
        if found.is_dir() {
            if !self.recursive {
                let error = Error::new(ErrorCode::IsADirectory, "is a folder").at(from.display());
                return Step::Failed(error.hint("put -r takes folders"));
            }
            let made = to.to_string();
            return match self.enter(from, to).await {
                Ok(()) => Step::Folder(made),
                Err(error) => Step::Failed(error),
            };
        }
        if !found.is_file() && !named {
            let why = if found.is_symlink() { "a symbolic link" } else { "neither file nor folder" };
            return Step::Skipped { path: from.display().to_string(), why: why.to_owned() };
        }
        let mode = Some((found.permissions().mode() & 0o777) as u16);
        Step::File { job: Upload { modified: modified(found), from, to, mode }, bytes: found.len() }
    }

    async fn enter(&mut self, from: PathBuf, to: DfsPath) -> Result<()> {
        let entries = fs::read_dir(&from).map_err(|error| local_io(&from, &error))?;
        if !self.dry_run && !to.is_root() {
            match self.client.mkdir(&to, false).await {
                Ok(()) => {}
                Err(error) if error.code == ErrorCode::AlreadyExists && self.is_folder(&to).await? => {}
                Err(error) => return Err(crate::report::about(error, &to)),
            }
        }
        self.open.push((entries, from, to));
        Ok(())
    }

    async fn is_folder(&self, path: &DfsPath) -> Result<bool> {
        Ok(self.client.stat(path).await?.kind == dfs_types::Kind::Directory)
    }
}

fn modified(found: &Metadata) -> Option<Timestamp> {
    let since = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp(u64::try_from(since.as_millis()).ok()?))
}

/// Writes one file; gives its length.
///
/// # Errors
/// Those of the put.
pub async fn upload(
    client: Client,
    job: Upload,
    options: PutOptions,
    progress: Progress,
    cancel: CancellationToken,
) -> Result<u64> {
    let options = PutOptions { mode: job.mode, modified: job.modified, ..options };
    let put = client.put(Source::File(job.from), &job.to, options, &progress, &cancel).await;
    put.map(|stat| stat.size).map_err(|error| crate::report::about(error, &job.to))
}

impl Upload {
    /// In a dry run: notes the line that would do it.
    pub fn is_only_planned(&self, context: &mut Context<'_>) -> bool {
        context.only_planned(["put", &self.from.to_string_lossy(), self.to.as_str()])
    }

    /// The name that a local file gets in the DFS.
    ///
    /// # Errors
    /// `invalid_path` when it is not UTF-8, or none, as that of `..`.
    pub fn name(path: &Path) -> Result<&str> {
        let name = path.file_name().ok_or_else(|| Error::from(PathError::NotNormal).at(path.display()))?;
        name.to_str().ok_or_else(|| Error::from(PathError::NotUtf8).at(path.display()))
    }
}
