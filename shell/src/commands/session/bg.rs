//! `bg`: prints the state of a background job, for users of other shells.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use clap::Args;
use dfs_types::Result;

/// Arguments of `bg`.
#[derive(Debug, Args)]
pub(super) struct Bg {
    /// Its number, as `jobs` shows it; the last one if none.
    number: Option<String>,
}

impl Verb for Bg {
    const NAME: &'static str = "bg";
    const ABOUT: &'static str = "Show a background command (Ctrl-Z keeps it running)";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("put -f report.pdf /data & bg; wait", "the last one")];
    const MEANING: Meaning = Meaning { first: &[Kind::Job], rest: Kind::Plain, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let job = context.session.jobs.find(self.number.as_deref())?;
        let said = format!("[{}] {} {}", job.number, job.state(), job.line);
        context.session.say(&said);
        Ok(())
    }
}
