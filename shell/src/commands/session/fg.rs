//! `fg`: a command in the background brought to the front.

use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::session::console::JobConsole;
use crate::session::jobs;
use crate::transfer::Bars;
use clap::Args;
use dfs_types::Result;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the job has something to say.
const LISTEN_EVERY: Duration = Duration::from_millis(100);

/// Arguments of `fg`.
#[derive(Debug, Args)]
pub(super) struct Fg {
    /// Its number, as `jobs` shows it; the last one if none.
    number: Option<String>,
}

impl Verb for Fg {
    const NAME: &'static str = "fg";
    const ABOUT: &'static str = "Show a background command until it ends; Ctrl-C ends it";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[("put -f report.pdf /data & fg", "the last one")];
    const MEANING: Meaning = Meaning { first: &[Kind::Job], rest: Kind::Plain, last: None };

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let job = context.session.jobs.find(self.number.as_deref())?;
        let (number, console, line) = (job.number, job.console.clone(), job.line.clone());
        context.session.say(&line);
        watch(context, &console).await;
        let ended = jobs::wait(context.session, number, std::future::pending()).await?;
        jobs::failed(number, ended).into_iter().for_each(|error| context.note_failed(error));
        Ok(())
    }
}

/// Shows what it does and says until its end. Ctrl-C asks it to end.
async fn watch(context: &mut Context<'_>, console: &Arc<JobConsole>) {
    let mut bars = None;
    let mut ticks = tokio::time::interval(LISTEN_EVERY);
    let mut asked = false;
    loop {
        tokio::select! {
            biased;
            _ = console.until_ended() => break,
            () = context.cancel.cancelled(), if !asked => {
                asked = true;
                console.cancel.cancel();
            }
            _ = ticks.tick() => {
                if bars.is_none() {
                    bars = console.board().map(|board| Bars::follow(context.session, &board));
                }
                let said = console.messages();
                if !said.is_empty() {
                    context.session.tell(said);
                }
            }
        }
    }
    if let Some(mut bars) = bars {
        bars.clear(context.session);
    }
}
