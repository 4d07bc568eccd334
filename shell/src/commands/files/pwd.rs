//! `pwd`: the working directory in the DFS.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::here::Here;
use clap::Args;
use dfs_types::Result;

/// `pwd` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Pwd {}

impl Verb for Pwd {
    const NAME: &'static str = "pwd";
    const ABOUT: &'static str = "Show the remote working directory";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("pwd", "relative paths start here")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Here>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.session.directory.to_string();
        context.show(&Here { path })
    }
}
