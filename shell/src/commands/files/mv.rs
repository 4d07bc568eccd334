//! `mv`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::destination::{Destination, blamed, plan, refuse_itself};
use clap::Args;
use dfs_client::Client;
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `mv`.
#[derive(Debug, Args)]
pub(super) struct Mv {
    /// Replace an existing file.
    #[arg(short)]
    force: bool,
    /// What to move, then the destination: an existing directory or a new name.
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    paths: Vec<OsString>,
}

impl Verb for Mv {
    const NAME: &'static str = "mv";
    const ABOUT: &'static str = "Move or rename, atomically";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("mv /data/a.csv /data/first.csv", "rename"),
        ("mv /data/*.csv /data/2026", "move many into a directory"),
        ("mv -f /data/a.csv /data/b.csv", "replace an existing file"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Moves>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Some((destination, sources)) = self.paths.split_last() else { return Ok(()) };
        if context.session.options.dry_run {
            return plan(context, sources, destination).await;
        }
        let client = context.client().await?;
        let destination = Destination::of(context, &client, destination, sources.len(), "moved").await?;
        let mut moved = Vec::new();
        for (from, to) in destination.places(context, sources).await? {
            let result = move_one(context, &client, (from, to), &destination, self.force).await;
            moved.extend(context.check(result)?);
        }
        if moved.is_empty() { Ok(()) } else { context.show(&Moves { moved }) }
    }
}

/// The moves made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Moves {
    moved: Vec<Move>,
}

/// One move.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Move {
    from: String,
    to: String,
}

impl Report for Moves {
    /// A success prints nothing, as with the usual mv.
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

async fn move_one(
    context: &Context<'_>,
    client: &Client,
    (from, to): (DfsPath, DfsPath),
    destination: &Destination,
    force: bool,
) -> Result<Move> {
    destination.check(context, client, &from).await?;
    refuse_itself(context, client, &from, &to).await?;
    match context.call(client.rename(&from, &to, force)).await {
        Ok(()) => Ok(Move { from: from.to_string(), to: to.to_string() }),
        Err(error) => Err(blamed(context, client, error, (&from, &to), "mv -f replaces an existing file").await),
    }
}
