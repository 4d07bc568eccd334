//! `locate`: chunk by chunk, where the replicas are.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_client::LocatedChunk;
use dfs_tui::{Align, Table, View};
use dfs_types::Result;
use std::ffi::OsString;

/// Arguments of `locate`.
#[derive(Debug, Args)]
pub struct Locate {
    /// The file.
    path: OsString,
}

impl Verb for Locate {
    const NAME: &'static str = "locate";
    const ABOUT: &'static str = "Show where the chunks of a file are";
    const GROUP: Group = Group::Cluster;
    const EXAMPLES: &'static [Example] = &[("locate /data/big.bin", "chunk by chunk")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.path)?;
        let client = context.client().await?;
        let located = context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?;
        if context.json() {
            let chunks: Vec<_> = located.chunks.iter().map(chunk_json).collect();
            return context.emit(&chunks);
        }
        let text = chunk_table(&located.chunks, &context.view());
        context.print(&text)
    }
}

/// A chunk and its replicas as JSON.
pub fn chunk_json(chunk: &LocatedChunk) -> serde_json::Value {
    let replicas: Vec<_> = chunk
        .replicas
        .iter()
        .map(|replica| serde_json::json!({ "node": replica.id.to_string(), "address": replica.address }))
        .collect();
    serde_json::json!({
        "chunk": chunk.chunk.id.to_string(),
        "generation": chunk.chunk.generation.0,
        "offset": chunk.offset,
        "length": chunk.chunk.length,
        "replicas": replicas,
    })
}

/// Chunks and their replicas, a line each.
pub fn chunk_table(chunks: &[LocatedChunk], view: &View) -> String {
    let mut table = Table::new(&[
        ("OFFSET", Align::Right),
        ("LENGTH", Align::Right),
        ("CHUNK", Align::Left),
        ("GEN", Align::Right),
        ("REPLICAS", Align::Left),
    ]);
    for chunk in chunks {
        let replicas: Vec<String> = chunk.replicas.iter().map(|replica| replica.id.to_string()).collect();
        let replicas = if replicas.is_empty() { "✗ none".to_owned() } else { replicas.join(" ") };
        let (offset, length) = (chunk.offset.to_string(), chunk.chunk.length.to_string());
        table.row([offset, length, chunk.chunk.id.to_string(), chunk.chunk.generation.to_string(), replicas]);
    }
    table.render(view)
}
