//! `mv`.

use super::{Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::context::Context;
use crate::line::quote;
use crate::report::about;
use clap::Args;
use dfs_client::Client;
use dfs_tui::{Report, View};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `mv`.
#[derive(Debug, Args)]
pub struct Mv {
    /// Replace a file that is there.
    #[arg(short)]
    force: bool,
    /// What is moved, then where to: into a folder that is there, or to a new name.
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    paths: Vec<OsString>,
}

impl Verb for Mv {
    const NAME: &'static str = "mv";
    const ABOUT: &'static str = "Move or rename, atomically";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("mv /data/a.csv /data/first.csv", "rename"),
        ("mv /data/*.csv /data/2026", "move many into a folder"),
        ("mv -f /data/a.csv /data/b.csv", "replace the file that is there"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);
    const JSON: Json = Json::of::<Moves>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Some((destination, sources)) = self.paths.split_last() else { return Ok(()) };
        let target = context.remote(destination)?;
        if context.session.options.dry_run {
            return self.plan(context, sources, &target);
        }
        let client = context.client().await?;
        let into = is_folder(context, &client, &target).await?;
        if !into && sources.len() > 1 {
            return Err(Error::new(ErrorCode::NotADirectory, "several can only be moved into a folder").at(target));
        }
        let mut moved = Vec::new();
        for source in sources {
            let result = move_one(context, &client, source, &target, into, self.force).await;
            moved.extend(context.check(result)?);
        }
        if moved.is_empty() { Ok(()) } else { context.show(&Moves { moved }) }
    }
}

impl Mv {
    /// In a plan it is one line, because what it means is decided by what is there when it runs.
    fn plan(&self, context: &mut Context<'_>, sources: &[OsString], target: &DfsPath) -> Result<()> {
        let sources = sources.iter().map(|source| context.remote(source)).collect::<Result<Vec<_>>>()?;
        let flag = self.force.then_some("-f");
        let paths = sources.iter().chain([target]).map(DfsPath::as_str);
        context.only_planned(["mv"].into_iter().chain(flag).chain(paths));
        Ok(())
    }
}

/// What was moved.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Moves {
    moved: Vec<Move>,
}

/// One move.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Move {
    from: String,
    to: String,
}

impl Report for Moves {
    /// As the mv of every system: what went well needs no word.
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

async fn move_one(
    context: &Context<'_>,
    client: &Client,
    source: &OsString,
    target: &DfsPath,
    into: bool,
    force: bool,
) -> Result<Move> {
    let from = context.remote(source)?;
    let to = match from.name() {
        Some(name) if into => target.join(name).map_err(|error| Error::from(error).at(&from))?,
        _ => target.clone(),
    };
    match context.call(client.rename(&from, &to, force)).await {
        Ok(()) => {}
        Err(error) => return Err(blamed(context, client, error, &from, &to).await),
    }
    Ok(Move { from: from.to_string(), to: to.to_string() })
}

/// The error, at the path that it is about: of two that are not there the masters name the first one, even when it is
/// the folder of the second that is missing.
async fn blamed(context: &Context<'_>, client: &Client, error: Error, from: &DfsPath, to: &DfsPath) -> Error {
    let folder = to.parent().filter(|_| error.code == ErrorCode::NotFound);
    match folder {
        Some(folder) if context.call(client.stat(from)).await.is_ok() => {
            let hint = format!("mkdir -p {} makes the folder", quote(folder.as_str()));
            Error { path: None, ..error }.at(to).hint(hint)
        }
        None if error.code == ErrorCode::AlreadyExists => about(error, to).hint("mv -f replaces an existing file"),
        _ => about(error, from),
    }
}

/// Whether there is a folder; nothing there is no error.
pub async fn is_folder(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<bool> {
    match context.call(client.stat(path)).await {
        Ok(stat) => Ok(stat.kind == dfs_types::Kind::Directory),
        Err(error) if error.code == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(about(error, path)),
    }
}
