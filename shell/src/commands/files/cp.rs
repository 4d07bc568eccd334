//! `cp`: copies inside the DFS.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::destination::{Destination, blamed, plan};
use clap::Args;
use dfs_client::{Client, Copied, CopyOptions};
use dfs_term::{Report, View};
use dfs_types::{DfsPath, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `cp`.
#[derive(Debug, Args)]
pub(super) struct Cp {
    /// Directories recursively.
    #[arg(short)]
    recursive: bool,
    /// Replace existing files, and merge into existing directories.
    #[arg(short)]
    force: bool,
    /// What to copy, then the destination: an existing directory or a new name.
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    paths: Vec<OsString>,
}

impl Verb for Cp {
    const NAME: &'static str = "cp";
    const ABOUT: &'static str = "Copy inside the cluster; the copy shares the chunks of the source";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("cp /data/a.csv /data/a-2.csv", "a copy under another name, in constant time"),
        ("cp -r /data/2026 /data/before", "a directory with all its contents"),
        ("cp -f /data/*.csv /data/2026", "many into a directory, replacing existing files"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Copies>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Some((destination, sources)) = self.paths.split_last() else { return Ok(()) };
        if context.session.options.dry_run {
            return plan(context, sources, destination).await;
        }
        let client = context.client().await?;
        let destination = Destination::of(context, &client, destination, sources.len(), "copied").await?;
        let options = CopyOptions { recursive: self.recursive, overwrite: self.force };
        let mut copied = Vec::new();
        for (from, to) in destination.places(context, sources).await? {
            let result = copy_one(context, &client, (from, to), &destination, options).await;
            copied.extend(context.check(result)?);
        }
        if copied.is_empty() { Ok(()) } else { context.show(&Copies { copied }) }
    }
}

/// The copies made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Copies {
    copied: Vec<OneCopy>,
}

/// One copied source.
#[derive(Debug, Serialize, JsonSchema)]
struct OneCopy {
    from: String,
    to: String,
    files: u64,
    /// Directories created.
    directories: u64,
    /// Bytes of the files.
    bytes: u64,
}

impl Report for Copies {
    /// A success prints nothing, as with the usual cp.
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

async fn copy_one(
    context: &Context<'_>,
    client: &Client,
    (from, to): (DfsPath, DfsPath),
    destination: &Destination,
    options: CopyOptions,
) -> Result<OneCopy> {
    destination.check(context, client, &from).await?;
    match context.call(client.copy(&from, &to, options)).await {
        Ok(Copied { files, directories, bytes, .. }) => {
            Ok(OneCopy { from: from.to_string(), to: to.to_string(), files, directories, bytes })
        }
        Err(error) => {
            let error =
                blamed(context, client, error, (&from, &to), "cp -f replaces files, and copies into directories").await;
            let directory = error.code == ErrorCode::IsADirectory && error.path.as_deref() == Some(from.as_str());
            Err(if directory { error.hint("cp -r copies directories") } else { error })
        }
    }
}
