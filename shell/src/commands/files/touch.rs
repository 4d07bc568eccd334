//! `touch`.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::destination::{as_written, is_written_as_directory, no_directory};
use clap::Args;
use dfs_client::{AttributeChange, Client, Progress, PutOptions, Source};
use dfs_term::{Report, View};
use dfs_types::{DfsPath, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `touch`.
#[derive(Debug, Args)]
pub(super) struct Touch {
    /// Create nothing; ignore missing files.
    #[arg(short = 'c')]
    no_create: bool,
    /// Files to create, and existing entries whose time is set to now.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Touch {
    const NAME: &'static str = "touch";
    const ABOUT: &'static str = "Create empty files, or set the time of existing entries to now";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] =
        &[("touch /data/done", "a marker file"), ("touch -c /data/a.csv", "its time, if it exists")];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Touched>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let mut touched = Touched::default();
        for text in &self.paths {
            let path = context.remote(text).await;
            let Some(path) = context.check(path)? else { continue };
            if context.only_planned([as_written(&path, text)]) {
                continue;
            }
            let directory = is_written_as_directory(text);
            let result = touch(context, &client, &path, self.no_create, directory).await;
            match context.check(result.map_err(|error| about(error, &path)))? {
                Some(Done::Made) => touched.made.push(path.to_string()),
                Some(Done::Set) => touched.set.push(path.to_string()),
                Some(Done::Nothing) | None => {}
            }
        }
        if touched.made.is_empty() && touched.set.is_empty() { Ok(()) } else { context.show(&touched) }
    }
}

enum Done {
    Made,
    Set,
    Nothing,
}

/// Sets the time of `path`, or creates an empty file unless a directory is meant.
async fn touch(
    context: &Context<'_>,
    client: &Client,
    path: &DfsPath,
    no_create: bool,
    directory: bool,
) -> Result<Done> {
    let now = dfs_term::clock::calendar();
    let change = AttributeChange { modified: Some(now), ..AttributeChange::default() };
    let set = || client.set_attributes(path, change.clone());
    match context.call(set()).await {
        Err(error) if error.code == ErrorCode::NotFound && no_create => return Ok(Done::Nothing),
        Err(error) if error.code == ErrorCode::NotFound && directory => return Err(no_directory(path)),
        Err(error) if error.code == ErrorCode::NotFound => {}
        result => return result.map(|()| Done::Set),
    }
    let (source, options) = (Source::Bytes(Vec::new().into()), PutOptions::default());
    match context.call(client.put(source, path, options, &Progress::new(), &context.cancel)).await {
        // Another client has created it just now.
        Err(error) if error.code == ErrorCode::AlreadyExists => context.call(set()).await.map(|()| Done::Set),
        result => result.map(|_| Done::Made),
    }
}

/// The result of `touch`.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Touched {
    /// Files created.
    made: Vec<String>,
    /// Paths whose time was set.
    set: Vec<String>,
}

impl Report for Touched {
    fn text(&self, _: &View) -> String {
        String::new()
    }
}
