//! Changes the attributes of entries, and of everything below them.

use super::places::look;
use crate::base::report::about;
use crate::command::Context;
use dfs_client::{AttributeChange, Client};
use dfs_rpc::CHANGED_PER_CALL_MAX;
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Kind, Result, Stat};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// The maximum number of files of one directory that are changed in parallel.
const CHANGES_IN_FLIGHT: usize = 64;
/// The number of files that are listed before they are changed.
const BATCH: usize = 1_000;
/// The owner's rights to list and to enter a directory.
const OWN_READ_AND_PASS: u16 = 0o500;

/// The result of a recursive or single change.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Changes {
    changed: Vec<Changed>,
}

/// A changed path.
#[derive(Debug, Serialize, JsonSchema)]
struct Changed {
    path: String,
    /// The number of entries changed, including those below it.
    entries: u64,
}

impl Report for Changes {
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

/// The request of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The paths as given.
    pub paths: &'a [OsString],
    /// The arguments before the paths.
    pub what: &'a str,
    pub recursive: bool,
    /// True if the change is the same for every entry.
    pub uniform: bool,
}

/// Applies the request: `new` returns the change of each entry.
///
/// # Errors
/// If the command cannot continue: no cluster, Ctrl-C, no output. Failures of single paths are
/// reported.
pub(crate) async fn change(
    context: &mut Context<'_>,
    asked: Asked<'_>,
    new: impl Fn(&Stat) -> AttributeChange,
) -> Result<()> {
    let client = context.client().await?;
    let mut changes = Changes::default();
    for text in asked.paths {
        let found = look(context, &client, text).await;
        let Some((path, stat)) = context.check(found)? else { continue };
        if context.only_planned([asked.what, path.as_str()]) {
            continue;
        }
        let mut work = Work { client: client.clone(), uniform: asked.uniform, new: &new, entries: 0 };
        if asked.recursive {
            work.all(context, path.clone(), stat).await?;
        } else {
            work.one(context, &path, &stat).await?;
        }
        if work.entries > 0 {
            changes.changed.push(Changed { path: path.to_string(), entries: work.entries });
        }
    }
    if changes.changed.is_empty() { Ok(()) } else { context.show(&changes) }
}

struct Work<'n, F> {
    client: Client,
    uniform: bool,
    new: &'n F,
    /// Entries changed so far.
    entries: u64,
}

enum Step {
    /// An entry with everything below it.
    All(DfsPath, Stat),
    One(DfsPath, Stat),
}

impl<F: Fn(&Stat) -> AttributeChange> Work<'_, F> {
    async fn one(&mut self, context: &mut Context<'_>, path: &DfsPath, stat: &Stat) -> Result<()> {
        self.call(context, path, (self.new)(stat), 1).await
    }

    async fn call(
        &mut self,
        context: &mut Context<'_>,
        path: &DfsPath,
        change: AttributeChange,
        entries: u64,
    ) -> Result<()> {
        let result = context.call(self.client.set_attributes(path, change)).await;
        if context.check(result.map_err(|error| about(error, path)))?.is_some() {
            self.entries += entries;
        }
        Ok(())
    }

    /// The masters change a directory with everything below it in one step, unless it is too large;
    /// otherwise this walks the directory.
    async fn all(&mut self, context: &mut Context<'_>, path: DfsPath, stat: Stat) -> Result<()> {
        let mut steps = vec![Step::All(path, stat)];
        while let Some(step) = steps.pop() {
            let (path, stat) = match step {
                Step::One(path, stat) => {
                    self.one(context, &path, &stat).await?;
                    continue;
                }
                Step::All(path, stat) => (path, stat),
            };
            let entries = 1 + stat.files + stat.directories;
            if self.uniform && entries <= CHANGED_PER_CALL_MAX {
                let change = AttributeChange { recursive: true, ..(self.new)(&stat) };
                self.call(context, &path, change, entries).await?;
                continue;
            }
            // Such a directory is changed after its entries: its owner could not list it
            // afterwards.
            if (self.new)(&stat).mode.is_some_and(|mode| mode & OWN_READ_AND_PASS != OWN_READ_AND_PASS) {
                steps.push(Step::One(path.clone(), stat.clone()));
            } else {
                self.one(context, &path, &stat).await?;
            }
            if stat.kind == Kind::Directory {
                self.directory(context, &path, &mut steps).await?;
            }
        }
        Ok(())
    }

    /// Changes the files of a directory now; its subdirectories become later steps.
    async fn directory(&mut self, context: &mut Context<'_>, path: &DfsPath, steps: &mut Vec<Step>) -> Result<()> {
        let mut entries = self.client.list_all(path, "").boxed();
        let mut files = Vec::new();
        loop {
            let next = context.call(entries.try_next()).await.map_err(|error| about(error, path));
            let Some(next) = context.check(next)?.flatten() else { break };
            let inner = path.join(&next.name)?;
            match next.stat.kind {
                Kind::Directory => steps.push(Step::All(inner, next.stat)),
                Kind::File => files.push((inner, next.stat)),
            }
            if files.len() >= BATCH {
                self.files(context, std::mem::take(&mut files)).await?;
            }
        }
        self.files(context, files).await
    }

    async fn files(&mut self, context: &mut Context<'_>, files: Vec<(DfsPath, Stat)>) -> Result<()> {
        let (client, new) = (self.client.clone(), self.new);
        let calls = files.into_iter().map(|(path, stat)| {
            let (client, change) = (&client, new(&stat));
            async move { client.set_attributes(&path, change).await.map_err(|error| about(error, &path)) }
        });
        let mut calls = stream::iter(calls).buffer_unordered(CHANGES_IN_FLIGHT);
        // Results are passed on as values, so that a failed one does not end the others.
        while let Some(result) = context.call(async { Ok(calls.next().await) }).await? {
            if context.check(result)?.is_some() {
                self.entries += 1;
            }
        }
        Ok(())
    }
}
