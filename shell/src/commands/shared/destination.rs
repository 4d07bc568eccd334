//! The destination of `mv` and `cp`: an existing directory, or a new name.

use crate::base::report::about;
use crate::command::Context;
use crate::commands::shared::once::each_once;
use crate::lang::quote;
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Kind, Result};
use std::ffi::{OsStr, OsString};

/// The last argument, after a look at the cluster.
#[derive(Debug)]
pub(crate) struct Destination {
    target: DfsPath,
    /// It is an existing directory.
    into: bool,
    /// Nothing is there, and it is written as a directory: only a directory can get this name.
    directory: bool,
}

impl Destination {
    /// Looks up the destination of so many sources, as it was `written`. `done` is the participle in the error, as in "moved".
    ///
    /// # Errors
    /// `not_a_directory` for several sources and no directory, and for a file that is written as a directory.
    pub(crate) async fn of(
        context: &mut Context<'_>,
        client: &Client,
        written: &OsStr,
        sources: usize,
        done: &str,
    ) -> Result<Self> {
        let target = context.remote(written).await?;
        let kind = kind_of(context, client, &target).await?;
        let into = kind == Some(Kind::Directory);
        let directory = is_written_as_directory(written);
        if !into && sources > 1 {
            let what = format!("several can only be {done} into a directory");
            return Err(Error::new(ErrorCode::NotADirectory, what).at(target));
        }
        Ok(Self { target, into, directory: directory && kind.is_none() })
    }

    /// Checks that the source at `from` can get the destination.
    ///
    /// # Errors
    /// `not_a_directory` for a file where only a directory can go; those of the call.
    pub(crate) async fn check(&self, context: &Context<'_>, client: &Client, from: &DfsPath) -> Result<()> {
        // What is not there is refused by the command itself.
        if self.directory && kind_of(context, client, from).await? == Some(Kind::File) {
            return Err(no_directory(&self.target));
        }
        Ok(())
    }

    /// Returns the sources with the paths that they get, without those whose path an earlier one
    /// gets. Sources that cannot go there are reported.
    ///
    /// # Errors
    /// `interrupted`.
    pub(crate) async fn places(
        &self,
        context: &mut Context<'_>,
        sources: &[OsString],
    ) -> Result<Vec<(DfsPath, DfsPath)>> {
        let mut placed = Vec::new();
        for source in sources {
            let from = context.remote(source).await;
            let both = from.and_then(|from| self.place(&from).map(|to| (from, to)));
            placed.extend(context.check(both)?);
        }
        each_once(context, placed, |_| false)
    }

    /// Returns the path that a source gets.
    ///
    /// # Errors
    /// `invalid_path` when its name does not fit in there.
    fn place(&self, from: &DfsPath) -> Result<DfsPath> {
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
pub(crate) async fn plan(context: &mut Context<'_>, sources: &[OsString], written: &OsStr) -> Result<()> {
    let target = as_written(&context.remote(written).await?, written);
    let mut paths = Vec::new();
    for source in sources {
        paths.push(context.remote(source).await?.to_string());
    }
    paths.push(target);
    context.only_planned(paths);
    Ok(())
}

/// Returns the path with a slash at its end where it was written as a directory: that says what it has to be.
pub(crate) fn as_written(path: &DfsPath, written: &OsStr) -> String {
    let slash = if is_written_as_directory(written) && !path.is_root() { "/" } else { "" };
    format!("{path}{slash}")
}

/// Returns the error with the path that it is about: masters name the source also when the directory of the target is
/// missing. `replaces` is the hint for a target that exists.
pub(crate) async fn blamed(
    context: &Context<'_>,
    client: &Client,
    error: Error,
    (from, to): (&DfsPath, &DfsPath),
    replaces: &str,
) -> Error {
    if error.code == ErrorCode::InvalidArgument && to.is_within(from) {
        return into_itself(context.command, from, to);
    }
    let directory = to.parent().filter(|_| error.code == ErrorCode::NotFound);
    match directory {
        Some(directory) if context.call(client.stat(from)).await.is_ok() => {
            let hint = format!("mkdir -p {} makes the directory", quote(directory.as_str()));
            Error { path: None, ..error }.at(to).hint(hint)
        }
        None if error.code == ErrorCode::AlreadyExists => about(error, to).hint(replaces),
        _ => about(error, from),
    }
}

/// Returns the error for a source that cannot go to itself, or to a place below itself.
fn into_itself(command: &str, from: &DfsPath, to: &DfsPath) -> Error {
    let what = match command {
        _ if from == to => "the source and the destination are the same file".to_owned(),
        "mv" => format!("cannot be moved into itself, to {to}"),
        _ => format!("cannot be copied into itself, to {to}"),
    };
    Error::new(ErrorCode::InvalidArgument, what).at(from)
}

/// Refuses to move what is there to where it is: nothing would change.
///
/// # Errors
/// `invalid_argument`; those of the call.
pub(crate) async fn refuse_itself(context: &Context<'_>, client: &Client, from: &DfsPath, to: &DfsPath) -> Result<()> {
    if from != to {
        return Ok(());
    }
    context.call(client.stat(from)).await.map_err(|error| about(error, from))?;
    Err(into_itself(context.command, from, to))
}

/// Returns whether `path` is a directory; false when nothing is there.
pub(crate) async fn is_directory(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<bool> {
    Ok(kind_of(context, client, path).await? == Some(Kind::Directory))
}

/// Returns what is at `path`, if anything is.
async fn kind_of(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<Option<Kind>> {
    match context.call(client.stat(path)).await {
        Ok(stat) => Ok(Some(stat.kind)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(about(error, path)),
    }
}

/// Returns whether a path is written so that it can only be a directory: it ends in `/`, `.` or `..`.
pub(crate) fn is_written_as_directory(written: &OsStr) -> bool {
    let last = written.as_encoded_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(last, b"" | b"." | b"..")
}

/// Returns the error for a path that is written as a directory, where nothing is.
pub(crate) fn no_directory(target: &DfsPath) -> Error {
    let hint = format!("mkdir -p {} makes it", quote(target.as_str()));
    Error::new(ErrorCode::NotADirectory, "there is no such directory").at(target).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_means_a_directory() {
        for written in ["/new/", "new/.", "..", ".", "/"] {
            assert!(is_written_as_directory(OsStr::new(written)), "{written}");
        }
        for written in ["/new", "new.", "a..", ".x"] {
            assert!(!is_written_as_directory(OsStr::new(written)), "{written}");
        }
    }
}
