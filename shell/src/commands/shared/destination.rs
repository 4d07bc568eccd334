//! The destination of `mv` and `cp`: an existing directory, or a new name.

use crate::base::report::about;
use crate::command::Context;
use crate::commands::shared::once::each_once;
use crate::lang::{quote, quote_words};
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Kind, Result, Stat};
use std::ffi::{OsStr, OsString};

/// The last argument, after a lookup in the cluster.
#[derive(Debug)]
pub(crate) struct Destination {
    target: DfsPath,
    /// True if it is an existing directory.
    into: bool,
    /// True if it does not exist and is written as a directory: only a directory can get this name.
    directory: bool,
}

impl Destination {
    /// Looks up the destination `written` of this many sources. `done` is the participle in the
    /// error, as in "moved".
    ///
    /// # Errors
    /// `not_a_directory` for several sources without a directory as destination, and for a file
    /// that is written as a directory.
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

    /// Checks that the source at `from` can get this destination.
    ///
    /// # Errors
    /// `not_a_directory` for a file that would get the name of a directory; errors of the call.
    pub(crate) async fn check(&self, context: &Context<'_>, client: &Client, from: &DfsPath) -> Result<()> {
        // The command itself reports a missing source.
        if self.directory && kind_of(context, client, from).await? == Some(Kind::File) {
            return Err(no_directory(&self.target));
        }
        Ok(())
    }

    /// Returns the sources with their target paths, without those whose path an earlier source
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

    /// Returns the target path of a source.
    ///
    /// # Errors
    /// `invalid_path` if its name does not fit there.
    fn place(&self, from: &DfsPath) -> Result<DfsPath> {
        match from.name() {
            Some(name) if self.into => self.target.join(name).map_err(|error| Error::from(error).at(from)),
            _ => Ok(self.target.clone()),
        }
    }
}

/// Adds one line to the plan of a dry run: its effect depends on what exists when it runs.
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

/// Returns the path with a trailing slash if it was written as a directory, to show that it must be
/// one.
pub(crate) fn as_written(path: &DfsPath, written: &OsStr) -> String {
    let slash = if is_written_as_directory(written) && !path.is_root() { "/" } else { "" };
    format!("{path}{slash}")
}

/// Returns the error with the path that it concerns: masters name the source also if the directory
/// of the target is missing. `replaces` is the hint for a target that exists and can be replaced.
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
    match error.code {
        ErrorCode::NotFound if to.parent().is_some() && context.call(client.stat(from)).await.is_ok() => {
            let directory = to.parent().unwrap_or(DfsPath::root());
            let hint = format!("mkdir -p {} makes the directory", quote(directory.as_str()));
            Error { path: None, ..error }.at(to).hint(hint)
        }
        ErrorCode::AlreadyExists | ErrorCode::NotADirectory | ErrorCode::IsADirectory => {
            let error = if error.code == ErrorCode::AlreadyExists { about(error, to) } else { about(error, from) };
            if error.path.as_deref() != Some(to.as_str()) {
                return error;
            }
            let (there, source) = (client.stat(to), client.stat(from));
            match context.call(async { tokio::try_join!(there, source) }).await {
                Ok((there, source)) => in_the_way(context.command, error, (from, source.kind), (to, &there), replaces),
                Err(_) => error,
            }
        }
        _ => about(error, from),
    }
}

/// Returns the error for a target that exists, with advice that helps for these kinds of source and
/// target: neither mv nor cp replaces a directory, or a file by a directory, whatever flags they
/// have.
fn in_the_way(
    command: &str,
    error: Error,
    (from, source): (&DfsPath, Kind),
    (to, there): (&DfsPath, &Stat),
    replaces: &str,
) -> Error {
    let target = quote(to.as_str());
    let error = match (source, there.kind) {
        (Kind::File, Kind::File) => return error.hint(replaces),
        (Kind::Directory, Kind::Directory) if command == "cp" => {
            return match error.code {
                ErrorCode::AlreadyExists => error.hint(replaces),
                // With -f it is an entry below them that differs, and masters do not name it.
                ErrorCode::IsADirectory => Error::new(error.code, "a directory in it has the name of a file").at(to),
                _ => Error::new(error.code, "a file in it has the name of a directory").at(to),
            };
        }
        (Kind::Directory, Kind::Directory) if there.files == 0 && there.directories == 0 => {
            let error = Error::new(ErrorCode::AlreadyExists, "is there already, an empty directory");
            error.hint(format!("rm -r {target} deletes it"))
        }
        (Kind::Directory, Kind::Directory) => {
            let parent = to.parent().unwrap_or(DfsPath::root());
            let merge = quote_words(["cp", "-r", "-f", from.as_str(), parent.as_str()]);
            let error = Error::new(ErrorCode::NotEmpty, "directory not empty");
            error.hint(format!("`{merge}` copies into it; rm -r {target} deletes it"))
        }
        (Kind::File, Kind::Directory) => {
            let error = Error::new(ErrorCode::IsADirectory, "is a directory, which a file does not replace");
            error.hint(format!("choose another name, or delete it: rm -r {target}"))
        }
        (Kind::Directory, Kind::File) => {
            let error = Error::new(ErrorCode::NotADirectory, "is a file, which a directory does not replace");
            error.hint(format!("choose another name, or delete it: rm {target}"))
        }
    };
    error.at(to)
}

/// Returns the error for a source that would be moved or copied to itself or below itself.
fn into_itself(command: &str, from: &DfsPath, to: &DfsPath) -> Error {
    let what = match command {
        _ if from == to => "the source and the destination are the same file".to_owned(),
        "mv" => format!("cannot be moved into itself, to {to}"),
        _ => format!("cannot be copied into itself, to {to}"),
    };
    Error::new(ErrorCode::InvalidArgument, what).at(from)
}

/// Rejects a move of an entry to its own path, which would change nothing.
///
/// # Errors
/// `invalid_argument`; errors of the call.
pub(crate) async fn refuse_itself(context: &Context<'_>, client: &Client, from: &DfsPath, to: &DfsPath) -> Result<()> {
    if from != to {
        return Ok(());
    }
    context.call(client.stat(from)).await.map_err(|error| about(error, from))?;
    Err(into_itself(context.command, from, to))
}

/// Returns true if `path` is a directory; false if it does not exist.
pub(crate) async fn is_directory(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<bool> {
    Ok(kind_of(context, client, path).await? == Some(Kind::Directory))
}

/// Returns the kind of the entry at `path`, if it exists.
async fn kind_of(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<Option<Kind>> {
    match context.call(client.stat(path)).await {
        Ok(stat) => Ok(Some(stat.kind)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(about(error, path)),
    }
}

/// Returns true if a path is written so that it can only be a directory: it ends in `/`, `.` or
/// `..`.
pub(crate) fn is_written_as_directory(written: &OsStr) -> bool {
    let last = written.as_encoded_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(last, b"" | b"." | b"..")
}

/// Returns the error for a path that is written as a directory and does not exist.
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
