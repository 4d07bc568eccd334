//! `cat`.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::transfer::to_output;
use clap::Args;
use dfs_types::Result;
use std::ffi::OsString;

/// Arguments of `cat`.
#[derive(Debug, Args)]
pub(super) struct Cat {
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Cat {
    const NAME: &'static str = "cat";
    const ABOUT: &'static str = "Write files to standard output";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("cat /data/notes.txt", "read it"), ("cat /data/*.csv | sort", "through a local command")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        for text in &self.paths {
            let result = match context.remote(text).await {
                Ok(path) => to_output(context, &path, None).await,
                Err(error) => Err(error),
            };
            context.check(result)?;
        }
        Ok(())
    }
}
