//! The walk of a `get`: remote files and folders, and where each goes.

use super::Step;
use crate::report::{about, local_io};
use dfs_client::{Client, Dest, GetOptions, Progress};
use dfs_types::{DfsPath, Entry, Error, ErrorCode, Kind, Result, Stat};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::fs;
use std::io;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

/// A file to be read.
#[derive(Debug)]
pub struct Download {
    pub from: DfsPath,
    pub to: PathBuf,
}

/// Walks remote trees, making their folders on this machine before what is in them.
pub struct Downloads {
    client: Client,
    recursive: bool,
    /// Nothing is made.
    dry_run: bool,
    /// What was named on the command line and comes next, last first.
    named: Vec<(DfsPath, PathBuf)>,
    /// The folders that we are in, outermost first: one page of entries each.
    open: Vec<(BoxStream<'static, Result<Entry>>, DfsPath, PathBuf)>,
}

impl Downloads {
    /// A walk of these, each with the place it goes to.
    pub fn new(client: Client, named: Vec<(DfsPath, PathBuf)>, recursive: bool, dry_run: bool) -> Self {
        Self { client, recursive, dry_run, named: named.into_iter().rev().collect(), open: Vec::new() }
    }

    /// The steps, found one by one.
    pub fn steps(self) -> impl Stream<Item = Step<Download>> {
        futures::stream::unfold(self, |mut walk| async move { walk.next().await.map(|step| (step, walk)) })
    }

    async fn next(&mut self) -> Option<Step<Download>> {
        let Some((entries, from, to)) = self.open.last_mut() else {
            let (from, to) = self.named.pop()?;
            return Some(match self.client.stat(&from).await {
                Ok(stat) => self.visit(from, to, &stat),
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
            Some(Ok(entry)) => {
                let to = to.join(&entry.name);
                match from.join(&entry.name) {
                    Ok(from) => self.visit(from, to, &entry.stat),
                    Err(error) => Step::Failed(Error::from(error).at(to.display())),
                }
            }
        };
        Some(step)
    }

    fn visit(&mut self, from: DfsPath, to: PathBuf, stat: &Stat) -> Step<Download> {
        if stat.kind == Kind::File {
            return Step::File { job: Download { from, to }, bytes: stat.size };
        }
        if !self.recursive {
            return Step::Failed(
                Error::new(ErrorCode::IsADirectory, "is a folder").at(from).hint("get -r takes folders"),
            );
        }
        if !self.dry_run {
            match fs::create_dir(&to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && to.is_dir() => {}
                Err(error) => return Step::Failed(local_io(&to, &error)),
            }
        }
        let entries = self.client.list_all(&from, "").boxed();
        let made = to.display().to_string();
        self.open.push((entries, from, to));
        Step::Folder(made)
    }
}

/// Reads one file; gives its length.
///
/// # Errors
/// Those of the get.
pub async fn download(
    client: Client,
    job: Download,
    overwrite: bool,
    progress: Progress,
    cancel: CancellationToken,
) -> Result<u64> {
    let options = GetOptions { overwrite, keep_modified: true, ..GetOptions::default() };
    let got = client.get(&job.from, Dest::File(job.to), options, &progress, &cancel).await;
    got.map(|stat| stat.size).map_err(|error| about(error, &job.from))
}
