//! `jobs`: what runs in the background.

use super::{Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::context::Context;
use crate::jobs::Job;
use crate::report::usage;
use clap::Args;
use dfs_tui::figures::{percent, size};
use dfs_tui::{Report, Tone, View};
use dfs_types::Result;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `jobs`.
#[derive(Debug, Args)]
pub(super) struct Jobs {
    /// `cancel` and the numbers of jobs ends those; all of them without a number.
    #[arg(value_name = "cancel N")]
    words: Vec<String>,
}

impl Verb for Jobs {
    const NAME: &'static str = "jobs";
    const ABOUT: &'static str = "List, or end, the commands that run in the background";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("jobs", "how far they are"),
        ("jobs cancel", "end them all"),
        ("put -f report.pdf /data & jobs; wait", "begin one, look at it, wait for it"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);
    const JSON: Json = Json::of::<Vec<JobNow>>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        match self.words.split_first() {
            None => {
                let list: Vec<JobNow> = context.session.jobs.list().iter().map(JobNow::of).collect();
                context.show(&Listed(list))
            }
            Some((word, numbers)) if word == "cancel" => cancel(context, numbers),
            Some((word, _)) => Err(usage("jobs knows only cancel").at(word)),
        }
    }
}

fn cancel(context: &mut Context<'_>, numbers: &[String]) -> Result<()> {
    let jobs = &context.session.jobs;
    let mut found = Vec::new();
    for number in numbers {
        found.push(jobs.find(Some(number))?.desk.clone());
    }
    if numbers.is_empty() {
        found.extend(jobs.list().iter().map(|job| job.desk.clone()));
    }
    found.iter().for_each(|desk| desk.cancel.cancel());
    Ok(())
}

/// A command in the background.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct JobNow {
    number: usize,
    /// `running`, `done`, `interrupted` or `failed`.
    state: &'static str,
    /// As it was typed.
    command: String,
    /// Of a transfer: files that are done, bytes that are there, and bytes of it all as far as that is known.
    files_done: u64,
    bytes_done: u64,
    bytes_total: u64,
}

impl JobNow {
    fn of(job: &Job) -> Self {
        let picture = job.desk.board().map(|board| board.picture(0)).unwrap_or_default();
        Self {
            number: job.number,
            state: job.state(),
            command: job.line.clone(),
            files_done: picture.files_done,
            bytes_done: picture.done,
            bytes_total: picture.total,
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Listed(Vec<JobNow>);

impl Report for Listed {
    fn text(&self, view: &View) -> String {
        let mut text = String::new();
        for job in &self.0 {
            let tone = match job.state {
                "done" => Tone::Good,
                "failed" | "interrupted" => Tone::Bad,
                _ => Tone::Plain,
            };
            let far = if job.bytes_total == 0 {
                String::new()
            } else {
                let (done, total) = (size(job.bytes_done), size(job.bytes_total));
                format!("  {}, {done} of {total}", percent(job.bytes_done, job.bytes_total))
            };
            let _ = writeln!(text, "[{}] {}{far}  {}", job.number, view.paint(tone, job.state), job.command);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_how_far_it_is() {
        let job = |bytes_total| JobNow {
            number: 2,
            state: "running",
            command: "put -r photos /data".into(),
            files_done: 1,
            bytes_done: 1 << 20,
            bytes_total,
        };
        let text = |bytes_total| Listed(vec![job(bytes_total)]).text(&View::default());
        assert_eq!(text(4 << 20), "[2] running  25 %, 1.0 MiB of 4.0 MiB  put -r photos /data\n");
        assert_eq!(text(0), "[2] running  put -r photos /data\n");
    }
}
