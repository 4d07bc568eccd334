//! `wait`: waits until background commands have ended.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::session::jobs;
use clap::Args;
use dfs_types::Result;

/// Arguments of `wait`.
#[derive(Debug, Args)]
pub(super) struct Wait {
    /// Their numbers, as `jobs` shows them; all if none.
    #[arg(value_name = "N")]
    numbers: Vec<String>,
}

impl Verb for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Wait for background commands; fails if one of them fails";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("put -f report.pdf /data & put -f -r photos /data & wait", "two at the same time, then wait for both")];
    const MEANING: Meaning = Meaning::all(Kind::Job);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let jobs = &context.session.jobs;
        let mut numbers = Vec::new();
        for text in &self.numbers {
            numbers.push(jobs.find(Some(text))?.number);
        }
        if self.numbers.is_empty() {
            numbers.extend(jobs.list().iter().map(|job| job.number));
        }
        for number in numbers {
            let ended = jobs::wait(context.session, number, context.cancel.cancelled()).await?;
            jobs::failed(number, ended).into_iter().for_each(|error| context.note_failed(error));
        }
        Ok(())
    }
}
