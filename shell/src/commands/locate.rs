//! `locate`: chunk by chunk, where the replicas are.

use super::{Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_client::{LocatedChunk, NodeAddress};
use dfs_term::{Align, Cell, Report, Table, Tone, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::ffi::OsString;

/// Arguments of `locate`.
#[derive(Debug, Args)]
pub(super) struct Locate {
    /// The file.
    path: OsString,
}

impl Verb for Locate {
    const NAME: &'static str = "locate";
    const ABOUT: &'static str = "Show where the chunks of a file are";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("locate /data/big.bin", "chunk by chunk")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Vec<Chunk>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.remote(&self.path)?;
        let client = context.client().await?;
        let located = context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?;
        context.show(&Found(located.chunks))
    }
}

struct Found(Vec<LocatedChunk>);

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Chunk::of))
    }
}

impl Report for Found {
    fn text(&self, view: &View) -> String {
        chunk_table(&self.0, view)
    }
}

/// A chunk and where it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chunk {
    /// Its id, in hex.
    chunk: String,
    generation: u32,
    /// Where in the file it begins, in bytes.
    offset: u64,
    /// Bytes.
    length: u32,
    /// Those that can be reached, best first.
    replicas: Vec<Replica>,
}

/// A replica.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Replica {
    /// As in `datanode-2`.
    node: String,
    address: String,
}

impl Chunk {
    pub(super) fn of(chunk: &LocatedChunk) -> Self {
        let replica =
            |replica: &NodeAddress| Replica { node: replica.id.to_string(), address: replica.address.to_string() };
        Self {
            chunk: chunk.chunk.id.to_string(),
            generation: chunk.chunk.generation.0,
            offset: chunk.offset,
            length: chunk.chunk.length,
            replicas: chunk.replicas.iter().map(replica).collect(),
        }
    }
}

/// Chunks and their replicas, a line each.
pub(super) fn chunk_table(chunks: &[LocatedChunk], view: &View) -> String {
    let mut table = Table::new(&[
        ("OFFSET", Align::Right),
        ("LENGTH", Align::Right),
        ("CHUNK", Align::Left),
        ("GEN", Align::Right),
        ("REPLICAS", Align::Left),
    ]);
    for chunk in chunks {
        let replicas: Vec<String> = chunk.replicas.iter().map(|replica| replica.id.to_string()).collect();
        let replicas = match replicas.is_empty() {
            true => Cell::new(Tone::Bad, "✗ none"),
            false => Cell::from(replicas.join(" ")),
        };
        let (offset, length) = (chunk.offset.to_string(), chunk.chunk.length.to_string());
        let (id, generation) = (chunk.chunk.id.to_string(), chunk.chunk.generation.to_string());
        table.row([offset.into(), length.into(), id.into(), generation.into(), replicas]);
    }
    table.render(view)
}
