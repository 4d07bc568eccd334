//! `why`: a state in sentences, and what to type next.

use super::node;
use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::seen::Seen;
use clap::Args;
use dfs_client::{ChunkStatus, ClusterStatus, Located, NodeState, NodeStatus};
use dfs_diagnosis::bring_back;
use dfs_term::figures::{age, plural, size, span};
use dfs_term::text::{sanitise, wrap};
use dfs_term::{Report, Tone, View};
use dfs_types::{ChunkId, DatanodeId, DfsPath, Error, ErrorCode, MasterId, Result, Stat};
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;
use std::time::Duration;

/// Chunks of a file that are told one by one.
const CHUNKS_TOLD_MAX: usize = 5;

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// A file, a directory, a chunk id as locate shows it, a datanode, a master.
    #[arg(value_name = "PATH|CHUNK|NODE")]
    what: OsString,
}

impl Verb for Why {
    const NAME: &'static str = "why";
    const ABOUT: &'static str = "Explain how a file, a chunk or a node is, and what to type next";
    const GROUP: Group = Group::Cluster;
    const EFFECT: Effect<Self> = Effect::Looks;
    const EXAMPLES: &'static [Example] =
        &[("why /data/big.bin", "is it safe, and where is it?"), ("why datanode-2", "how is it, and what lies there?")];
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
        context.show(&explained)
    }
}

/// A state in words.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Explained {
    /// What was asked about.
    subject: String,
    /// Whether nothing is wrong with it.
    well: bool,
    /// Its state, sentence by sentence.
    sentences: Vec<String>,
    /// What to type.
    next: String,
}

impl Explained {
    fn new(subject: impl ToString) -> Self {
        Self { subject: subject.to_string(), well: true, sentences: Vec::new(), next: String::new() }
    }

    fn say(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    fn wrong(&mut self, sentence: impl Into<String>) {
        self.well = false;
        self.say(sentence);
    }
}

impl Report for Explained {
    fn text(&self, view: &View) -> String {
        let (glyph, tone) = if self.well { ("·", Tone::Good) } else { ("!", Tone::Warning) };
        let mut text = String::new();
        for (index, sentence) in self.sentences.iter().enumerate() {
            let begin = if index == 0 { view.paint(tone, glyph) } else { " ".into() };
            text.push_str(&format!("{begin} {}\n", wrap(&sanitise(sentence), view.cells, 2)));
        }
        text.push_str(&format!("  next: {}\n", view.paint(Tone::Command, &sanitise(&self.next))));
        text
    }
}

fn ago(ms: u64) -> String {
    age(Duration::from_millis(ms))
}

async fn datanode(context: &mut Context<'_>, name: &str) -> Result<Explained> {
    let node = node::find(context, name).await?;
    let seen = Seen::look(context).await?;
    let local = seen.is_local();
    let mut why = Explained::new(node.id);
    let (id, heard) = (node.id, ago(node.heartbeat_age_ms));
    let chunks = plural(node.chunks, "replica", "replicas");
    match node.state {
        NodeState::Live => {
            why.say(format!("{id} is live: heard from {heard}, here since {}.", ago(node.registered_ms)));
            why.say(format!("It holds {chunks}, {}, and has {} free.", size(node.load.used()), size(node.load.free())));
            why.next = format!("node show {id}");
        }
        NodeState::Stale => {
            why.wrong(format!(
                "{id} is overdue: last heard from {heard}; its process, its machine or the network is in trouble."
            ));
            why.say(format!(
                "It gets no new chunks and is read from last. Its {chunks} are not copied yet: it may come back."
            ));
            why.say("If it stays silent it is given up as dead, and what lay there is copied from the other replicas.");
            why.next = if local { bring_back(&seen.observation(), &[id]) } else { "nodes".into() };
        }
        NodeState::Dead if node.is_drained() => why.say(format!("{id} is dead: last heard from {heard}.")),
        NodeState::Dead => {
            why.wrong(format!("{id} is dead: last heard from {heard}."));
            why.say(format!("Its {chunks} do not count as copies; they are made anew from the other replicas."));
            why.say("If it comes back with its data, its replicas count again and surplus ones are deleted.");
            why.next = if local { bring_back(&seen.observation(), &[id]) } else { "replication --watch".into() };
        }
    }
    tell_drain(&mut why, &node, local);
    for directory in node.load.directories.iter().filter(|directory| directory.failed) {
        let reason = directory.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        why.wrong(format!(
            "Its data directory {} has failed and is out of service{reason}; replace the disk and restart it.",
            directory.path
        ));
    }
    if node.ahead {
        why.wrong(format!(
            "Its clock is {} ahead of the master's: permissions count as expired there, so it gets no new chunks and is read from last. Set its clock: `timedatectl set-ntp true` on its machine.",
            dfs_term::figures::apart(node.skew_ms)
        ));
    }
    if node.state == NodeState::Live && node.load.free() == 0 {
        why.wrong("It is full: new chunks go to others.");
    }
    let chunks = &seen.status.replication;
    let lacking = chunks.missing + chunks.endangered + chunks.under;
    if lacking > 0 {
        why.say(format!(
            "In the whole cluster {} fewer live copies than wanted; {} being made.",
            plural(lacking, "chunk has", "chunks have"),
            plural(chunks.copying, "copy is", "copies are")
        ));
    }
    Ok(why)
}

/// What operators want of a datanode, and what that means for the one who asks.
fn tell_drain(why: &mut Explained, node: &NodeStatus, local: bool) {
    let Some(told) = dfs_tui::nodes::drain(node) else { return };
    why.say(match (node.is_drained(), node.state) {
        (true, NodeState::Dead) => format!("It was {told}."),
        (true, _) => format!("It is drained: {told}."),
        (false, _) => format!("It is to be drained, and takes no new chunks: {told}."),
    });
    why.next = match (node.is_drained(), node.state) {
        (true, NodeState::Dead) => format!("node forget {}", node.id),
        (true, NodeState::Live) if local => format!("dfsd stop {}", node.id),
        (true, _) => return,
        (false, NodeState::Live) => format!("node drain --wait {}", node.id),
        (false, _) => return,
    };
}

async fn master(context: &mut Context<'_>, id: MasterId) -> Result<Explained> {
    let seen = Seen::look(context).await?;
    let known = seen.status.masters.iter().find(|master| master.id == id);
    let known =
        known.ok_or_else(|| Error::new(ErrorCode::NotFound, "no such master").at(id).hint("masters lists them"))?;
    let identity = context.session.find_cluster()?.identity().clone();
    let mut why = Explained::new(id);
    match context.call(crate::base::probe::master(&identity, &known.address)).await {
        Ok(answer) => {
            let role = answer.status.masters.iter().find(|own| own.id == id).map_or("unknown", |own| own.role.as_str());
            why.say(format!("{id} answers at {}: {role} in term {}.", known.address, answer.status.term));
            why.next = "masters".into();
        }
        Err(error) if error.code == ErrorCode::Interrupted => return Err(error),
        Err(error) => {
            why.wrong(format!("{id} does not answer: {}.", error.message));
            why.say("The others go on as long as they are a majority.");
            let name = id.to_string();
            let own = seen.observation().local.and_then(|local| local.iter().find(|daemon| daemon.id == name));
            why.next = match own {
                Some(daemon) if daemon.process.is_gone() => format!("dfsd start {id}"),
                Some(_) => format!("dfsd restart {id}"),
                None => "masters".into(),
            };
        }
    }
    Ok(why)
}

async fn chunk(context: &mut Context<'_>, id: ChunkId) -> Result<Explained> {
    let client = context.client().await?;
    let chunk = context.call(client.chunk(id)).await?;
    let mut why = Explained::new(id);
    let file = match &chunk.path {
        Some(path) => format!("a chunk of {path}"),
        None => "a chunk of a file that we may not see".to_owned(),
    };
    why.say(format!("{id} is {file}: {}, generation {}.", size(chunk.chunk.length.into()), chunk.chunk.generation));
    tell_copies(&mut why, &chunk);
    if !why.well {
        tell_awaited(&mut why, &context.call(client.status()).await?);
    }
    why.next = match (&chunk.path, why.well) {
        (_, false) => next_for(&chunk),
        (Some(path), true) => format!("info {}", crate::lang::quote(path.as_str())),
        (None, true) => "status".into(),
    };
    Ok(why)
}

/// What is missing may only not be reported yet.
fn tell_awaited(why: &mut Explained, status: &ClusterStatus) {
    if let Some((reported, expected)) = status.awaited() {
        why.say(format!("Waiting: {reported} of {expected} datanodes have reported; look again when all have."));
    }
}

fn tell_copies(why: &mut Explained, chunk: &ChunkStatus) {
    let live = chunk.replicas.iter().filter(|(_, state)| *state == NodeState::Live).count();
    let wanted = usize::from(chunk.wanted);
    for (state, how) in [(NodeState::Live, "on"), (NodeState::Stale, "overdue on"), (NodeState::Dead, "lost with dead")]
    {
        let nodes: Vec<String> =
            chunk.replicas.iter().filter(|(_, at)| *at == state).map(|(node, _)| node.to_string()).collect();
        if !nodes.is_empty() {
            let copies = plural(nodes.len() as u64, "copy is", "copies are");
            why.say(format!("{copies} {how} {}.", nodes.join(", ")));
        }
    }
    if live >= wanted {
        why.say(format!("{wanted} are wanted: it has all its copies."));
        return;
    }
    why.wrong(match live {
        0 => "No live copy is left: it cannot be read until a datanode that has it comes back.".to_owned(),
        1 => format!("{wanted} are wanted and one is left: one more failure and it is lost."),
        live => format!("{wanted} are wanted and {live} are live: it can be read."),
    });
    why.say(if chunk.copying {
        "It is being copied now."
    } else if live == 0 {
        "There is nothing to copy it from."
    } else {
        "It is copied as soon as a live datanode with space that does not have it is there."
    });
}

fn next_for(chunk: &ChunkStatus) -> String {
    let silent = chunk.replicas.iter().find(|(_, state)| *state != NodeState::Live);
    silent.map_or_else(|| "replication --watch".to_owned(), |(node, _)| format!("why {node}"))
}

async fn path(context: &mut Context<'_>, what: &OsString) -> Result<Explained> {
    let path = context.remote(what)?;
    let client = context.client().await?;
    let stat = context.call(client.stat(&path)).await.map_err(|error| about(error, &path))?;
    if stat.kind == dfs_types::Kind::Directory {
        return directory(context, &path, &stat).await;
    }
    let located = context.call(client.locate(&path)).await.map_err(|error| about(error, &path))?;
    let nodes = context.call(client.nodes()).await?;
    let mut why = Explained::new(&path);
    let chunks = plural(located.chunks.len() as u64, "chunk", "chunks");
    let copies = plural(stat.replication.into(), "copy", "copies");
    why.say(format!("{path} is a file of {} in {chunks}, with {copies} of each wanted.", size(stat.size)));
    tell_file(&mut why, &located, &nodes);
    if !why.well {
        tell_awaited(&mut why, &context.call(client.status()).await?);
    }
    Ok(why)
}

fn tell_file(why: &mut Explained, located: &Located, nodes: &[NodeStatus]) {
    let is_live = |id: DatanodeId| nodes.iter().any(|node| node.id == id && node.state == NodeState::Live);
    let live = |chunk: &dfs_client::LocatedChunk| chunk.replicas.iter().filter(|node| is_live(node.id)).count();
    let wanted = usize::from(located.stat.replication);
    let short: Vec<_> = located.chunks.iter().filter(|chunk| live(chunk) < wanted).collect();
    let mut where_: Vec<DatanodeId> =
        located.chunks.iter().flat_map(|chunk| chunk.replicas.iter().map(|node| node.id)).collect();
    where_.sort_unstable();
    where_.dedup();
    let names: Vec<String> = where_.iter().map(ToString::to_string).collect();
    let place = crate::lang::quote(&why.subject).into_owned();
    why.next = format!("locate {place}");
    if located.chunks.is_empty() {
        why.say("It is empty: there is nothing to keep.");
        return;
    }
    if short.is_empty() {
        why.say(format!("Every chunk has all its copies, on {}.", names.join(", ")));
        return;
    }
    let lost = short.iter().filter(|chunk| chunk.replicas.is_empty()).count() as u64;
    let doubtful = short.iter().filter(|chunk| live(chunk) == 0).count() as u64 - lost;
    why.wrong(format!("{} fewer live copies than wanted.", plural(short.len() as u64, "chunk has", "chunks have")));
    if lost > 0 {
        let none = plural(lost, "chunk has", "chunks have");
        why.say(format!("{none} no copy that can be reached: it cannot be read whole."));
    } else if doubtful > 0 {
        let only = plural(doubtful, "chunk has", "chunks have");
        why.say(format!("{only} no copy but on overdue datanodes: it can be read whole only if they answer."));
    } else {
        why.say("It can be read whole.");
    }
    for chunk in short.iter().take(CHUNKS_TOLD_MAX) {
        let at: Vec<String> = chunk.replicas.iter().map(|node| node.id.to_string()).collect();
        let at = if at.is_empty() { "nowhere".to_owned() } else { format!("on {}", at.join(", ")) };
        why.say(format!(
            "Chunk {} at byte {} has {} live of {wanted}, {at}.",
            chunk.chunk.id,
            chunk.offset,
            live(chunk)
        ));
    }
    if short.len() > CHUNKS_TOLD_MAX {
        why.say(format!("And {} more.", short.len() - CHUNKS_TOLD_MAX));
    }
    let silent: Vec<&NodeStatus> = nodes.iter().filter(|node| node.state != NodeState::Live).collect();
    for node in &silent {
        let state = dfs_tui::nodes::word(node.state);
        why.say(format!(
            "{} is {state}, last heard from {} ago.",
            node.id,
            span(Duration::from_millis(node.heartbeat_age_ms))
        ));
    }
    why.next = silent.first().map_or_else(|| "replication --watch".to_owned(), |node| format!("why {}", node.id));
}

async fn directory(context: &mut Context<'_>, path: &DfsPath, stat: &Stat) -> Result<Explained> {
    let seen = Seen::look(context).await?;
    let mut why = Explained::new(path);
    let (files, directories) =
        (plural(stat.files, "file", "files"), plural(stat.directories, "directory", "directories"));
    why.say(format!("{path} is a directory with {files} and {directories} below it, {}.", size(stat.size)));
    let place = crate::lang::quote(path.as_str());
    let chunks = &seen.status.replication;
    let lacking = chunks.missing + chunks.endangered + chunks.under;
    if seen.status.safe_mode.is_some() || seen.status.counted_ms.is_none() || seen.status.awaited().is_some() {
        why.wrong("Whether all copies are there is not known yet: the datanodes have not all reported.");
        tell_awaited(&mut why, &seen.status);
        why.next = "status".into();
    } else if lacking == 0 {
        why.say("Every chunk in the cluster has all its copies, so every file here has.");
        why.next = format!("ls -lh {place}");
    } else {
        let chunks = plural(lacking, "chunk", "chunks");
        why.wrong(format!(
            "{chunks} in the cluster want copies; the files that they belong to may be here or elsewhere."
        ));
        why.next = format!("find {place} -under-replicated");
    }
    Ok(why)
}
