//! `locate`: the locations of the replicas, chunk by chunk.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::chunks::{Chunk, chunk_table};
use clap::Args;
use dfs_client::LocatedChunk;
use dfs_term::{Report, View};
use dfs_types::Result;
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
        let path = context.remote(&self.path).await?;
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
