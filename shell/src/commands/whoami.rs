//! `whoami`.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_types::Result;

/// `whoami` takes no arguments.
#[derive(Debug, Args)]
pub struct Whoami {}

impl Verb for Whoami {
    const NAME: &'static str = "whoami";
    const ABOUT: &'static str = "Show which user the cluster takes us for";
    const GROUP: Group = Group::Cluster;
    const EXAMPLES: &'static [Example] = &[("whoami", "the name in our credential")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let name = context.call(client.whoami()).await?;
        if context.json() {
            return context.emit(&serde_json::json!({ "user": name }));
        }
        context.print(&format!("{name}\n"))
    }
}
