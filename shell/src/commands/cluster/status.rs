//! `status`: the cluster on one screen.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::{Document, Seen};
use clap::Args;
use dfs_types::Result;

/// `status` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Verb for Status {
    const NAME: &'static str = "status";
    const ABOUT: &'static str = "Show the health of the cluster, what is wrong, and what to run";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("status", "is the cluster healthy?"), ("status | head -n 1", "in one line")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Document>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let seen = Seen::look(context).await?;
        context.show(&seen)
    }
}
