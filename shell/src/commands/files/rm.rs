//! `rm`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_client::Client;
use dfs_term::figures::{plural, size};
use dfs_term::{Report, View};
use dfs_types::{Deleted, DfsPath, Error, ErrorCode, Result, Stat};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `rm`.
#[derive(Debug, Args)]
pub(super) struct Rm {
    /// Delete directories recursively.
    #[arg(short)]
    recursive: bool,
    /// Ignore missing files.
    #[arg(short)]
    force: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
    /// Paths to delete.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Rm {
    const NAME: &'static str = "rm";
    const ABOUT: &'static str = "Delete files and directories";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("rm /data/a.csv", "delete a file"),
        ("rm -f /data/a.csv /data/none.csv", "missing files are ignored"),
        ("rm -r --yes /data/2026", "a directory with all its contents; asks unless --yes is given"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Gone>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut found = Vec::new();
        for text in &self.paths {
            let result = self.look(context, &client, text).await;
            found.extend(context.check(result)?.flatten());
        }
        if found.iter().any(|(_, stat)| stat.kind == dfs_types::Kind::Directory) && !context.session.options.dry_run {
            context.confirm(&question(&found), self.yes)?;
        }
        let mut deleted = Vec::new();
        for (path, _) in found {
            if context.only_planned_with(self.recursive.then_some("--yes").as_slice(), [path.as_str()]) {
                continue;
            }
            let result = context.call(client.delete(&path, self.recursive)).await;
            match result {
                Err(error) if self.force && error.code == ErrorCode::NotFound => {}
                result => {
                    let done = context.check(result.map_err(|error| about(error, &path)))?;
                    deleted.extend(done.map(|deleted| one(&path, &deleted)));
                }
            }
        }
        if deleted.is_empty() { Ok(()) } else { context.show(&Gone { deleted }) }
    }
}

/// The deleted paths.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Gone {
    deleted: Vec<One>,
}

/// One path, with the counts at and below it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct One {
    path: String,
    files: u64,
    directories: u64,
    bytes: u64,
}

impl Report for Gone {
    /// A success prints nothing, as with the usual rm.
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

impl Rm {
    /// Returns the path and attributes of an argument; `None` for a missing path that may be
    /// ignored.
    async fn look(
        &self,
        context: &mut Context<'_>,
        client: &Client,
        text: &OsString,
    ) -> Result<Option<(DfsPath, Stat)>> {
        let path = context.remote(text).await?;
        match context.call(client.stat(&path)).await {
            Ok(stat) if stat.kind == dfs_types::Kind::Directory && !self.recursive => {
                Err(Error::new(ErrorCode::IsADirectory, "is a directory").at(path).hint("rm -r deletes directories"))
            }
            Ok(stat) => Ok(Some((path, stat))),
            Err(error) if self.force && error.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(about(error, &path)),
        }
    }
}

/// Returns the question before a deletion, in one phrase.
fn question(found: &[(DfsPath, Stat)]) -> String {
    let what = match found {
        [(path, _)] => dfs_term::text::sanitise(path.as_str()).into_owned(),
        many => plural(many.len() as u64, "path", "paths"),
    };
    let is_directory = |stat: &&Stat| stat.kind == dfs_types::Kind::Directory;
    let stats = || found.iter().map(|(_, stat)| stat);
    let files: u64 = stats().map(|stat| if is_directory(&stat) { stat.files } else { 1 }).sum();
    let directories: u64 = stats().filter(is_directory).map(|stat| stat.directories + 1).sum();
    let bytes: u64 = stats().map(|stat| stat.size).sum();
    let (files, directories) = (plural(files, "file", "files"), plural(directories, "directory", "directories"));
    format!("delete {what}: {files} in {directories}, {}", size(bytes))
}

fn one(path: &DfsPath, deleted: &Deleted) -> One {
    let Deleted { files, directories, bytes, .. } = *deleted;
    One { path: path.to_string(), files, directories, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_types::Timestamp;

    fn stat(kind: dfs_types::Kind, size: u64, files: u64, directories: u64) -> Stat {
        Stat {
            kind,
            size,
            modified: Timestamp(0),
            created: Timestamp(0),
            owner: "ann".into(),
            group: "ann".into(),
            mode: 0o755,
            replication: 0,
            chunk_size: 0,
            chunks: 0,
            files,
            directories,
            version: 1,
            space: 3 * size,
            id: dfs_types::EntryId(8),
        }
    }

    #[test]
    fn the_question_names_the_loss() {
        let a = DfsPath::parse("/a").expect("valid");
        let directory = (a.clone(), stat(dfs_types::Kind::Directory, 3 << 20, 12, 3));
        assert_eq!(question(std::slice::from_ref(&directory)), "delete /a: 12 files in 4 directories, 3.0 MiB");
        let file = (a, stat(dfs_types::Kind::File, 1 << 20, 0, 0));
        assert_eq!(question(&[directory, file]), "delete 2 paths: 13 files in 4 directories, 4.0 MiB");
    }
}
