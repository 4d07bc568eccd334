//! `pwd`: where we are in the DFS.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use clap::Args;
use dfs_types::Result;

/// `pwd` takes no arguments.
#[derive(Debug, Args)]
pub struct Pwd {}

impl Verb for Pwd {
    const NAME: &'static str = "pwd";
    const ABOUT: &'static str = "Show the remote working folder";
    const GROUP: Group = Group::Files;
    const EXAMPLES: &'static [Example] = &[("pwd", "where relative paths begin")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let path = context.session.folder.to_string();
        if context.json() {
            return context.emit(&serde_json::json!({ "path": path }));
        }
        let text = format!("{}\n", context.shown(&path));
        context.print(&text)
    }
}
