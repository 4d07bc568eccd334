//! `mv`.

use super::{Example, Group, Kind, Meaning, Verb};
use crate::context::Context;
use crate::report::about;
use clap::Args;
use dfs_client::Client;
use dfs_types::{DfsPath, Error, ErrorCode, Result};
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
    const EXAMPLES: &'static [Example] = &[
        ("mv /data/new /data/old", "rename"),
        ("mv /logs/*.gz /archive", "move many into a folder"),
        ("mv -f /tmp/report /report", "replace the file that is there"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::Remote);

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let Some((destination, sources)) = self.paths.split_last() else { return Ok(()) };
        let target = context.remote(destination)?;
        let client = context.client().await?;
        let into = is_folder(context, &client, &target).await?;
        if !into && sources.len() > 1 {
            return Err(Error::new(ErrorCode::NotADirectory, "several can only be moved into a folder").at(target));
        }
        let mut moved = Vec::new();
        for source in sources {
            let result = move_one(context, &client, source, &target, into, self.force).await;
            moved.extend(context.check(result)?.flatten());
        }
        if context.json() && !moved.is_empty() {
            let list: Vec<_> = moved.iter().map(|(from, to)| serde_json::json!({ "from": from, "to": to })).collect();
            return context.emit(&serde_json::json!({ "moved": list }));
        }
        Ok(())
    }
}

async fn move_one(
    context: &mut Context<'_>,
    client: &Client,
    source: &OsString,
    target: &DfsPath,
    into: bool,
    force: bool,
) -> Result<Option<(DfsPath, DfsPath)>> {
    let from = context.remote(source)?;
    let to = match from.name() {
        Some(name) if into => target.join(name).map_err(|error| Error::from(error).at(&from))?,
        _ => target.clone(),
    };
    let flag = force.then_some("-f");
    if context.only_planned(["mv"].into_iter().chain(flag).chain([from.as_str(), to.as_str()])) {
        return Ok(None);
    }
    context.call(client.rename(&from, &to, force)).await.map_err(|error| about(error, &from))?;
    Ok(Some((from, to)))
}

/// Whether there is a folder; nothing there is no error.
pub async fn is_folder(context: &Context<'_>, client: &Client, path: &DfsPath) -> Result<bool> {
    match context.call(client.stat(path)).await {
        Ok(stat) => Ok(stat.kind == dfs_types::Kind::Directory),
        Err(error) if error.code == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(about(error, path)),
    }
}
