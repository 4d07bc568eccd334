//! `jobs`: background work, here or on the masters.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb, Words};
use crate::session::jobs::Job;
use clap::Args;
use dfs_client::JobStatus;
use dfs_term::figures::{percent, size};
use dfs_term::{Align, Cell, Report, Table, Tone, View};
use dfs_tui::jobs::{self, JobRow};
use dfs_types::{Result, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Arguments of `jobs`.
#[derive(Debug, Args)]
pub(super) struct Jobs {
    /// `cancel` and the numbers of jobs ends those; all of them without a number.
    #[arg(value_name = "cancel N", conflicts_with = "cluster")]
    words: Vec<String>,
    /// The background work of the leading master instead.
    #[arg(long)]
    cluster: bool,
}

impl Verb for Jobs {
    const NAME: &'static str = "jobs";
    const ABOUT: &'static str = "List or end background commands; list the jobs of the cluster";
    const GROUP: Group = Group::Shell;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("jobs", "how far they are"),
        ("jobs cancel", "end them all"),
        ("jobs --cluster", "what the leading master does in the background"),
        ("put -f report.pdf /data & jobs; wait", "begin one, look at it, wait for it"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::Words(Words(words))], rest: Kind::Job, last: None };
    const JSON: Json = Json::of::<Listed>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        match self.words.split_first() {
            None if self.cluster => {
                let client = context.client().await?;
                // The ages are computed with the clock of the master.
                let (status, jobs) = context.call(async { tokio::try_join!(client.status(), client.jobs()) }).await?;
                let jobs = jobs.into_iter().map(|job| ClusterJob::of(job, status.taken_at));
                context.show(&Listed::Cluster(jobs.collect()))
            }
            None => {
                let list: Vec<JobNow> = context.session.jobs.list().iter().map(JobNow::of).collect();
                context.show(&Listed::Session(list))
            }
            Some((word, numbers)) if word == "cancel" => cancel(context, numbers),
            Some((word, _)) => Err(usage("jobs knows only cancel").at(word)),
        }
    }
}

/// Returns the words that may follow `jobs`.
fn words() -> Vec<(String, String)> {
    vec![("cancel".to_owned(), "End these jobs, or all".to_owned())]
}

fn cancel(context: &mut Context<'_>, numbers: &[String]) -> Result<()> {
    let jobs = &context.session.jobs;
    let mut found = Vec::new();
    for number in numbers {
        found.push(jobs.find(Some(number))?.console.clone());
    }
    if numbers.is_empty() {
        found.extend(jobs.list().iter().map(|job| job.console.clone()));
    }
    found.iter().for_each(|console| console.cancel.cancel());
    Ok(())
}

/// A command in the background.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct JobNow {
    number: usize,
    /// `running`, `done`, `interrupted` or `failed`.
    state: &'static str,
    /// The command as typed.
    command: String,
    /// For a transfer: files done, bytes present, and bytes in total as far as known.
    files_done: u64,
    bytes_done: u64,
    bytes_total: u64,
}

impl JobNow {
    fn of(job: &Job) -> Self {
        let picture = job.console.transfers().map(|transfers| transfers.picture(0)).unwrap_or_default();
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

/// A job of the leading master.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ClusterJob {
    /// `repair`, `survey` and so on.
    name: String,
    /// The state: `idle`; `running` while work is left; `waiting` while no remaining work can be
    /// done now; `failed`; `not leading` for a job that only the leader runs.
    state: &'static str,
    /// Units of work since the start of the master.
    done: u64,
    /// The units done and left together; null where the latter are not known.
    total: Option<u64>,
    /// Milliseconds since 1970; null before the first run.
    last_run_ms: Option<u64>,
    /// The error of the last run; null where it did not fail.
    error: Option<String>,
    #[serde(skip)]
    row: JobRow,
}

impl ClusterJob {
    fn of(job: JobStatus, now: Timestamp) -> Self {
        let row = jobs::row(&job, now);
        let JobStatus { name, state: _, done, total, last_run, last_error: error } = job;
        Self { name, state: row.state, done, total, last_run_ms: last_run.map(|at| at.0), error, row }
    }
}

/// The background commands of this session; with `--cluster`, the jobs of the leading master.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Listed {
    Session(Vec<JobNow>),
    Cluster(Vec<ClusterJob>),
}

impl Report for Listed {
    fn text(&self, view: &View) -> String {
        match self {
            Self::Session(list) => list.iter().map(|job| line(job, view)).collect(),
            Self::Cluster(jobs) => table(jobs, view),
        }
    }
}

fn line(job: &JobNow, view: &View) -> String {
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
    format!("[{}] {}{far}  {}\n", job.number, view.paint(tone, job.state), job.command)
}

fn table(list: &[ClusterJob], view: &View) -> String {
    let mut table = Table::new(&jobs::HEAD.map(|head| (head, Align::Left)));
    for ClusterJob { row, .. } in list {
        let note = if row.tone == Tone::Bad { Tone::Bad } else { Tone::Plain };
        table.row([
            Cell::from(&row.name),
            Cell::new(row.tone, row.state),
            Cell::from(&row.done),
            Cell::from(&row.last_run),
            Cell::new(note, &row.note),
        ]);
    }
    table.render(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_client::JobState;

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
        let text = |bytes_total| Listed::Session(vec![job(bytes_total)]).text(&View::default());
        assert_eq!(text(4 << 20), "[2] running  25 %, 1.0 MiB of 4.0 MiB  put -r photos /data\n");
        assert_eq!(text(0), "[2] running  put -r photos /data\n");
    }

    #[test]
    fn jobs_of_the_cluster_are_a_table() {
        let job = |name: &str, state, last_error: Option<&str>| JobStatus {
            name: name.to_owned(),
            state,
            done: 3,
            total: None,
            last_run: Some(Timestamp(1_000)),
            last_error: last_error.map(str::to_owned),
        };
        let list = [job("repair", JobState::Idle, None), job("keys", JobState::Failed, Some("the disk is full"))];
        let list = list.map(|job| ClusterJob::of(job, Timestamp(3_000)));
        let text = Listed::Cluster(list.into()).text(&View::default());
        assert_eq!(
            text,
            "JOB     STATE   DONE SINCE ITS START  LAST RUN\n\
             repair  idle    3 replicas            2 s ago   makes missing replicas and removes surplus ones\n\
             keys    failed  3 keys                2 s ago   the disk is full\n"
        );
    }
}
