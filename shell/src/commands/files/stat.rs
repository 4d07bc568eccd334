//! `stat`: the attributes of files and directories.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::entry::{EntryJson, mode_text};
use clap::Args;
use dfs_term::figures::{count, plural, size, time_exact};
use dfs_term::text::sanitise;
use dfs_term::{Report, Tone, View};
use dfs_types::{ByteSize, DfsPath, Result};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::fmt::Write as _;

/// Arguments of `stat`.
#[derive(Debug, Args)]
pub(super) struct Stat {
    /// Paths to show.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Stat {
    const NAME: &'static str = "stat";
    const ABOUT: &'static str = "Show the attributes of files and directories";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("stat /data", "totals of a directory"), ("stat /data/*.csv", "of many files")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<EntryJson<'static>>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut found = Vec::new();
        for text in &self.paths {
            let result = match context.remote(text).await {
                Ok(path) => {
                    let stat = context.call(client.stat(&path)).await;
                    stat.map_err(|error| about(error, &path)).map(|stat| (path, stat))
                }
                Err(error) => Err(error),
            };
            found.extend(context.check(result)?);
        }
        if found.is_empty() { Ok(()) } else { context.show(&Found(found)) }
    }
}

struct Found(Vec<(DfsPath, dfs_types::Stat)>);

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(path, stat)| EntryJson::of(path.as_str(), stat)))
    }
}

impl Report for Found {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let described = self.0.iter().map(|(path, stat)| describe(path.as_str(), stat, view));
        described.collect::<Vec<_>>().join("\n")
    }
}

/// Formats the attributes, one per line.
pub(super) fn describe(path: &str, stat: &dfs_types::Stat, view: &View) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let name = format!("{name:<12}");
        let _ = writeln!(text, "{}{value}", view.paint(Tone::Dim, &name));
    };
    let directory = stat.kind == dfs_types::Kind::Directory;
    let tone = if directory { Tone::Directory } else { Tone::Plain };
    line("path", view.paint(tone, &sanitise(path)).into_owned());
    line("type", if directory { "directory" } else { "file" }.to_owned());
    line("size", format!("{} ({} bytes)", size(stat.size), count(stat.size)));
    if directory {
        line(
            "holds",
            format!(
                "{}, {}",
                plural(stat.files, "file", "files"),
                plural(stat.directories, "directory", "directories")
            ),
        );
    } else {
        line("chunks", format!("{} of up to {}", count(stat.chunks), ByteSize(stat.chunk_size.into())));
        line("replicas", stat.replication.to_string());
    }
    line("owner", format!("{}:{}", sanitise(&stat.owner), sanitise(&stat.group)));
    line("mode", format!("{} ({:04o})", mode_text(stat.kind, stat.mode), stat.mode));
    line("modified", time_exact(stat.modified, &TimeZone::system()));
    line("created", time_exact(stat.created, &TimeZone::system()));
    line("version", stat.version.to_string());
    text
}
