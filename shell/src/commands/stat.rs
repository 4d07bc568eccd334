//! `stat`: the attributes of files and folders.

use super::entry::{EntryJson, mode_text};
use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_tui::figures::{count, plural, size, time_exact};
use dfs_types::{ByteSize, Result};
use std::ffi::OsString;
use std::fmt::Write as _;

/// Arguments of `stat`.
#[derive(Debug, Args)]
pub struct Stat {
    /// What to look at.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Stat {
    const NAME: &'static str = "stat";
    const ABOUT: &'static str = "Show the attributes of files and folders";
    const GROUP: Group = Group::Files;
    const EXAMPLES: &'static [Example] = &[("stat /data", "sums of a folder"), ("stat /data/*.csv", "of many files")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut found = Vec::new();
        for text in &self.paths {
            let result = match context.remote(text) {
                Ok(path) => {
                    let stat = context.call(client.stat(&path)).await;
                    stat.map_err(|error| about(error, &path)).map(|stat| (path, stat))
                }
                Err(error) => Err(error),
            };
            found.extend(context.check(result)?);
        }
        if context.json() {
            let list: Vec<_> = found.iter().map(|(path, stat)| EntryJson::of(path.as_str(), stat)).collect();
            return if list.is_empty() { Ok(()) } else { context.emit(&list) };
        }
        for (path, stat) in found {
            let text = describe(&context.shown(path.as_str()), &stat);
            context.print(&text)?;
        }
        Ok(())
    }
}

/// The attributes, line by line.
pub fn describe(shown: &str, stat: &dfs_types::Stat) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line("path", shown.to_owned());
    let folder = stat.kind == dfs_types::Kind::Directory;
    line("type", if folder { "folder" } else { "file" }.to_owned());
    line("size", format!("{} ({} bytes)", size(stat.size), count(stat.size)));
    if folder {
        line(
            "holds",
            format!("{}, {}", plural(stat.files, "file", "files"), plural(stat.directories, "folder", "folders")),
        );
    } else {
        line("chunks", format!("{} of up to {}", count(stat.chunks), ByteSize(stat.chunk_size.into())));
        line("copies", stat.replication.to_string());
    }
    line("owner", format!("{}:{}", stat.owner, stat.group));
    line("mode", format!("{} ({:04o})", mode_text(stat.kind, stat.mode), stat.mode));
    line("modified", time_exact(stat.modified, &chrono::Local));
    line("created", time_exact(stat.created, &chrono::Local));
    line("version", stat.version.to_string());
    text
}
