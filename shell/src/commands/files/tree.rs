//! `tree`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::entry::EntryJson;
use crate::commands::shared::places::each;
use crate::commands::shared::rows::Rows;
use clap::Args;
use dfs_client::Client;
use dfs_term::Tone;
use dfs_term::figures::plural;
use dfs_types::{DfsPath, Entry, Kind as EntryKind, Result, Stat};
use futures::stream::{BoxStream, Peekable};
use futures::{StreamExt, TryStreamExt};
use std::ffi::OsString;
use std::pin::Pin;

/// Arguments of `tree`.
#[derive(Debug, Args)]
pub(super) struct Tree {
    /// Number of levels.
    #[arg(short = 'L', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    levels: Option<u16>,
    /// Paths to show; default: the working directory.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Tree {
    const NAME: &'static str = "tree";
    const ABOUT: &'static str = "Show a directory as a tree";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("tree /data", "all levels"), ("tree -L 1 /data", "one level")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<EntryJson<'static>>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let levels = self.levels.map_or(usize::MAX, usize::from);
        let mut drawing = Drawing { levels, rows: Rows::default(), drawn: 0, directories: 0, files: 0 };
        let draw = async |context: &mut Context<'_>, client: &Client, path: DfsPath, stat: Stat| {
            drawing.draw(context, client, path, &stat).await
        };
        each(context, &self.paths, draw).await?;
        drawing.end(context)
    }
}

type Entries = Pin<Box<Peekable<BoxStream<'static, Result<Entry>>>>>;

/// A directory whose entries are being drawn.
struct Open {
    path: DfsPath,
    /// The prefix of the branches of its entries.
    margin: String,
    entries: Entries,
}

struct Drawing {
    levels: usize,
    rows: Rows,
    /// The number of paths that were there.
    drawn: u64,
    directories: u64,
    files: u64,
}

impl Drawing {
    async fn draw(&mut self, context: &mut Context<'_>, client: &Client, path: DfsPath, stat: &Stat) -> Result<()> {
        self.drawn += 1;
        let title = paint(context, path.as_str(), stat.kind);
        self.rows.add(context, &EntryJson::of(path.as_str(), stat), || format!("{title}\n"))?;
        let mut open = Vec::new();
        if stat.kind == EntryKind::Directory {
            open.push(open_directory(client, path, String::new()));
        }
        while let Some(directory) = open.last_mut() {
            let next = next(context, directory).await;
            let Some((entry, last)) = context.check(next)?.flatten() else {
                open.pop();
                continue;
            };
            let path = directory.path.join(&entry.name)?;
            let branch = format!("{}{}", directory.margin, if last { "└── " } else { "├── " });
            let margin = format!("{}{}", directory.margin, if last { "    " } else { "│   " });
            let name = paint(context, &entry.name, entry.stat.kind);
            let branch = context.view().glyphs.text(&branch).into_owned();
            self.rows.add(context, &EntryJson::of(path.as_str(), &entry.stat), || format!("{branch}{name}\n"))?;
            match entry.stat.kind {
                EntryKind::File => self.files += 1,
                EntryKind::Directory => {
                    self.directories += 1;
                    if open.len() < self.levels {
                        open.push(open_directory(client, path, margin));
                    }
                }
            }
        }
        Ok(())
    }

    fn end(self, context: &mut Context<'_>) -> Result<()> {
        if !context.json() && self.drawn > 0 {
            let (directories, files) =
                (plural(self.directories, "directory", "directories"), plural(self.files, "file", "files"));
            context.print(&format!("\n{directories}, {files}\n"))?;
        }
        self.rows.end(context)
    }
}

fn open_directory(client: &Client, path: DfsPath, margin: String) -> Open {
    let entries = Box::pin(client.list_all(&path, "").boxed().peekable());
    Open { path, margin, entries }
}

/// Returns the next entry of a directory, and true if it is the last one.
async fn next(context: &Context<'_>, directory: &mut Open) -> Result<Option<(Entry, bool)>> {
    let Open { path, entries, .. } = directory;
    let entry = context.call(entries.try_next()).await.map_err(|error| about(error, path))?;
    let Some(entry) = entry else { return Ok(None) };
    let last = context.call(async { Ok(entries.as_mut().peek().await.is_none()) }).await?;
    Ok(Some((entry, last)))
}

fn paint(context: &Context<'_>, name: &str, kind: EntryKind) -> String {
    let tone = if kind == EntryKind::Directory { Tone::Directory } else { Tone::Plain };
    context.view().paint(tone, &context.shown(name)).into_owned()
}
