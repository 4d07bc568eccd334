//! `count`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::places::each;
use crate::commands::shared::rows::Rows;
use clap::Args;
use dfs_client::Client;
use dfs_term::figures::size_short;
use dfs_types::{DfsPath, Kind as EntryKind, Result, Stat};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `count`.
#[derive(Debug, Args)]
pub(super) struct Count {
    /// Human-readable sizes.
    #[arg(short = 'h')]
    human: bool,
    /// Paths to count; default: the working directory.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Count {
    const NAME: &'static str = "count";
    const ABOUT: &'static str = "Count directories, files and bytes";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("count /data", "directories (including itself), files, bytes, path"), ("count -h /data/*", "of each")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<Counts>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let mut rows = Rows::default();
        let show = async |context: &mut Context<'_>, _: &Client, path: DfsPath, stat: Stat| {
            let (directories, files) = match stat.kind {
                EntryKind::Directory => (stat.directories + 1, stat.files),
                EntryKind::File => (0, 1),
            };
            let counts = Counts { path: path.to_string(), directories, files, bytes: stat.size };
            let bytes = if self.human { size_short(stat.size) } else { stat.size.to_string() };
            let shown = context.shown(path.as_str()).into_owned();
            rows.add(context, &counts, || format!("{directories:>12} {files:>12} {bytes:>18} {shown}\n"))
        };
        each(context, &self.paths, show).await?;
        rows.end(context)
    }
}

/// The counts at and below a path.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    path: String,
    /// Directories, including the path itself if it is one.
    directories: u64,
    files: u64,
    bytes: u64,
}
