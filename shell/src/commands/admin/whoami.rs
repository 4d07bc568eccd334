//! `whoami`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use clap::Args;
use dfs_term::{Report, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;

/// `whoami` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Whoami {}

impl Verb for Whoami {
    const NAME: &'static str = "whoami";
    const ABOUT: &'static str = "Show the user that the cluster sees";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("whoami", "the name in the credential")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    const JSON: Json = Json::of::<Me>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let user = context.call(client.whoami()).await?;
        context.show(&Me { user })
    }
}

/// The identity of the user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Me {
    user: String,
}

impl Report for Me {
    fn text(&self, _: &View) -> String {
        format!("{}\n", self.user)
    }
}
