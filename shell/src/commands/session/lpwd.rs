//! `lpwd`: the working directory on this machine.

use crate::base::report::local_io;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::here::Here;
use clap::Args;
use dfs_types::Result;
use std::path::Path;

/// `lpwd` takes no arguments.
#[derive(Debug, Args)]
pub(super) struct Lpwd {}

impl Verb for Lpwd {
    const NAME: &'static str = "lpwd";
    const ABOUT: &'static str = "Show the local working directory";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("lpwd", "relative local paths start here")];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Here>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let directory = std::env::current_dir().map_err(|error| local_io(Path::new("."), &error))?;
        let path = directory.to_string_lossy();
        context.show(&Here { path: path.into_owned() })
    }
}
