//! `why`: explains a state in sentences, with the command to run.

use super::node;
use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Seen;
use clap::Args;
use dfs_diagnosis::{Explanation, explain};
use dfs_term::text::{sanitise, wrap};
use dfs_term::{Report, Tone, View};
use dfs_types::{ChunkId, DatanodeId, Error, ErrorCode, MasterId, Result};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// A file, a directory, a chunk id as locate shows it, a datanode, a master.
    #[arg(value_name = "PATH|CHUNK|NODE")]
    what: OsString,
}

impl Verb for Why {
    const NAME: &'static str = "why";
    const ABOUT: &'static str = "Explain the state of a file, a chunk or a node, and what to run";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] = &[
        ("why /data/big.bin", "is it safe, and where is it?"),
        ("why datanode-2", "is it live, and what does it hold?"),
    ];
    const MEANING: Meaning = Meaning::all(Kind::RemoteOrNode);
    const JSON: Json = Json::of::<Explained>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let text = self.what.to_string_lossy().into_owned();
        let explained = if text.parse::<DatanodeId>().is_ok() {
            datanode(context, &text).await?
        } else if let Ok(id) = text.parse::<MasterId>() {
            master(context, id).await?
        } else if let (16, Ok(id)) = (text.len(), text.parse::<ChunkId>()) {
            chunk(context, id).await?
        } else {
            path(context, &self.what).await?
        };
        context.show(&Explained(explained))
    }
}

/// An explanation, in the form that `why` shows.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Explained(Explanation);

impl Report for Explained {
    fn text(&self, view: &View) -> String {
        let Explanation { healthy, sentences, run, .. } = &self.0;
        let (glyph, tone) = if *healthy { ("·", Tone::Good) } else { ("!", Tone::Warning) };
        let mut text = String::new();
        for (index, sentence) in sentences.iter().enumerate() {
            let begin = if index == 0 { view.paint(tone, glyph) } else { " ".into() };
            text.push_str(&format!("{begin} {}\n", wrap(&sanitise(sentence), view.cells, 2)));
        }
        text.push_str(&format!("  run: {}\n", view.paint(Tone::Command, &sanitise(run))));
        text
    }
}

async fn datanode(context: &mut Context<'_>, name: &str) -> Result<Explanation> {
    let node = node::find(context, name).await?;
    let seen = Seen::look_briefly(context).await?;
    Ok(explain::datanode(&node, &seen.observation()))
}

async fn master(context: &mut Context<'_>, id: MasterId) -> Result<Explanation> {
    let seen = Seen::look_briefly(context).await?;
    let known = seen.status.masters.iter().find(|master| master.id == id);
    let known =
        known.ok_or_else(|| Error::new(ErrorCode::NotFound, "no such master").at(id).hint("masters lists them"))?;
    let identity = context.session.find_cluster()?.identity().clone();
    let answer = context.call(crate::base::probe::master(&identity, &known.address)).await;
    let answer = match &answer {
        Ok(answer) => {
            let own = answer.status.masters.iter().find(|own| own.id == id);
            Ok((own.map_or("unknown", |own| own.role.as_str()), answer.status.term))
        }
        Err(error) if error.code == ErrorCode::Interrupted => return Err(error.clone()),
        Err(error) => Err(error.message.as_str()),
    };
    Ok(explain::master(id, &known.address, answer, &seen.observation()))
}

async fn chunk(context: &mut Context<'_>, id: ChunkId) -> Result<Explanation> {
    let client = context.client().await?;
    let chunk = context.call(client.chunk(id)).await?;
    let status = context.call(client.status()).await?;
    Ok(explain::chunk(&chunk, &status))
}

async fn path(context: &mut Context<'_>, what: &OsString) -> Result<Explanation> {
    let path = context.remote(what).await?;
    let client = context.client().await?;
    let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
    let seen = Seen::look_briefly(context).await?;
    if stat.kind == dfs_types::Kind::Directory {
        return Ok(explain::directory(&path, &stat, &seen.observation()));
    }
    let located = context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?;
    Ok(explain::file(&path, &located.stat, &located.chunks, &seen.observation()))
}
