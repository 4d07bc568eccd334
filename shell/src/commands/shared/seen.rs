//! The cluster as reported by the masters at one moment: the content of `status`, parts of which
//! other commands use.

use super::status_screen::screen;
use crate::command::Context;
use dfs_client::{Client, ClusterStatus, Find, NodeStatus, Wanted};
use dfs_diagnosis::{Affected, Finding, Grade, Local, Observation, findings, health};
use dfs_term::{Report, View};
use dfs_types::{DfsPath, Error, ErrorCode, Result};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::time::{Duration, Instant};

/// The time limit of the search for files with under-replicated chunks, so that `status` is fast.
const SEARCH_MAX: Duration = Duration::from_millis(500);

/// Returns files with under-replicated chunks; `None` if they cannot be searched.
async fn affected(client: &Client) -> Option<Affected> {
    let begun = Instant::now();
    let wanted = Wanted { under_replicated: true, ..Wanted::default() };
    let mut find = Find { path: DfsPath::root(), after: None, wanted };
    let mut files = 0;
    loop {
        let page = client.find(find.clone()).await.ok()?;
        files += page.entries.len() as u64;
        find.after = page.next;
        let more = find.after.is_some();
        if !more || begun.elapsed() > SEARCH_MAX {
            return Some(Affected { files, more });
        }
    }
}

/// Adds the hint to run `doctor` to the error of an unreachable cluster.
pub(crate) fn hinted(error: Error) -> Error {
    match error.code {
        ErrorCode::Unreachable | ErrorCode::Timeout if error.hint.is_none() => error.hint("doctor finds out why"),
        _ => error,
    }
}

/// The cluster at one moment.
#[derive(Debug)]
pub(crate) struct Seen {
    pub status: ClusterStatus,
    pub nodes: Vec<NodeStatus>,
    affected: Option<Affected>,
    asked: Instant,
    /// The daemons of the local cluster; `None` for any other cluster.
    local: Option<Local>,
}

impl Seen {
    /// Queries the masters.
    ///
    /// # Errors
    /// If none of them answers.
    pub(crate) async fn look(context: &mut Context<'_>) -> Result<Self> {
        let client = context.client().await?;
        let target = context.session.find_cluster()?;
        let (client, local) = (target.looked_at(client), target.on_this_machine());
        context.call(Self::of(&client, local)).await
    }

    /// Queries the masters, without a search for the files that have under-replicated chunks.
    ///
    /// # Errors
    /// As [`Seen::look`].
    pub(crate) async fn look_briefly(context: &mut Context<'_>) -> Result<Self> {
        let client = context.client().await?;
        let local = context.session.find_cluster()?.on_this_machine();
        context.call(Self::figures(&client, local)).await
    }

    /// Queries the masters of one cluster.
    ///
    /// # Errors
    /// As [`Seen::look`].
    pub(crate) async fn of(client: &Client, local: Option<Local>) -> Result<Self> {
        let seen = Self::figures(client, local).await?;
        let short = seen.status.replication.under_replicated() > 0;
        let affected = if short && !seen.observation().is_incomplete() { affected(client).await } else { None };
        Ok(Self { affected, ..seen })
    }

    async fn figures(client: &Client, local: Option<Local>) -> Result<Self> {
        let asked = Instant::now();
        let status = client.status().await.map_err(hinted)?;
        // The figures are useful without the datanodes.
        let nodes = client.nodes().await.unwrap_or_default();
        Ok(Self { status, nodes, affected: None, asked, local })
    }

    /// Returns the input of the diagnosis.
    pub(crate) fn observation(&self) -> Observation<'_> {
        let (age, local) = (self.asked.elapsed(), self.local.as_ref());
        Observation { status: &self.status, nodes: &self.nodes, affected: self.affected, age, local }
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Document::of(&self.observation()).serialize(serializer)
    }
}

impl Report for Seen {
    fn text(&self, view: &View) -> String {
        screen(&self.observation(), &TimeZone::system(), view)
    }
}

/// The cluster. Sizes are in bytes, spans in milliseconds, `taken_at` in milliseconds since 1970.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Document {
    /// The health: `healthy`, `degraded` or `critical`.
    health: Grade,
    /// The worst finding; null for a healthy cluster.
    reason: Option<String>,
    /// All problems, and the state of drains: a cause precedes its consequences, the worst come
    /// first.
    findings: Vec<Finding>,
    cluster: String,
    taken_at: u64,
    /// As in `master-1`; null while there is no leader.
    leader: Option<String>,
    term: u64,
    masters: Vec<Master>,
    /// Datanodes that have missed their heartbeats.
    silent: Vec<String>,
    /// Null outside safe mode.
    safe_mode: Option<SafeMode>,
    files: u64,
    directories: u64,
    bytes: u64,
    /// Bytes of all files with all replicas that are wanted.
    space: u64,
    replication: Replication,
    /// Sum over the live datanodes; a disk that several of them share counts once.
    capacity: u64,
    used: u64,
    free: u64,
    /// Bytes of files that fit with `room_replicas` replicas, the default replication.
    room: u64,
    room_replicas: u8,
    unfinished: Unfinished,
    nodes_live: u32,
    nodes_stale: u32,
    nodes_dead: u32,
    /// Datanodes that are draining or drained.
    nodes_draining: u32,
    /// Datanodes that are neither dead nor draining.
    nodes_serving: u32,
    /// Live datanodes that have reported their chunks, and known datanodes that have not registered
    /// yet.
    nodes_expected: u32,
    /// Expected datanodes that have reported; while they are fewer, the state of the chunks is
    /// unknown.
    nodes_reported: u32,
    /// Datanodes of the cluster that have not registered since the start of the master; at most 64.
    absent: Vec<String>,
    /// Set while the master's disk is full and changes are rejected.
    full: Option<Full>,
    version: String,
}

/// A master whose disk is full.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Full {
    master: String,
    /// Its data directory.
    directory: String,
    /// Bytes that must be free there.
    needed: u64,
}

/// A master.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Master {
    id: String,
    address: String,
    /// `leader`, `follower`, `candidate` or `unknown`.
    role: String,
    /// The last log entry that it has applied.
    applied: u64,
}

/// Safe mode, in which changes are rejected.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SafeMode {
    chunks_reported: u64,
    chunks_total: u64,
    reason: String,
    /// The user who entered it; null where the cluster waits for its datanodes.
    by: Option<String>,
}

/// Unfinished writes known to the leader, and the space of their replicas.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unfinished {
    writes: u64,
    /// Unfinished writes whose clients have not renewed them in time.
    silent: u64,
    /// Bytes of all replicas.
    bytes: u64,
    silent_bytes: u64,
    /// The time when the last of the silent writes is abandoned, in milliseconds since 1970; null
    /// where none is silent.
    until: Option<u64>,
    #[serde(skip)]
    pub told: dfs_client::Unfinished,
}

impl Unfinished {
    pub(crate) fn of(status: &ClusterStatus) -> Self {
        let told = status.unfinished;
        let dfs_client::Unfinished { writes, silent, bytes, silent_bytes, until } = told;
        Self { writes, silent, bytes, silent_bytes, until: until.map(|until| until.0), told }
    }
}

/// Chunks by their number of live replicas compared with the number wanted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Replication {
    chunks: u64,
    /// No live replica.
    missing: u64,
    /// One live replica where more are wanted.
    at_risk: u64,
    /// More than one live replica, but fewer than wanted.
    under: u64,
    over: u64,
    /// Replicas being made now.
    copying: u64,
    /// Milliseconds since the last count; null before the first count, when the figures are
    /// meaningless.
    counted_ms: Option<u64>,
    /// Milliseconds for which such chunks have existed; null where there are none.
    missing_ms: Option<u64>,
    at_risk_ms: Option<u64>,
    under_ms: Option<u64>,
    /// Those chunks by the reason why they do not have more replicas.
    blocked: Blocked,
}

/// Chunks with fewer replicas than wanted on serving datanodes, by the reason why they do not have
/// more.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Blocked {
    /// Replicas are being made, or start as soon as datanodes have free streams.
    under_way: u64,
    /// Replication depends on datanodes that have missed heartbeats, or have not reported yet.
    waiting: u64,
    /// No replica is left to copy from.
    no_source: u64,
    /// Other datanodes serve, but none has room.
    no_room: u64,
    /// The only live datanodes without a replica are draining.
    all_draining: u64,
    /// Every serving datanode has a replica, and more are wanted.
    too_few: u64,
}

impl Blocked {
    pub(crate) fn of(blocked: &dfs_client::Blocked) -> Self {
        let dfs_client::Blocked { under_way, waiting, no_source, no_room, all_draining, too_few, .. } = *blocked;
        Self { under_way, waiting, no_source, no_room, all_draining, too_few }
    }
}

impl Replication {
    pub(crate) fn of(status: &ClusterStatus) -> Self {
        let (chunks, lasting) = (&status.replication, &status.lasting);
        Self {
            chunks: chunks.chunks,
            missing: chunks.missing,
            at_risk: chunks.at_risk,
            under: chunks.under,
            over: chunks.over,
            copying: chunks.copying,
            counted_ms: status.counted_ms,
            missing_ms: lasting.missing,
            at_risk_ms: lasting.at_risk,
            under_ms: lasting.under,
            blocked: Blocked::of(&status.blocked),
        }
    }
}

impl Document {
    fn of(seen: &Observation<'_>) -> Self {
        let status = seen.status;
        let master = |master: &dfs_client::MasterStatus| Master {
            id: master.id.to_string(),
            address: master.address.clone(),
            role: master.role.clone(),
            applied: master.applied,
        };
        let safe_mode = |mode: &dfs_client::SafeMode| SafeMode {
            chunks_reported: mode.chunks_reported,
            chunks_total: mode.chunks_total,
            reason: mode.reason.clone(),
            by: mode.by.clone(),
        };
        let findings = findings(seen);
        let health = health(&findings);
        Self {
            health: health.grade,
            reason: health.reason,
            findings,
            cluster: status.cluster.to_string(),
            taken_at: status.taken_at.0,
            leader: status.leader.map(|leader| leader.to_string()),
            term: status.term,
            masters: status.masters.iter().map(master).collect(),
            silent: seen.silent().iter().map(|node| node.id.to_string()).collect(),
            safe_mode: status.safe_mode.as_ref().map(safe_mode),
            files: status.files,
            directories: status.directories,
            bytes: status.bytes,
            space: status.space,
            replication: Replication::of(status),
            capacity: status.capacity,
            used: status.used,
            free: status.free,
            room: status.room,
            room_replicas: status.room_replicas,
            unfinished: Unfinished::of(status),
            nodes_live: status.nodes_live,
            nodes_stale: status.nodes_stale,
            nodes_dead: status.nodes_dead,
            nodes_draining: status.nodes_draining,
            nodes_serving: status.nodes_serving,
            nodes_expected: status.nodes_expected,
            nodes_reported: status.nodes_reported,
            absent: status.absent.iter().map(ToString::to_string).collect(),
            full: status.full.as_ref().map(|full| Full {
                master: full.master.to_string(),
                directory: full.directory.clone(),
                needed: full.needed,
            }),
            version: status.version.clone(),
        }
    }
}
