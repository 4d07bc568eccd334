//! `get`: files of the DFS to this machine.

use crate::base::report::usage;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::lang::quote;
use crate::transfer::{Downloads, Getting, Run, Step, Tally, to_output};
use clap::Args;
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use futures::{FutureExt, StreamExt};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Arguments of `get`.
#[derive(Debug, Args)]
pub(super) struct Get {
    /// Directories with all that is in them, with their modes and times.
    #[arg(short)]
    recursive: bool,
    /// Replace local files that are there.
    #[arg(short)]
    force: bool,
    /// Keep what is there when it is cut off, and go on with what an earlier one has left; files that are there and the
    /// same, by length and time, are left alone.
    #[arg(short, long = "continue")]
    continued: bool,
    /// Keep attributes `user.*` as extended attributes, too; modes and times are kept anyway. A file whose attributes the
    /// local file system does not take is there all the same: that is reported, and the command has failed.
    #[arg(short = 'p')]
    keep: bool,
    /// Files at the same time.
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Remote files, then where they go: into a local directory that is there, or to a new name; `-` is standard output.
    #[arg(required = true, num_args = 2.., value_names = ["REMOTE", "LOCAL"])]
    paths: Vec<OsString>,
}

impl Verb for Get {
    const NAME: &'static str = "get";
    const ABOUT: &'static str = "Copy files of the DFS to this machine, every byte verified";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|get| get.paths.last().is_some_and(|to| to != "-"));
    const EXAMPLES: &'static [Example] = &[
        ("get /data/a.csv .", "into this directory"),
        ("get -r /data/2026 .", "a directory with all that is in it"),
        ("get -r -c /data/2026 .", "go on where it was cut off"),
        ("get -r -p /data/2026 .", "with attributes user.*, too"),
        ("get -f /data/*.csv .", "by pattern, replacing what is there"),
        ("get /data/notes.txt - | sort", "through a local command"),
    ];
    const MEANING: Meaning = Meaning { first: &[], rest: Kind::Remote, last: Some(Kind::Local) };
    const JSON: Json = Json::of::<Tally>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Some((destination, sources)) = self.paths.split_last() else { return Ok(()) };
        let mut from = Vec::new();
        for source in sources {
            let path = context.remote(source);
            from.extend(context.check(path)?);
        }
        if destination == "-" {
            if self.keep {
                return Err(usage("-p: standard output keeps no attributes"));
            }
            for path in from {
                let result = to_output(context, &path, None).await;
                context.check(result)?;
            }
            return Ok(());
        }
        let target = Path::new(destination);
        let into = target.is_dir();
        if !into && (sources.len() > 1 || destination.as_encoded_bytes().ends_with(b"/")) {
            return Err(Error::new(ErrorCode::NotADirectory, "there is no such local directory").at(target.display()));
        }
        let named = from.into_iter().map(|path| (path.clone(), place(&path, target, into))).collect();
        let client = context.client().await?;
        self.transfer(context, client, named).await
    }
}

fn place(from: &DfsPath, target: &Path, into: bool) -> PathBuf {
    match from.name() {
        Some(name) if into => target.join(name),
        _ => target.to_owned(),
    }
}

impl Get {
    async fn transfer(&self, context: &mut Context<'_>, client: Client, named: Vec<(DfsPath, PathBuf)>) -> Result<()> {
        let dry_run = context.session.options.dry_run;
        let parallel = self.jobs.map_or(client.settings().parallel_files as usize, usize::from);
        let walk = Downloads::new(client.clone(), named, self.recursive, self.continued, dry_run);
        if dry_run {
            return plan(context, walk).await;
        }
        let mut run = Run::begin(context);
        walk.estimate(run.board.clone());
        let made = walk.made();
        let (resume, cancel) = (self.continued, context.cancel.clone());
        let getting = Getting { client: client.clone(), overwrite: self.force, resume, keep: self.keep, cancel };
        let work = |job, progress| getting.clone().one(job, progress).boxed_local();
        let result = run.drive(context, walk.steps(), parallel, work).await;
        // A get that is cut off may go on; then its directories must take files.
        if result.is_ok() {
            for error in context.call(async { Ok(made.finish(&client, self.keep).await) }).await? {
                run.fail(context, error)?;
            }
        }
        run.end(context)?;
        result
    }
}

/// A dry run: every file that would be got, as the line that does it.
async fn plan(context: &mut Context<'_>, walk: Downloads) -> Result<()> {
    let mut steps = std::pin::pin!(walk.steps());
    while let Some(step) = steps.next().await {
        match step {
            Step::File { job, .. } => {
                context.only_planned([job.from.as_str(), &job.to.to_string_lossy()]);
            }
            Step::Failed(error) => context.fail(error)?,
            Step::Directory(path) => context.plan_line(format!("!mkdir -p {}", quote(&path))),
            Step::Skipped { .. } => {}
        }
    }
    Ok(())
}
