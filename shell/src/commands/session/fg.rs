//! `fg`: moves a background command to the foreground.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::session::jobs;
use crate::transfer::attend;
use clap::Args;
use dfs_types::Result;

/// Arguments of `fg`.
#[derive(Debug, Args)]
pub(super) struct Fg {
    /// Its number, as `jobs` shows it; the last one if none.
    number: Option<String>,
}

impl Verb for Fg {
    const NAME: &'static str = "fg";
    const ABOUT: &'static str = "Show a background command until its end; Ctrl-Z leaves it again";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("put -f report.pdf /data & fg", "the last one")];
    const MEANING: Meaning = Meaning { first: &[Kind::Job], rest: Kind::Plain, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let job = context.session.jobs.find(self.number.as_deref())?;
        let (number, console, line) = (job.number, job.console.clone(), job.line.clone());
        context.session.say(&line);
        let cancel = context.cancel.clone();
        if attend(context.session, &console, &cancel).await.is_none() {
            context.session.say(&format!("[{number}] {line}"));
            return Ok(());
        }
        let ended = jobs::wait(context.session, number, std::future::pending()).await?;
        jobs::failed(number, ended).into_iter().for_each(|error| context.note_failed(error));
        Ok(())
    }
}
