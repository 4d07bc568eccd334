//! `get`: copies files of the DFS to this machine.

use crate::base::report::{local_io, usage};
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::destination::{is_directory, is_written_as_directory};
use crate::commands::shared::once::{each_once, some_meet};
use crate::commands::shared::sources::{named, no_copy, split};
use crate::lang::{quote, quote_words};
use crate::transfer::{Again, Downloads, Getting, JustMade, Run, Step, Tally, to_output};
use clap::Args;
use dfs_client::{Client, is_part_file};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use futures::{FutureExt, StreamExt, TryStreamExt};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Arguments of `get`.
#[derive(Debug, Args)]
pub(super) struct Get {
    /// Directories recursively, with modes and times.
    #[arg(short)]
    recursive: bool,
    /// Replace existing local files.
    #[arg(short)]
    force: bool,
    /// Keep partial data when interrupted, and resume from it; without it, an interrupted file
    /// starts from zero. Skip files with the same length and time. LOCAL is the copy of a
    /// directory itself, also if it exists: the same line again resumes. `LOCAL/` is the directory
    /// that holds the copy.
    #[arg(short, long = "continue")]
    continued: bool,
    /// Keep attributes `user.*` as extended attributes; modes and times are always kept. A file is
    /// stored even if the local file system rejects its attributes: this is reported, and the
    /// command fails.
    #[arg(short = 'p')]
    keep: bool,
    /// Number of files transferred at the same time.
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Remote files, then the destination: an existing local directory or a new name; `-`: standard
    /// output. A single file goes into the local working directory.
    #[arg(required = true, num_args = 1.., value_names = ["REMOTE", "LOCAL"])]
    paths: Vec<OsString>,
}

impl Verb for Get {
    const NAME: &'static str = "get";
    const ABOUT: &'static str = "Download files; every byte is verified";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::ChangesIf(|get| split(&get.paths).1 != "-");
    const EXAMPLES: &'static [Example] = &[
        ("get /data/a.csv", "into this directory"),
        ("get -r /data/2026 .", "a directory with all its contents"),
        ("get -r -c /data/2026 .", "resume an interrupted download"),
        ("get -r -p /data/2026 .", "with attributes user.*, too"),
        ("get -f /data/*.csv .", "by pattern, replacing existing files"),
        ("get /data/notes.txt - | sort", "through a local command"),
    ];
    const MEANING: Meaning = Meaning { first: &[], rest: Kind::Remote, last: Some(Kind::Local) };
    const JSON: Json = Json::of::<Tally>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let (sources, destination) = split(&self.paths);
        let mut from = Vec::new();
        for source in sources {
            let path = context.remote(source).await;
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
        let target = match sources.len() == self.paths.len() {
            true => context.session.local(Path::new(destination)),
            false => PathBuf::from(destination),
        };
        let mut into = target.is_dir();
        if !into && (sources.len() > 1 || is_written_as_directory(destination)) {
            return Err(Error::new(ErrorCode::NotADirectory, "there is no such local directory").at(target.display()));
        }
        let client = context.client().await?;
        if into
            && let ([_], [only]) = (sources, from.as_slice())
            && self.is_the_copy(context, &client, only, destination).await?
        {
            check_copy(context, &client, only, &target).await?;
            into = false;
        }
        let named = from.into_iter().map(|path| (path.clone(), place(&path, &target, into))).collect();
        let directories = self.directories_that_meet(context, &client, &named).await?;
        let named = each_once(context, named, |from| directories.contains(from))?;
        self.transfer(context, client, named).await
    }
}

fn place(from: &DfsPath, target: &Path, into: bool) -> PathBuf {
    match from.name() {
        Some(name) if into => target.join(name),
        _ => target.to_owned(),
    }
}

/// Checks that a local directory may become the copy of the one at `from`: it is empty, or has an
/// entry in common with it. Partial files of an interrupted get do not count.
///
/// # Errors
/// `not_empty`; `local_io`, errors of the calls.
async fn check_copy(context: &Context<'_>, client: &Client, from: &DfsPath, target: &Path) -> Result<()> {
    let entries = std::fs::read_dir(target).map_err(|error| local_io(target, &error))?;
    let names = entries.filter_map(|entry| named(&entry.ok()?));
    let there: HashSet<(OsString, bool)> = names.filter(|(name, _)| !is_part_file(Path::new(name))).collect();
    if there.is_empty() {
        return Ok(());
    }
    let mut entries = std::pin::pin!(client.list_all(from, ""));
    let mut some = false;
    while let Some(entry) = context.call(entries.try_next()).await? {
        let kind = entry.stat.kind == dfs_types::Kind::Directory;
        if there.contains(&(OsString::from(entry.name), kind)) {
            return Ok(());
        }
        some = true;
    }
    let target = target.display();
    let line = quote_words(["get", "-r", "-c", from.as_str(), &format!("{target}/")]);
    if some { Err(no_copy(from.as_str(), target, &line)) } else { Ok(()) }
}

impl Get {
    /// Returns true if an existing destination is the copy of `from` itself, not the directory that
    /// holds the copy.
    async fn is_the_copy(
        &self,
        context: &Context<'_>,
        client: &Client,
        from: &DfsPath,
        destination: &OsStr,
    ) -> Result<bool> {
        if !self.continued || !self.recursive || is_written_as_directory(destination) {
            return Ok(false);
        }
        is_directory(context, client, from).await
    }

    /// Returns the directories among the sources, if any sources share a destination.
    async fn directories_that_meet(
        &self,
        context: &Context<'_>,
        client: &Client,
        named: &Vec<(DfsPath, PathBuf)>,
    ) -> Result<HashSet<DfsPath>> {
        let mut directories = HashSet::new();
        if self.recursive && some_meet(named) {
            for (from, _) in named {
                if is_directory(context, client, from).await? {
                    directories.insert(from.clone());
                }
            }
        }
        Ok(directories)
    }

    async fn transfer(&self, context: &mut Context<'_>, client: Client, named: Vec<(DfsPath, PathBuf)>) -> Result<()> {
        let dry_run = context.session.options.dry_run;
        let parallel = self.jobs.map_or(client.settings().parallel_files as usize, usize::from);
        let again = self.again(&named);
        // The entries of the root may have the same destination as other sources.
        let meet = some_meet(&named) || (named.len() > 1 && named.iter().any(|(from, _)| from.is_root()));
        let walk = Downloads::new(client.clone(), named, self.recursive, self.continued, dry_run, JustMade::new(meet));
        if dry_run {
            return plan(context, walk).await;
        }
        let mut run = Run::begin(context);
        walk.estimate(run.transfers.clone());
        let made = walk.made();
        let (resume, cancel) = (self.continued, context.cancel.clone());
        let getting = Getting { client: client.clone(), overwrite: self.force, resume, keep: self.keep, cancel };
        let work = |job, progress| getting.clone().one(job, progress).boxed_local();
        let result = run.drive(context, walk.steps(), parallel, work).await;
        // An interrupted get may be continued; until then its directories must stay writable.
        if result.is_ok() {
            for error in context.call(async { Ok(made.finish(&client, self.keep).await) }).await? {
                run.fail(context, error)?;
            }
        }
        let result = result.map_err(|error| run.stopped(error, again));
        run.end(context)?;
        result
    }

    /// Returns the command line to run after this transfer was stopped.
    fn again(&self, named: &[(DfsPath, PathBuf)]) -> Option<Again> {
        let mut words = vec!["get".to_owned()];
        words.extend(self.recursive.then(|| "-r".to_owned()));
        words.push("-c".to_owned());
        words.extend(self.force.then(|| "-f".to_owned()));
        words.extend(self.keep.then(|| "-p".to_owned()));
        words.extend(self.jobs.into_iter().flat_map(|jobs| ["-j".to_owned(), jobs.to_string()]));
        words.extend(named.iter().map(|(from, _)| from.to_string()));
        words.push(match named {
            [(_, to)] => to.to_str()?.to_owned(),
            [(_, to), ..] => format!("{}/", to.parent()?.to_str()?),
            [] => return None,
        });
        let note = " (an interrupted get -c resumes)";
        Some(Again { line: quote_words(words), keeps_parts: self.continued, note })
    }
}

/// Plans a dry run: one line for every file to transfer.
async fn plan(context: &mut Context<'_>, walk: Downloads) -> Result<()> {
    let mut steps = std::pin::pin!(walk.steps());
    while let Some(step) = steps.next().await {
        match step {
            Step::File { job, .. } => {
                context.only_planned([job.from.as_str(), &job.to.to_string_lossy()]);
            }
            Step::Failed(error) => context.fail(error)?,
            Step::Directory(path) => context.plan_line(format!("!mkdir -p {}", quote(&path))),
            Step::Skipped { .. } | Step::Note(_) => {}
        }
    }
    Ok(())
}
