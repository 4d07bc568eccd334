//! `setrep`: the number of replicas of files.

use crate::base::report::about;
use crate::command::{Context, Effect, Example, Group, Json, Kind, Meaning, Verb};
use crate::commands::shared::found::Search;
use crate::commands::shared::places::look;
use crate::session::running::RunningTransfers;
use crate::transfer::Bars;
use clap::Args;
use dfs_client::{AdminState, Client, LocatedChunk, Progress, Wanted};
use dfs_term::figures::plural;
use dfs_term::{Report, View};
use dfs_types::{ChunkId, DatanodeId, DfsPath, Error, ErrorCode, Kind as EntryKind, Result};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::time::Duration;

/// The poll interval of `-w`.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// The number of looks after which `-w` first asks if surplus replicas stay because other files
/// want them; the number doubles each time, because the master has to search for a file that uses
/// the chunk. Once a file was found that keeps them, the following files are checked at once.
const LOOKS_BEFORE_ASKING: u32 = 8;
/// The maximum number of files set in parallel.
const CALLS_IN_FLIGHT: usize = 64;

/// Arguments of `setrep`.
#[derive(Debug, Args)]
pub(super) struct Setrep {
    /// All files below a directory.
    #[arg(short = 'R')]
    recursive: bool,
    /// Wait until every chunk has this number of replicas.
    #[arg(short)]
    wait: bool,
    /// Replicas of each chunk, 1 to 16.
    #[arg(value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(dfs_rpc::REPLICATION_MAX)))]
    copies: u8,
    /// The files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl Verb for Setrep {
    const NAME: &'static str = "setrep";
    const ABOUT: &'static str = "Set the number of replicas of files";
    const GROUP: Group = Group::Files;
    const EFFECT: Effect<Self> = Effect::Changes;
    const EXAMPLES: &'static [Example] = &[
        ("setrep 2 /data/big.bin", "the cluster adds or removes replicas"),
        ("setrep -w 3 /data/big.bin", "wait until it is done"),
        ("setrep -R 2 /data/2026", "all files below a directory"),
    ];
    const MEANING: Meaning = Meaning { first: &[Kind::Plain], rest: Kind::Remote, last: None };
    const JSON: Json = Json::of::<Set>();

    async fn run(self, context: &mut Context<'_>) -> Result<()> {
        let client = context.client().await?;
        let (files, paths, serving, bytes) = Default::default();
        let mut set = Set { replication: self.copies, files, paths, serving, bytes };
        for text in &self.paths {
            let found = look(context, &client, text).await;
            let Some((path, stat)) = context.check(found)? else { continue };
            if context.only_planned([self.copies.to_string(), path.to_string()]) {
                continue;
            }
            if stat.kind == EntryKind::Directory && !self.recursive {
                let error = Error::new(ErrorCode::IsADirectory, "is a directory").at(&path);
                context.fail(error.hint("setrep -R sets all files below it"))?;
                continue;
            }
            let before = set.files;
            let result = self.set(context, &client, &path, &mut set).await;
            context.check(result)?;
            if set.files > before {
                set.paths.push(path.to_string());
            }
        }
        if let Some(serving) = set.serving.filter(|serving| *serving < u32::from(self.copies)) {
            context.session.say(&format!("setrep: warning: {}", self.beyond(serving)));
        }
        if self.wait {
            self.wait(context, &client, &set).await?;
        }
        if set.files > 0 { context.show(&set) } else { Ok(()) }
    }
}

impl Setrep {
    /// Sets the replication of all files at and below `path`.
    async fn set(&self, context: &mut Context<'_>, client: &Client, path: &DfsPath, set: &mut Set) -> Result<()> {
        let wanted = Wanted { kind: Some(EntryKind::File), ..Wanted::default() };
        let mut search = Search::new(client, path, &wanted);
        while let Some(page) = search.page(context).await? {
            let calls = page.entries.into_iter().map(|found| async move {
                let result = client.set_replication(&found.path, self.copies).await;
                result.map(|serving| (found.stat.size, serving)).map_err(|error| about(error, &found.path))
            });
            let mut calls = stream::iter(calls).buffer_unordered(CALLS_IN_FLIGHT);
            while let Some(result) = context.call(async { Ok(calls.next().await) }).await? {
                let Some((bytes, serving)) = context.check(result)? else { continue };
                set.serving = Some(serving);
                set.files += 1;
                set.bytes += bytes;
            }
        }
        Ok(())
    }

    /// Waits until all chunks have the wanted number of live replicas, no more and no fewer.
    async fn wait(&self, context: &mut Context<'_>, client: &Client, set: &Set) -> Result<()> {
        if set.files == 0 {
            return Ok(());
        }
        let files = plural(set.files, "file has", "files have");
        context.session.say(&format!("setrep: waiting until {files} {}; Ctrl-C ends the waiting", self.goal()));
        let transfers = RunningTransfers::default();
        transfers.estimate(set.bytes, set.files);
        let mut bars = Bars::follow(context.session, &transfers);
        let mut kept = Kept::default();
        let waited = self.wait_for_all(context, client, &set.paths, &transfers, &mut kept).await;
        bars.clear(context.session);
        if let Some(kept) = kept.say(&self.goal()) {
            context.session.say(&format!("setrep: {kept}"));
        }
        waited
    }

    /// Waits for one file after the other; a file that shares its chunks with another file may keep
    /// more. The list of running transfers shows the bytes of the files as done when all replicas exist.
    async fn wait_for_all(
        &self,
        context: &mut Context<'_>,
        client: &Client,
        paths: &[String],
        transfers: &RunningTransfers,
        kept: &mut Kept,
    ) -> Result<()> {
        kept.draining = draining(context, client).await?;
        for path in paths {
            let wanted = Wanted { kind: Some(EntryKind::File), ..Wanted::default() };
            let mut search = Search::new(client, &DfsPath::parse(path)?, &wanted);
            while let Some(page) = search.page(context).await? {
                for found in &page.entries {
                    let (_shown, progress) = transfers.begin(found.path.to_string(), found.stat.size);
                    self.wait_for(context, client, &found.path, &progress, kept).await?;
                }
            }
        }
        Ok(())
    }

    fn beyond(&self, serving: u32) -> String {
        let datanodes = plural(serving.into(), "datanode is in service", "datanodes are in service");
        format!("{} are wanted, but only {datanodes}; the missing replicas are made when more join", self.goal())
    }

    fn goal(&self) -> String {
        plural(self.copies.into(), "replica", "replicas")
    }

    /// Returns the number of replicas that other files want of a chunk with surplus ones, if they
    /// want more. A file shares all of its chunks or none, so one chunk is enough. The masters are
    /// asked rarely: see [`LOOKS_BEFORE_ASKING`].
    async fn wanted_by_others(
        &self,
        context: &Context<'_>,
        client: &Client,
        chunk: ChunkId,
        looks: u32,
        kept: &mut Kept,
    ) -> Result<Option<u8>> {
        if let Some(wanted) = kept.known.get(&chunk) {
            return Ok(Some(*wanted));
        }
        let again = looks >= LOOKS_BEFORE_ASKING && looks.is_power_of_two();
        if !again && (looks > 1 || kept.files == 0) {
            return Ok(None);
        }
        let wanted = match context.call(client.chunk(chunk)).await {
            Ok(status) => Some(status.wanted).filter(|wanted| *wanted > self.copies),
            // The file has different chunks by now: the next look finds them.
            Err(error) if error.code == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
        kept.known.extend(wanted.map(|wanted| (chunk, wanted)));
        Ok(wanted)
    }

    async fn wait_for(
        &self,
        context: &Context<'_>,
        client: &Client,
        path: &DfsPath,
        progress: &Progress,
        kept: &mut Kept,
    ) -> Result<()> {
        let mut looks = 0_u32;
        loop {
            let mut located = context.call(client.locate(path)).await.map_err(|error| about(error, path))?;
            keep_counted(&mut located.chunks, &kept.draining);
            looks += 1;
            let copies = usize::from(self.copies);
            let short = located.chunks.iter().any(|chunk| chunk.replicas.len() < copies);
            let surplus = located.chunks.iter().find(|chunk| chunk.replicas.len() > copies);
            if let Some(surplus) = surplus.filter(|_| !short) {
                let id = surplus.chunk.id;
                if let Some(wanted) = self.wanted_by_others(context, client, id, looks, kept).await? {
                    kept.note(path, wanted);
                    return Ok(());
                }
            }
            let (right, all) = bytes_right(&located.chunks, self.copies);
            // A chunk that loses a replica meanwhile is not counted twice.
            progress.add(right.saturating_sub(progress.bytes()));
            // A file whose replication was changed meanwhile is not waited for.
            if located.stat.replication != self.copies || right == all {
                return Ok(());
            }
            let blocked = context.call(client.blocked(path)).await.map_err(|error| about(error, path))?;
            // If this file has enough replicas, replicas are missing only for another file that
            // shares its chunks.
            if short && blocked.is_final() {
                let serving = context.call(client.status()).await?.nodes_serving;
                if let Some((why, help)) = dfs_diagnosis::reason(&blocked, serving) {
                    let what = format!("set, but {} cannot be made: {why}", self.goal());
                    return Err(Error::new(ErrorCode::InsufficientDatanodes, what).at(path).hint(help));
                }
            }
            context.pause(LOOK_EVERY).await?;
            kept.draining = draining(context, client).await?;
        }
    }
}

/// Returns the datanodes that drain or are drained: their replicas do not count.
async fn draining(context: &Context<'_>, client: &Client) -> Result<BTreeSet<DatanodeId>> {
    let nodes = context.call(client.nodes()).await?;
    Ok(nodes.iter().filter(|node| node.admin_state == AdminState::Draining).map(|node| node.id).collect())
}

/// Removes the replicas that do not count.
fn keep_counted(chunks: &mut [LocatedChunk], draining: &BTreeSet<DatanodeId>) {
    for chunk in chunks {
        chunk.replicas.retain(|replica| !draining.contains(&replica.id));
    }
}

/// Files that keep more replicas than was set, because other files share their chunks.
#[derive(Debug, Default)]
struct Kept {
    files: u64,
    first: Option<DfsPath>,
    /// The highest number of replicas that another file wants.
    wanted: u8,
    /// The numbers of replicas that other files want, by chunk.
    known: BTreeMap<ChunkId, u8>,
    /// The datanodes whose replicas do not count, as of the last look.
    draining: BTreeSet<DatanodeId>,
}

impl Kept {
    fn note(&mut self, path: &DfsPath, wanted: u8) {
        self.files += 1;
        self.first.get_or_insert_with(|| path.clone());
        self.wanted = self.wanted.max(wanted);
    }

    /// Returns the message; `goal` is the number set, as in "2 replicas".
    fn say(&self, goal: &str) -> Option<String> {
        let (first, wanted) = (self.first.as_ref()?, self.wanted);
        Some(match self.files {
            1 => format!("{first} keeps more than {goal}: another file that shares its chunks needs {wanted}"),
            files => format!(
                "{files} files keep more than {goal}, as {first}: other files that share their chunks need up to {wanted}"
            ),
        })
    }
}

/// Returns the bytes of the chunks with this number of live replicas, and the bytes of all chunks.
fn bytes_right(chunks: &[LocatedChunk], copies: u8) -> (u64, u64) {
    let right = chunks.iter().filter(|chunk| chunk.replicas.len() == usize::from(copies));
    let bytes = |chunk: &LocatedChunk| u64::from(chunk.chunk.length);
    (right.map(bytes).sum(), chunks.iter().map(bytes).sum())
}

/// The result of `setrep`.
#[derive(Debug, Serialize, JsonSchema)]
struct Set {
    replication: u8,
    /// Files that were set.
    files: u64,
    /// The requested paths at and below which the files are.
    paths: Vec<String>,
    /// Datanodes that serve, which limit the number of replicas. Null where nothing was set.
    serving: Option<u32>,
    /// Bytes of those files.
    #[serde(skip)]
    bytes: u64,
}

impl Report for Set {
    fn text(&self, _: &View) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_client::NodeAddress;
    use dfs_types::{ChunkRef, Generation};

    #[test]
    fn bytes_of_chunks_with_as_many_copies_as_they_should_have_are_done() {
        let chunk = |length: u32, copies: u16| {
            let address = "127.0.0.1:1".parse().expect("an address");
            let replicas = (1..=copies).map(|id| NodeAddress { id: DatanodeId(id), address }).collect();
            let chunk = ChunkRef { id: ChunkId(1), generation: Generation(1), length, checksum: 0 };
            LocatedChunk { chunk, offset: 0, replicas, capability: Default::default() }
        };
        let chunks = [chunk(100, 1), chunk(20, 2), chunk(3, 3)];
        assert_eq!([1, 2, 3, 4].map(|copies| bytes_right(&chunks, copies).0), [100, 20, 3, 0]);
        assert_eq!((bytes_right(&chunks, 2).1, bytes_right(&[], 2)), (123, (0, 0)));
        let mut chunks = chunks;
        keep_counted(&mut chunks, &BTreeSet::from([DatanodeId(2)]));
        assert_eq!([0, 1, 2, 3].map(|copies| bytes_right(&chunks, copies).0), [0, 120, 3, 0]);
    }
}
