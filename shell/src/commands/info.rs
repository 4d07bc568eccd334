//! `info`: a file with its chunks and replicas, and how well it is kept.

use super::entry::EntryJson;
use super::locate::{chunk_json, chunk_table};
use super::{Example, Group, Kind, Meaning, Verb, stat};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_client::Located;
use dfs_tui::figures::plural;
use dfs_types::Result;
use std::ffi::OsString;

/// Arguments of `info`.
#[derive(Debug, Args)]
pub struct Info {
    /// The file or folder.
    path: OsString,
}

impl Verb for Info {
    const NAME: &'static str = "info";
    const ABOUT: &'static str = "Show a file with its chunks, replicas and health";
    const GROUP: Group = Group::Files;
    const EXAMPLES: &'static [Example] = &[("info /data/big.bin", "is every copy there?")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.path)?;
        let client = context.client().await?;
        let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
        let located = if stat.kind == dfs_types::Kind::File {
            context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?
        } else {
            Located { stat, chunks: Vec::new() }
        };
        if context.json() {
            let chunks: Vec<_> = located.chunks.iter().map(chunk_json).collect();
            let entry = EntryJson::of(path.as_str(), &located.stat);
            return context
                .emit(&serde_json::json!({ "entry": entry, "health": health(&located), "locations": chunks }));
        }
        let mut text = stat::describe(&context.shown(path.as_str()), &located.stat);
        if located.stat.kind == dfs_types::Kind::File {
            text.push_str(&format!("{:<12}{}\n", "health", health(&located)));
        }
        if !located.chunks.is_empty() {
            text.push('\n');
            text.push_str(&chunk_table(&located.chunks, &context.view()));
        }
        context.print(&text)
    }
}

/// How many copies its worst chunk has, in words.
fn health(located: &Located) -> String {
    let wanted = usize::from(located.stat.replication);
    let short = located.chunks.iter().filter(|chunk| chunk.replicas.len() < wanted).count() as u64;
    let lost = located.chunks.iter().filter(|chunk| chunk.replicas.is_empty()).count() as u64;
    match (lost, short) {
        (0, 0) => "every chunk has all its copies".to_owned(),
        (0, short) => format!("{} fewer copies than wanted", plural(short, "chunk has", "chunks have")),
        (lost, _) => format!("{} no copy: the file cannot be read whole", plural(lost, "chunk has", "chunks have")),
    }
}
