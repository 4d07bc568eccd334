//! `info`: a file with its chunks, replicas and replication state.

use super::stat;
use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::chunks::{Chunk, chunk_table};
use crate::commands::shared::entry::EntryJson;
use clap::Args;
use dfs_client::Located;
use dfs_term::figures::plural;
use dfs_term::{Report, Tone, View};
use dfs_types::{DfsPath, Result};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::ffi::OsString;

/// Arguments of `info`.
#[derive(Debug, Args)]
pub(super) struct Info {
    /// The file or directory.
    path: OsString,
}

impl Verb for Info {
    const NAME: &'static str = "info";
    const ABOUT: &'static str = "Show a file with its chunks, replicas and health";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("info /data/big.bin", "does every chunk have all its replicas?")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Kept<'static>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.path).await?;
        let client = context.client().await?;
        let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
        let located = if stat.kind == dfs_types::Kind::File {
            context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?
        } else {
            Located { stat, chunks: Vec::new() }
        };
        context.show(&Shown { path, located })
    }
}

struct Shown {
    path: DfsPath,
    located: Located,
}

/// A file or directory with its replication state.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Kept<'k> {
    entry: EntryJson<'k>,
    /// The replication state of its worst chunk, in words.
    health: String,
    /// Its chunks, in order.
    locations: Vec<Chunk>,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let entry = EntryJson::of(self.path.as_str(), &self.located.stat);
        let locations = self.located.chunks.iter().map(Chunk::of).collect();
        Kept { entry, health: health(&self.located), locations }.serialize(serializer)
    }
}

impl Report for Shown {
    const HOLDS_NAMES: bool = true;

    fn text(&self, view: &View) -> String {
        let located = &self.located;
        let mut text = String::new();
        if located.stat.kind == dfs_types::Kind::File {
            let health = health(located);
            let well = located.chunks.iter().all(|chunk| chunk.replicas.len() >= usize::from(located.stat.replication));
            let (glyph, tone) = if well { ("·", Tone::Good) } else { ("!", Tone::Warning) };
            let name = view.paint(Tone::Dim, "health      ");
            text.push_str(&format!("{name}{}\n", view.paint(tone, &format!("{glyph} {health}"))));
        }
        if !located.chunks.is_empty() {
            text.push('\n');
            text.push_str(&chunk_table(&located.chunks, view));
        }
        stat::describe(self.path.as_str(), &located.stat, view) + &view.glyphs.text(&text)
    }
}

/// Returns the replication state of the worst chunk, in words.
fn health(located: &Located) -> String {
    let wanted = usize::from(located.stat.replication);
    let short = located.chunks.iter().filter(|chunk| chunk.replicas.len() < wanted).count() as u64;
    let lost = located.chunks.iter().filter(|chunk| chunk.replicas.is_empty()).count() as u64;
    match (lost, short) {
        (0, 0) => "every chunk has all its replicas".to_owned(),
        (0, short) => format!("{} fewer replicas than wanted", plural(short, "chunk has", "chunks have")),
        (lost, _) => format!("{} no replica: the file cannot be read whole", plural(lost, "chunk has", "chunks have")),
    }
}
