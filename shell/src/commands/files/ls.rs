//! `ls`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::entry::{EntryJson, mode_text};
use crate::commands::shared::places::{look, or_here};
use crate::commands::shared::rows::Rows;
use clap::Args;
use dfs_client::Client;
use dfs_term::figures::{size_short, time};
use dfs_term::text::{columns_with, pad, sanitise, width};
use dfs_term::{Tone, View};
use dfs_types::{DfsPath, Entry, Kind as EntryKind, Result, Stat};
use futures::{StreamExt, TryStreamExt};
use jiff::tz::TimeZone;
use std::cmp::Reverse;
use std::ffi::OsString;

/// The number of entries laid out together; larger directories are shown in batches, so that output
/// starts at once.
const BATCH: usize = 4096;

/// Arguments of `ls`.
#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Long format: mode, replicas, owner, size and time.
    #[arg(short = 'l')]
    long: bool,
    /// Include hidden entries (names that begin with a dot).
    #[arg(short = 'a')]
    all: bool,
    /// List subdirectories recursively.
    #[arg(short = 'R')]
    recursive: bool,
    /// List a directory itself, not its entries.
    #[arg(short = 'd')]
    directory: bool,
    /// Human-readable sizes.
    #[arg(short = 'h')]
    human: bool,
    /// Sort by time, newest first.
    #[arg(short = 't', overrides_with = "by_size")]
    by_time: bool,
    /// Sort by size, largest first.
    #[arg(short = 'S', overrides_with = "by_time")]
    by_size: bool,
    /// Reverse the order.
    #[arg(short = 'r')]
    reverse: bool,
    /// Paths to list; default: the working directory.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Ls {
    const NAME: &'static str = "ls";
    const ABOUT: &'static str = "List a directory";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("ls", "the working directory"),
        ("ls -lh /data", "with human-readable sizes"),
        ("ls -ltr /data", "newest last"),
        ("ls /data/*.csv", "by pattern"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<EntryJson<'static>>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let paths = or_here(&self.paths);
        let client = context.client().await?;
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for text in paths.iter() {
            let result = look(context, &client, text).await;
            let Some((path, stat)) = context.check(result)? else { continue };
            let name = if text.to_string_lossy().starts_with('/') {
                path.to_string()
            } else {
                text.to_string_lossy().into_owned()
            };
            if stat.kind == EntryKind::Directory && !self.directory {
                directories.push((name, path));
            } else {
                files.push(Listed { name, path, stat });
            }
        }
        let mut lister = Lister { ls: &self, client, first: true, rows: Rows::default() };
        lister.sort(&mut files);
        lister.show(context, &files)?;
        let titled = self.recursive || paths.len() > 1;
        for (name, path) in directories {
            lister.directory(context, name, path, titled).await?;
        }
        lister.rows.end(context)
    }
}

/// An entry and its displayed name.
struct Listed {
    name: String,
    path: DfsPath,
    stat: Stat,
}

/// Returns the tone of its name.
fn tone(entry: &Listed) -> Tone {
    if entry.stat.kind == EntryKind::Directory { Tone::Directory } else { Tone::Plain }
}

struct Lister<'l> {
    ls: &'l Ls,
    client: Client,
    /// True until output was shown: the first title has no empty line before it.
    first: bool,
    /// The output for programs.
    rows: Rows,
}

impl Lister<'_> {
    /// Lists a directory; with -R also those below it, each after its parent.
    async fn directory(&mut self, context: &mut Context<'_>, name: String, path: DfsPath, titled: bool) -> Result<()> {
        let mut open = vec![(name, path)];
        while let Some((name, path)) = open.pop() {
            if titled && !context.json() {
                let gap = if self.first { "" } else { "\n" };
                let title = format!("{gap}{}:\n", context.shown(&name));
                context.print(&title)?;
            }
            self.first = false;
            let mut below = Vec::new();
            let result = self.entries(context, &path, &name, &mut below).await;
            context.check(result)?;
            open.extend(below.into_iter().rev());
        }
        Ok(())
    }

    async fn entries(
        &mut self,
        context: &mut Context<'_>,
        path: &DfsPath,
        name: &str,
        below: &mut Vec<(String, DfsPath)>,
    ) -> Result<()> {
        let sorted = self.ls.by_time || self.ls.by_size || self.ls.reverse;
        let limit = if sorted { usize::MAX } else { BATCH };
        let mut stream = self.client.list_all(path, "").boxed();
        let mut batch: Vec<Listed> = Vec::new();
        loop {
            let next = context.call(stream.try_next()).await.map_err(|error| about(error, path))?;
            let end = next.is_none();
            if let Some(Entry { name, stat }) = next
                && (self.ls.all || !name.starts_with('.'))
            {
                batch.push(Listed { path: path.join(&name)?, name, stat });
            }
            if end || batch.len() >= limit {
                self.sort(&mut batch);
                self.show(context, &batch)?;
                if self.ls.recursive {
                    let directories = batch.iter().filter(|entry| entry.stat.kind == EntryKind::Directory);
                    below.extend(
                        directories.map(|entry| {
                            (format!("{}/{}", name.trim_end_matches('/'), entry.name), entry.path.clone())
                        }),
                    );
                }
                batch.clear();
            }
            if end {
                return Ok(());
            }
        }
    }

    fn sort(&self, entries: &mut [Listed]) {
        if self.ls.by_time {
            entries.sort_by_key(|entry| Reverse(entry.stat.modified));
        } else if self.ls.by_size {
            entries.sort_by_key(|entry| Reverse(entry.stat.size));
        }
        if self.ls.reverse {
            entries.reverse();
        }
    }

    fn show(&mut self, context: &mut Context<'_>, entries: &[Listed]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.first = false;
        if context.json() {
            return entries.iter().try_for_each(|entry| {
                self.rows.add(context, &EntryJson::of(entry.path.as_str(), &entry.stat), String::new)
            });
        }
        let names: Vec<String> = entries.iter().map(|entry| context.shown(&entry.name).into_owned()).collect();
        let view = context.view();
        let text = match (self.ls.long, view.cells) {
            (true, _) => self.long_lines(entries, &names, &view),
            (false, Some(cells)) => {
                columns_with(&names, cells, |at, name| view.paint(entries.get(at).map(tone).unwrap_or_default(), name))
            }
            (false, None) => names.iter().map(|name| format!("{name}\n")).collect(),
        };
        context.print(&text)
    }

    fn long_lines(&self, entries: &[Listed], names: &[String], view: &View) -> String {
        let size = |stat: &Stat| if self.ls.human { size_short(stat.size) } else { stat.size.to_string() };
        let widest = |text: &dyn Fn(&Listed) -> usize| entries.iter().map(text).max().unwrap_or(0);
        let owners = widest(&|entry| width(&sanitise(&entry.stat.owner)));
        let groups = widest(&|entry| width(&sanitise(&entry.stat.group)));
        let sizes = widest(&|entry| size(&entry.stat).len());
        let mut text = String::new();
        for (entry, name) in entries.iter().zip(names) {
            let stat = &entry.stat;
            let copies = if stat.kind == EntryKind::Directory { "-".to_owned() } else { stat.replication.to_string() };
            text.push_str(&format!(
                "{} {copies:>2} {} {} {:>sizes$} {} {}\n",
                mode_text(stat.kind, stat.mode),
                pad(&sanitise(&stat.owner), owners),
                pad(&sanitise(&stat.group), groups),
                size(stat),
                time(stat.modified, &TimeZone::system()),
                view.paint(tone(entry), name),
            ));
        }
        text
    }
}
