//! `du`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::places::each;
use crate::commands::shared::rows::Rows;
use clap::Args;
use dfs_client::Client;
use dfs_term::figures::size_short;
use dfs_types::{DfsPath, Kind as EntryKind, Result, Stat};
use futures::{StreamExt, TryStreamExt};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `du`.
#[derive(Debug, Args)]
pub(super) struct Du {
    /// One line per path, without its entries.
    #[arg(short)]
    summary: bool,
    /// Human-readable sizes.
    #[arg(short = 'h')]
    human: bool,
    /// Paths to measure; default: the working directory.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Du {
    const NAME: &'static str = "du";
    const ABOUT: &'static str = "Show the size of files and directories, and the space of all replicas";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("du -h /data", "per entry: bytes, bytes of all replicas, path"), ("du -sh /data /data/2026", "totals only")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<Usage>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let mut rows = Rows::default();
        let measure = async |context: &mut Context<'_>, client: &Client, path: DfsPath, stat: Stat| {
            if self.summary || stat.kind == EntryKind::File {
                self.show(context, &mut rows, &path, &stat)
            } else {
                let result = self.directory(context, client, &mut rows, &path).await;
                context.check(result).map(drop)
            }
        };
        each(context, &self.paths, measure).await?;
        rows.end(context)
    }
}

impl Du {
    async fn directory(
        &self,
        context: &mut Context<'_>,
        client: &Client,
        rows: &mut Rows,
        path: &DfsPath,
    ) -> Result<()> {
        let mut entries = client.list_all(path, "").boxed();
        while let Some(entry) = context.call(entries.try_next()).await.map_err(|error| about(error, path))? {
            self.show(context, rows, &path.join(&entry.name)?, &entry.stat)?;
        }
        Ok(())
    }

    fn show(&self, context: &mut Context<'_>, rows: &mut Rows, path: &DfsPath, stat: &Stat) -> Result<()> {
        let usage = Usage { path: path.to_string(), size: stat.size, space: stat.space };
        let shown = context.shown(path.as_str()).into_owned();
        rows.add(context, &usage, || match self.human {
            true => format!("{:>7} {:>7}  {shown}\n", size_short(stat.size), size_short(stat.space)),
            false => format!("{:>15} {:>15}  {shown}\n", stat.size, stat.space),
        })
    }
}

/// The space of a file or directory.
#[derive(Debug, Serialize, JsonSchema)]
struct Usage {
    path: String,
    /// Bytes of the file, or of all files below the directory.
    size: u64,
    /// Bytes with all replicas that are wanted.
    space: u64,
}
