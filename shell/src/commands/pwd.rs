//! `pwd`: where we are in the DFS.

use super::{Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_term::text::sanitise;
use dfs_term::{Report, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;

/// `pwd` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Pwd {}

impl Verb for Pwd {
    const NAME: &'static str = "pwd";
    const ABOUT: &'static str = "Show the remote working directory";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("pwd", "where relative paths begin")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Here>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.session.directory.to_string();
        context.show(&Here { path })
    }
}

/// The working directory.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Here {
    pub path: String,
}

impl Report for Here {
    /// On a terminal what it would obey is shown and not done; elsewhere the path is data.
    fn text(&self, view: &View) -> String {
        let path = if view.cells.is_some() { sanitise(&self.path) } else { self.path.as_str().into() };
        format!("{path}\n")
    }
}
