//! The destination of `mv` and `cp`: an existing directory, or a new name.

use crate::context::Context;
use crate::line::quote;
use crate::report::about;
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Kind, Result};
use std::ffi::OsString;

/// The last argument, after a look at the cluster.
#[derive(Debug)]
pub(super) struct Destination {
    target: DfsPath,
    /// It is an existing directory.
    into: bool,
}

impl Destination {
    /// Looks up the destination of so many sources. `done` is the participle in the error, as in "moved".
    ///
    /// # Errors
    /// `not_a_directory` for several sources and no folder.
    pub(super) async fn of(
        context: &Context<'_>,
        client: &Client,
        target: DfsPath,
        sources: usize,
        done: &str,
    ) -> Result<Self> {
        let into = is_folder(context, client, &target).await?;
        if !into && sources > 1 {
            let what = format!("several can only be {done} into a folder");
            return Err(Error::new(ErrorCode::NotADirectory, what).at(target));
        }
        Ok(Self { target, into })
    }

    /// Returns the path that a source gets.
    ///
    /// # Errors
    /// `invalid_path` when its name does not fit in there.
    pub(super) fn place(&self, from: &DfsPath) -> Result<DfsPath> {
        match from.name() {
            Some(name) if self.into => self.target.join(name).map_err(|error| Error::from(error).at(from)),
            _ => Ok(self.target.clone()),
        }
    }
}

/// Adds one line to the plan of a dry run: what it does depends on what exists when it runs.
///
/// # Errors
/// `invalid_path`.
pub(super) fn plan(context: &mut Context<'_>, flags: &[&str], sources: &[OsString], target: &DfsPath) -> Result<()> {
    let sources = sources.iter().map(|source| context.remote(source)).collect::<Result<Vec<_>>>()?;
    let paths = sources.iter().chain([target]).map(DfsPath::as_str);
    context.only_planned([context.command].into_iter().chain(flags.iter().copied()).chain(paths));
    Ok(())
}

/// Returns the error with the path that it is about: masters name the source also when the directory of the target is
/// missing. `replaces` is the hint for a target that exists.
pub(super) async fn blamed(
    context: &Context<'_>,
    client: &Client,
    error: Error,
    (from, to): (&DfsPath, &DfsPath),
    replaces: &str,
) -> Error {
    let folder = to.parent().filter(|_| error.code == ErrorCode::NotFound);
    match folder {
        Some(folder) if context.call(client.stat(from)).await.is_ok() => {
            let hint = format!("mkdir -p {} makes the folder", quote(folder.as_str()));
            Error { path: None, ..error }.at(to).hint(hint)
        }
        None if error.code == ErrorCode::AlreadyExists => about(error, to).hint(replaces),
        _ => about(error, from),
    }
}

/// Returns whether `path` is a directory; false when nothing is there.
pub(super) async fn is_folder(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<bool> {
    match context.call(client.stat(path)).await {
        Ok(stat) => Ok(stat.kind == Kind::Directory),
        Err(error) if error.code == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(about(error, path)),
    }
}
