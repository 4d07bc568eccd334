//! `search`.

use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::found::{FoundJson, show};
use clap::Args;
use dfs_client::Wanted;
use dfs_types::Result;
use std::ffi::OsString;

/// Arguments of `search`.
#[derive(Debug, Args)]
pub(super) struct Search {
    /// Text that the name contains.
    #[arg(value_name = "TEXT")]
    text: String,
    /// Where to search; default: everywhere.
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Search {
    const NAME: &'static str = "search";
    const ABOUT: &'static str = "Search for names that contain a text, ignoring case";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("search report", "anywhere: Report.pdf, old-reports"), ("search csv /data/2026", "below a directory")];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain], rest: Kind::Remote, last: None };
    const JSON: Json = Json::of::<Vec<FoundJson<'static>>>();

    async fn run(mut self, context: &mut Context<'_>) -> Result<()> {
        if self.paths.is_empty() {
            self.paths.push("/".into());
        }
        show(context, &self.paths, Wanted { text: Some(self.text), ..Wanted::default() }).await
    }
}
