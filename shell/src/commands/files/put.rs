//! `put`: copies local files into the DFS.

use crate::base::report::{about, local_io, usage};
use crate::command::{self, Context, Effect, Example, Group, Json, Meaning, Verb};
use crate::commands::shared::destination::{is_directory, is_written_as_directory, no_directory};
use crate::commands::shared::once::{each_once, some_meet};
use crate::commands::shared::sources::{named, no_copy, split};
use crate::lang::quote_words;
use crate::transfer::{Again, Done, JustMade, Putting, Run, Step, Tally, Upload, Uploads};
use clap::Args;
use dfs_client::{Client, PutOptions, Source};
use dfs_rpc::REPLICATION_MAX;
use dfs_term::text::sanitise;
use dfs_types::{ByteSize, DfsPath, Error, ErrorCode, Kind, PathError, Result};
use futures::{FutureExt, StreamExt, TryStreamExt};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Arguments of `put`.
#[derive(Debug, Args)]
pub(super) struct Put {
    /// Directories recursively; symbolic links and devices in them are skipped with a message.
    #[arg(short)]
    recursive: bool,
    /// Replace existing files.
    #[arg(short)]
    force: bool,
    /// Skip files with the same length and time; replace those that differ. REMOTE is the copy of a
    /// directory itself, also if it exists: the same line again resumes. `REMOTE/` is the
    /// directory that holds the copy.
    #[arg(short, long)]
    update: bool,
    /// Keep extended attributes `user.*`; modes and times are always kept.
    #[arg(short = 'p')]
    keep: bool,
    /// Replicas of each chunk; default: the setting of the cluster.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(REPLICATION_MAX)))]
    rep: Option<u8>,
    /// Bytes per chunk, as in 16MiB; default: the setting of the cluster.
    #[arg(long, value_name = "SIZE")]
    chunk_size: Option<Size>,
    /// Number of files transferred at the same time.
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Local files, then the destination: an existing directory or a new name; `-`: standard input.
    /// A single file goes into the remote working directory.
    #[arg(required = true, num_args = 1.., value_names = ["LOCAL", "REMOTE"])]
    paths: Vec<OsString>,
}

/// A size as it was typed.
#[derive(Debug, Clone)]
struct Size {
    bytes: ByteSize,
    text: String,
}

impl FromStr for Size {
    type Err = <ByteSize as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { bytes: text.parse()?, text: text.to_owned() })
    }
}

impl Verb for Put {
    const NAME: &'static str = "put";
    const ABOUT: &'static str = "Upload local files; each appears whole or not at all";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("put report.pdf /data", "into a directory"),
        ("put -r photos /data", "a directory with all its contents"),
        ("put report.pdf", "into the remote working directory"),
        ("put -r --update photos /data/", "again, only new and changed files"),
        ("put -r -p photos /data", "with extended attributes user.*"),
        ("put -f --rep 2 report.pdf /data/report.pdf", "replace a file, with two replicas"),
        ("put -r photos /data/photos-2 &", "in the background; `jobs` shows the progress"),
        ("put - /data/today.log", "from standard input"),
    ];
    const MEANING: Meaning = Meaning { first: &[], rest: command::Kind::Local, last: Some(command::Kind::Remote) };
    const JSON: Json = Json::of::<Tally>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let (sources, destination) = split(&self.paths);
        let options = self.options()?;
        let target = context.remote(destination).await?;
        let client = context.client().await?;
        let mut into = is_directory(context, &client, &target).await?;
        refuse_no_directory(&target, destination, into, sources.len())?;
        if sources.len() > 1 && sources.iter().any(|source| source == "-") {
            let error = usage("standard input is put alone, under a name of its own").at("-");
            return Err(error.hint("put - REMOTE; a file of this name is ./-"));
        }
        if let [source] = sources
            && source == "-"
        {
            if self.keep {
                return Err(usage("-p: standard input has no attributes to keep"));
            }
            return from_stdin(context, &client, &target, into, options).await;
        }
        if into
            && let [source] = sources
            && self.is_the_copy(source.as_ref(), destination)
        {
            self.check_copy(context, &client, source.as_ref(), &target).await?;
            into = false;
        }
        let mut named = Vec::new();
        for source in sources {
            let from = PathBuf::from(source);
            let to = transferable(context, &from)
                .and_then(|()| if into { place(&from, &target) } else { Ok(target.clone()) });
            named.extend(context.check(to)?.map(|to| (from, to)));
        }
        let named = each_once(context, named, |from| self.recursive && from.is_dir())?;
        self.transfer(context, client, named, options).await
    }
}

/// Rejects several sources, and targets that end in `/`, unless the destination is a directory.
fn refuse_no_directory(target: &DfsPath, written: &OsStr, into: bool, sources: usize) -> Result<()> {
    if into || (sources == 1 && !is_written_as_directory(written)) { Ok(()) } else { Err(no_directory(target)) }
}

/// Checks that a source that was named can be put: a regular file, a directory, or a FIFO, of which
/// is said that it may have to wait. A missing one is reported when its turn comes.
fn transferable(context: &Context<'_>, from: &Path) -> Result<()> {
    if from.as_os_str().is_empty() {
        return Err(Error::from(PathError::Empty).at(""));
    }
    let Ok(kind) = std::fs::metadata(from).map(|found| found.file_type()) else { return Ok(()) };
    let what = match () {
        () if kind.is_file() || kind.is_dir() => return Ok(()),
        () if kind.is_fifo() => {
            let name = sanitise(&from.to_string_lossy()).into_owned();
            context.session.say(&format!("put: {name}: is a FIFO: what is written into it is read until its end"));
            return Ok(());
        }
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    let error = Error::new(ErrorCode::InvalidArgument, format!("is {what}, not a regular file")).at(from.display());
    Err(if kind.is_socket() { error } else { error.hint("put - REMOTE takes what there is, from standard input") })
}

/// Returns the target path of a local file in a directory.
fn place(from: &Path, directory: &DfsPath) -> Result<DfsPath> {
    // Only the file system knows the names of `..` and `.`.
    let named =
        if from.file_name().is_some() { from.to_owned() } else { from.canonicalize().unwrap_or(from.to_owned()) };
    let name = Upload::name(&named)?;
    directory.join(name).map_err(|error| Error::from(error).at(from.display()))
}

async fn from_stdin(
    context: &mut Context<'_>,
    client: &Client,
    target: &DfsPath,
    into: bool,
    options: PutOptions,
) -> Result<()> {
    if into {
        return Err(Error::new(ErrorCode::IsADirectory, "is a directory; standard input needs a name in it").at(target));
    }
    if context.session.console.is_some() {
        return Err(usage("standard input belongs to the session: not in the background"));
    }
    if context.only_planned(["-", target.as_str()]) {
        return Ok(());
    }
    let source = Source::Reader(Box::new(std::io::stdin()));
    let run = Run::begin(context);
    let put = {
        let (_ticket, progress) = run.transfers.begin("standard input".to_owned(), 0);
        client.put(source, target, options, &progress, &context.cancel).await
    };
    let done = put.map(|stat| Done::Copied { bytes: stat.size, taken_over: 0 });
    run.end_with(context, done.map_err(|error| about(error, target)))
}

impl Put {
    /// Returns true if an existing destination is the copy of `source` itself, not the directory
    /// that holds the copy.
    fn is_the_copy(&self, source: &Path, destination: &OsStr) -> bool {
        self.update && self.recursive && source.is_dir() && !is_written_as_directory(destination)
    }

    /// Checks that a directory may become the copy of `source`: it is empty, or has an entry in
    /// common with it.
    ///
    /// # Errors
    /// `not_empty`; errors of the calls.
    async fn check_copy(&self, context: &Context<'_>, client: &Client, source: &Path, target: &DfsPath) -> Result<()> {
        let entries = std::fs::read_dir(source).map_err(|error| local_io(source, &error))?;
        let names: HashSet<(OsString, bool)> = entries.filter_map(|entry| named(&entry.ok()?)).collect();
        let mut there = std::pin::pin!(client.list_all(target, ""));
        let mut foreign = false;
        while let Some(entry) = context.call(there.try_next()).await? {
            let kind = entry.stat.kind == Kind::Directory;
            if names.is_empty() || names.contains(&(OsString::from(entry.name), kind)) {
                return Ok(());
            }
            foreign = true;
        }
        let line = quote_words(["put", "-r", "-u", &source.to_string_lossy(), &format!("{target}/")]);
        if foreign { Err(no_copy(&source.to_string_lossy(), target, &line)) } else { Ok(()) }
    }

    fn options(&self) -> Result<PutOptions> {
        let chunk_size = self.chunk_size.as_ref().map(|Size { bytes, .. }| {
            u32::try_from(bytes.0).map_err(|_| usage(format!("a chunk may not have {bytes}; 1GiB is the most")))
        });
        Ok(PutOptions {
            overwrite: self.force || self.update,
            replication: self.rep,
            chunk_size: chunk_size.transpose()?,
            ..PutOptions::default()
        })
    }

    async fn transfer(
        &self,
        context: &mut Context<'_>,
        client: Client,
        named: Vec<(PathBuf, DfsPath)>,
        options: PutOptions,
    ) -> Result<()> {
        let dry_run = context.session.options.dry_run;
        let parallel = self.jobs.map_or(client.settings().parallel_files as usize, usize::from);
        let again = self.again(&named);
        let just_made = JustMade::new(some_meet(&named));
        let walk = Uploads::new(client.clone(), named, self.recursive, self.update, dry_run, just_made);
        if dry_run {
            return plan(context, walk, self.update.then_some(client)).await;
        }
        let mut run = Run::begin(context);
        walk.estimate(run.transfers.clone());
        let made = walk.made();
        let (update, keep, cancel) = (self.update, self.keep, context.cancel.clone());
        let putting = Putting { client: client.clone(), options, update, keep, cancel };
        let work = |job, progress| putting.clone().one(job, progress).boxed_local();
        let result = run.drive(context, walk.steps(), parallel, work).await;
        if result.is_ok() {
            for error in context.call(async { Ok(made.finish(&client, keep).await) }).await? {
                run.fail(context, error)?;
            }
        }
        let result = result.map_err(|error| run.stopped(error, again));
        run.end(context)?;
        result
    }

    /// Returns the command line to run after this transfer was stopped.
    fn again(&self, named: &[(PathBuf, DfsPath)]) -> Option<Again> {
        let mut words = vec!["put".to_owned()];
        words.extend(self.recursive.then(|| "-r".to_owned()));
        // `-u` is not needed for a single file, which either exists or not.
        let many = self.recursive || self.update || named.len() > 1;
        words.extend(many.then(|| "-u".to_owned()));
        words.extend((self.force && !many).then(|| "-f".to_owned()));
        words.extend(self.keep.then(|| "-p".to_owned()));
        words.extend(self.rep.into_iter().flat_map(|rep| ["--rep".to_owned(), rep.to_string()]));
        words.extend(self.chunk_size.iter().flat_map(|size| ["--chunk-size".to_owned(), size.text.clone()]));
        words.extend(self.jobs.into_iter().flat_map(|jobs| ["-j".to_owned(), jobs.to_string()]));
        for (from, _) in named {
            words.push(from.to_str()?.to_owned());
        }
        words.push(match named {
            [(_, to)] => to.to_string(),
            [(_, to), ..] => format!("{}/", to.parent()?.as_str().trim_end_matches('/')),
            [] => return None,
        });
        Some(Again { line: quote_words(words), keeps_parts: false, note: "" })
    }
}

/// Plans a dry run: one line for every file to transfer; with `update`, without those that exist
/// unchanged.
async fn plan(context: &mut Context<'_>, walk: Uploads, update: Option<Client>) -> Result<()> {
    let mut steps = std::pin::pin!(walk.steps());
    while let Some(step) = steps.next().await {
        match step {
            Step::File { job, .. } => match &update {
                Some(client) if job.is_there(client).await? => {}
                _ => job.plan(context),
            },
            Step::Failed(error) => context.fail(error)?,
            Step::Directory(path) => context.plan_words(["mkdir", "-p", &path]),
            Step::Skipped { .. } | Step::Note(_) => {}
        }
    }
    Ok(())
}
