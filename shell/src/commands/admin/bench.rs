//! `bench`.

use crate::base::report::{interrupted, usage};
use crate::bench::{self, Disk, Outcome, Plan, Scratch, Watched};
use crate::command::{Context, Effect, Example, Group, Kind, Meaning, Verb};
use crate::session::connect;
use clap::{Args, ValueEnum};
use dfs_types::{ByteSize, Result, parse_duration};
use std::time::Duration;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// Kind of measurement.
    what: What,
    /// Bytes per file; default: 1GiB for write and read, 4KiB for small.
    #[arg(long)]
    size: Option<ByteSize>,
    /// Number of files; default: 1 for write and read, 1000 for small.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    files: Option<u64>,
    /// Operations in flight; default: 1, for small 16.
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Duration of each kind of call with meta.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Puts large files.
    Write,
    /// Gets large files.
    Read,
    /// Makes and looks at directories.
    Meta,
    /// Puts and gets small files.
    Small,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

impl Verb for Bench {
    const NAME: &'static str = "bench";
    const ABOUT: &'static str = "Measure the cluster, and the limit of this machine";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("bench write --size 64MiB", "write a large file, and compare with the disk"),
        ("bench read --size 16MiB --files 4 -j 2", "read four files, two at a time"),
        ("bench meta -j 64 --duration 1s", "create and stat directories, 64 calls in flight"),
        ("bench small --files 200 -j 16", "small files, 16 at a time"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Plain);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        if context.session.options.dry_run {
            return Err(usage("a bench cannot be planned: it measures by doing"));
        }
        let scratch = Scratch::make(context).await?;
        let outcome = tokio::select! {
            biased;
            outcome = self.measure(context, &scratch) => outcome,
            never = scratch.stay_alive() => match never {},
        };
        let is_interrupted = context.cancel.is_cancelled();
        let cleaned = scratch.clean(is_interrupted).await;
        match outcome {
            // Figures of an interrupted bench mean nothing.
            _ if is_interrupted => {
                context.check(cleaned)?;
                Err(interrupted())
            }
            Err(error) => {
                context.check(cleaned)?;
                Err(error)
            }
            Ok(outcome) => {
                if context.json() {
                    context.emit(&outcome.json(self.what.name()))?;
                } else {
                    let text = outcome.text(&context.view());
                    context.print_ours(&text)?;
                }
                cleaned?;
                outcome.phases.into_iter().find_map(|phase| phase.error).map_or(Ok(()), Err)
            }
        }
    }
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Meta => "meta",
            Self::Small => "small",
        }
    }
}

impl Bench {
    async fn measure(&self, context: &mut Context<'_>, scratch: &Scratch) -> Result<Outcome> {
        let (size, files, jobs) = if self.what == What::Small { (4 << 10, 1000, 16) } else { (1 << 30, 1, 1) };
        let plan = Plan {
            size: self.size.map_or(size, |size| size.0),
            files: self.files.unwrap_or(files),
            jobs: self.jobs.map_or(jobs, usize::from),
            duration: self.duration,
        };
        scratch.clean_up_after_others(context).await?;
        let target = context.session.find_cluster()?.clone();
        let watched = Watched::find(target.local());
        let disk = Disk {
            directory: target.local().map_or_else(std::env::temp_dir, |directories| directories.data.clone()),
            reserve: connect::loaded(&context.session.options)?.0.settings.datanode.reserve.0,
        };
        let cancel = context.cancel.clone();
        match self.what {
            What::Write => bench::write(&plan, scratch, &watched, &disk, &cancel).await,
            What::Read => bench::read(&plan, scratch, &watched, &disk, &cancel).await,
            What::Small => bench::small(&plan, scratch, &watched, &disk, &cancel).await,
            What::Meta => {
                let options = target.client_options().await?;
                bench::meta(&plan, scratch, options, &watched, &disk, &cancel).await
            }
        }
    }
}
