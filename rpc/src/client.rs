//! The service that masters offer to users.

use crate::board::BoardVersion;
use crate::capability::Receipt;
use bytes::Bytes;
use dfs_types::{
    AttributeChange, ChunkId, ChunkRef, ClusterId, DatanodeId, Deleted, DfsPath, Duty, Entry, Generation, Kind,
    MasterId, RequestId, Result, Stat, Timestamp, WriteId,
};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Calls of users. Paths are absolute and in normal form; the caller is whoever their certificate says.
#[tarpc::service]
pub trait ClientService {
    /// Does nothing; for measuring the round trip and for finding a live master.
    async fn ping();
    /// The name of the calling user.
    async fn whoami() -> Result<String>;
    /// Makes a folder; with `parents` also those above it, and an existing folder is no error.
    async fn mkdir(request: RequestId, path: DfsPath, parents: bool) -> Result<()>;
    /// Moves a file or folder, atomically. `overwrite` lets it replace an existing file.
    async fn rename(request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()>;
    /// Deletes a file, an empty folder, or with `recursive` a whole one.
    async fn delete(request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted>;
    /// Chunk ids, places and capabilities for the next chunks of a write.
    async fn plan_write(plan: PlanWrite) -> Result<WritePlan>;
    /// Tells that a write goes on, so that its chunks are kept. `not_found` when this master does not know the write, which
    /// may come of a change of the leader and ends no write; `timeout` when the write was given up, which does.
    async fn renew_write(write: WriteId) -> Result<()>;
    /// Ends a write that comes to nothing: its chunks are deleted with the next heartbeats. Nothing happens to a write that is
    /// not known.
    async fn abandon_write(write: WriteId) -> Result<()>;
    /// Makes a written file appear, whole, or replaces the old one, atomically.
    async fn commit_write(commit: CommitWrite) -> Result<Committed>;
    /// The chunks of a range of a file, where they are, and capabilities to read them.
    async fn plan_read(plan: PlanRead) -> Result<ReadPlan>;
    /// The attributes of a file or folder.
    async fn stat(path: DfsPath) -> Result<Stat>;
    /// One page of a folder, in the order of the bytes of the names.
    async fn list(list: ListFolder) -> Result<ListPage>;
    /// The cluster in figures.
    async fn status() -> Result<ClusterStatus>;
    /// All datanodes that this master has heard of, in the order of their ids.
    async fn nodes() -> Result<Vec<NodeStatus>>;
    /// One chunk: where it is, and which file names it.
    async fn chunk(chunk: ChunkId) -> Result<ChunkStatus>;
    /// A replica failed the reader's checksum; the master has the datanode look at it.
    /// `capability` is the one that the reader was given: it proves that the caller may read the chunk.
    async fn report_damage(node: DatanodeId, capability: Bytes) -> Result<()>;
    /// Sets attributes of a file or folder, and with `recursive` of all below it: in one step, as long as they are not more
    /// than [`CHANGED_PER_CALL_MAX`](crate::CHANGED_PER_CALL_MAX).
    async fn set_attributes(request: RequestId, path: DfsPath, change: AttributeChange) -> Result<()>;
    /// One page of what is found at and below a path, each folder before what is in it, names in the order of their bytes.
    async fn find(find: Find) -> Result<FoundPage>;
    /// Sets how many replicas of a file are wanted; repair and trimming do the rest. Gives the number of datanodes that serve:
    /// more replicas than that cannot be made as things are, which is no error.
    async fn set_replication(request: RequestId, path: DfsPath, replication: u8) -> Result<u32>;
    /// The chunks of a file that have fewer replicas than wanted, by what keeps them from having more, now.
    async fn blocked(path: DfsPath) -> Result<Blocked>;
    /// Enters safe mode, or leaves it, also the one at the start of a master. For the superuser.
    async fn set_safe_mode(change: SafeModeChange) -> Result<()>;
    /// The picture of the cluster for dashboards: what is new since the one of this version, where this master still knows
    /// that, else everything. A [`Board`](crate::board::Board) in postcard, encoded once for all who ask the same.
    async fn board(since: Option<BoardVersion>) -> Result<Bytes>;
    /// Has a datanode emptied, take chunks again, or forgotten. For the superuser. Refused, with nothing changed: the drain of
    /// one without which there would be too few datanodes or too little room, and to forget one that is not dead.
    async fn set_duty(request: RequestId, node: DatanodeId, duty: Duty) -> Result<()>;
    /// Whether `set_duty` would be refused now, and why. Changes nothing.
    async fn check_duty(node: DatanodeId, duty: Duty) -> Result<()>;
    /// What lately went on below a folder, as this master has planned reads and committed writes since it leads.
    async fn traffic(path: DfsPath) -> Result<FolderTraffic>;
}

/// Where a datanode takes data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeAddress {
    pub id: DatanodeId,
    pub address: SocketAddr,
}

/// Asks for places for the next chunks of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWrite {
    /// Drawn by the client for each put ([`next_write`](crate::request::next_write)). A plan with an id that the leader does
    /// not know begins the write.
    pub write: WriteId,
    pub path: DfsPath,
    /// Whether the commit will replace an existing file.
    pub overwrite: bool,
    /// Copies wanted; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// How many chunks to plan: 1 to [`CHUNKS_PER_PLAN_MAX`](crate::CHUNKS_PER_PLAN_MAX).
    pub chunks: u32,
    /// Datanodes that failed this write.
    pub exclude: Vec<DatanodeId>,
    /// The write has had a plan before: it may go on with fewer datanodes than it had to begin with.
    pub begun: bool,
    /// Bytes of the whole file, where they are known: a write that begins and does not fit as a whole is refused.
    pub length: Option<u64>,
}

/// The answer to [`PlanWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritePlan {
    pub replication: u8,
    pub chunk_size: u32,
    /// Receipts needed per chunk at commit.
    pub replicas_min: u8,
    /// The client is to renew the write this often, in milliseconds.
    pub renew_ms: u64,
    pub chunks: Vec<PlannedChunk>,
}

/// A chunk to be written: its id and the chain of datanodes that it goes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChunk {
    pub id: ChunkId,
    pub generation: Generation,
    pub chain: Vec<NodeAddress>,
    /// A sealed [`Capability`](crate::capability::Capability) to write it.
    pub capability: Bytes,
}

/// A chunk with the receipts of the datanodes that stored it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedChunk {
    pub chunk: ChunkRef,
    pub receipts: Vec<Receipt>,
}

/// Names written chunks as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitWrite {
    pub request: RequestId,
    /// That of the plans. Chunks of it that the commit does not name are deleted.
    pub write: WriteId,
    pub path: DfsPath,
    pub overwrite: bool,
    /// Copies wanted; the cluster's default if none.
    pub replication: Option<u8>,
    /// Bytes per chunk; the cluster's default if none.
    pub chunk_size: Option<u32>,
    /// In the order of the file; at most [`CHUNKS_PER_FILE_MAX`](crate::CHUNKS_PER_FILE_MAX).
    pub chunks: Vec<CommittedChunk>,
    /// When the content was last changed; the time of the commit if none.
    pub modified: Option<Timestamp>,
    /// Permission bits; `0o644` if none.
    pub mode: Option<u16>,
}

/// The answer to [`CommitWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Committed {
    /// The file is there.
    File(Stat),
    /// Nothing was changed: these chunks have lost replicas since they were written. They are to be written again, under
    /// new ids.
    Lost(Vec<ChunkId>),
}

/// Asks for the chunks of `offset..offset + length` of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRead {
    pub path: DfsPath,
    pub offset: u64,
    pub length: u64,
}

/// The answer to [`PlanRead`]: at most [`CHUNKS_PER_PLAN_MAX`](crate::CHUNKS_PER_PLAN_MAX) chunks, from the one that holds `offset` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPlan {
    pub stat: Stat,
    pub chunks: Vec<LocatedChunk>,
}

/// A chunk and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedChunk {
    pub chunk: ChunkRef,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Live ones, best first; empty when there is none.
    pub replicas: Vec<NodeAddress>,
    /// A sealed [`Capability`](crate::capability::Capability) to read it.
    pub capability: Bytes,
}

/// Asks for a page of a folder. A file lists as itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFolder {
    pub path: DfsPath,
    /// The page begins behind this name.
    pub after: Option<String>,
    /// Only names that begin with this.
    pub prefix: String,
    /// 1 to [`ENTRIES_PER_PAGE_MAX`](crate::ENTRIES_PER_PAGE_MAX).
    pub limit: u32,
}

/// A page of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    pub entries: Vec<Entry>,
    /// Whether there are names behind the last of `entries`.
    pub more: bool,
}

/// What lately went on below a folder; of the busiest folders of the cluster, at most 4,096.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FolderTraffic {
    /// In all that is in it, and below.
    pub whole: Traffic,
    /// In each folder in it, with all that is below; in the order of the bytes of the names, without those that rest.
    pub folders: Vec<(String, Traffic)>,
}

/// Bytes per second of files, without their copies; what went on a minute ago counts for a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    pub read: u64,
    pub written: u64,
}

/// Asks for a page of what is at and below a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    pub path: DfsPath,
    /// The page begins behind this path, which the page before named.
    pub after: Option<DfsPath>,
    pub wanted: Wanted,
}

/// What an entry must be to be found; what is none does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// A pattern of the whole name: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before what is meant as it is.
    pub name: Option<String>,
    /// Stands in the name, without regard to case.
    pub text: Option<String>,
    pub kind: Option<Kind>,
    /// Bytes of a file, the bounds included. Folders are not found then.
    pub size: Option<(u64, u64)>,
    /// The bounds are included.
    pub modified: Option<(Timestamp, Timestamp)>,
    /// Files with chunks that have fewer live copies than wanted. Then chunks are looked at, and counted in [`Looked`].
    pub short: bool,
}

/// A page of what was found. It may be empty and still not be the last one: so many entries are looked at for a page, and
/// no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPage {
    /// At most [`ENTRIES_PER_PAGE_MAX`](crate::ENTRIES_PER_PAGE_MAX), with those in `closed`.
    pub entries: Vec<Found>,
    /// Folders that the caller may not read; nothing below them was looked at.
    pub closed: Vec<DfsPath>,
    /// What was looked at for this page.
    pub looked: Looked,
    /// Where the next page begins; none at the end.
    pub next: Option<DfsPath>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub path: DfsPath,
    pub stat: Stat,
    /// Its chunks without enough copies, if chunks were looked at.
    pub short: Short,
}

/// Chunks that have fewer live copies than wanted; each stands in one of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Short {
    /// No live copy.
    pub missing: u64,
    /// One live copy where more are wanted.
    pub endangered: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
}

/// Sums over entries that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Looked {
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    pub chunks: u64,
}

/// What is to become of safe mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafeModeChange {
    /// Nothing can be changed until somebody leaves it, or another master leads.
    Enter {
        /// For people: why.
        reason: String,
    },
    Leave,
}

/// One chunk, as the leading master sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkStatus {
    pub chunk: ChunkRef,
    /// Copies wanted.
    pub wanted: u8,
    /// The file that names it; none where the caller may not look into its folder.
    pub path: Option<DfsPath>,
    /// Datanodes that have it, with their states.
    pub replicas: Vec<(DatanodeId, NodeState)>,
    /// Copies of it are being made.
    pub copying: bool,
}

/// The cluster in figures, as one master sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    pub cluster: ClusterId,
    pub taken_at: Timestamp,
    pub masters: Vec<MasterStatus>,
    /// The master that leads, if one does.
    pub leader: Option<MasterId>,
    pub term: u64,
    /// Set while the cluster refuses to be changed.
    pub safe_mode: Option<SafeMode>,
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    /// Bytes of all files with all the copies that they should have.
    pub space: u64,
    pub replication: ReplicationStatus,
    /// Milliseconds since all chunks were last counted; none: this master has not done so yet, and does not know how they are.
    pub counted_ms: Option<u64>,
    pub lasting: Lasting,
    pub unfinished: Unfinished,
    /// Chunks with fewer replicas than wanted, by what keeps them from having more, as of the last count.
    pub blocked: Blocked,
    /// Sums over the live datanodes, in bytes. A disk that several of them share counts once.
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// Bytes of files that find room with `room_replicas` replicas, as many as files get where the writer does not say.
    pub room: u64,
    pub room_replicas: u8,
    pub nodes_live: u32,
    pub nodes_stale: u32,
    pub nodes_dead: u32,
    /// Datanodes that are to be drained, those that are drained included, whatever their state is.
    pub nodes_draining: u32,
    /// Datanodes that serve: neither dead nor to be drained.
    pub nodes_serving: u32,
    /// Live datanodes that have reported their chunks, and those of the cluster that this master still waits for: after its
    /// start, when it begins to lead, and when it had stood still.
    pub nodes_expected: u32,
    /// Those of them that have reported. Fewer than expected: what is said about chunks is not known yet.
    pub nodes_reported: u32,
    /// Datanodes of the cluster that have not registered since the start of this master; the first 64.
    pub absent: Vec<DatanodeId>,
    /// Set while the disk of the master that answers is full.
    pub full: Option<FullDisk>,
    pub version: String,
}

impl ClusterStatus {
    /// How many datanodes have reported of how many that are there or waited for, while some are waited for.
    pub fn awaited(&self) -> Option<(u32, u32)> {
        (self.nodes_reported < self.nodes_expected).then_some((self.nodes_reported, self.nodes_expected))
    }

    /// A cluster in which there is nothing yet, and no master that leads.
    pub fn empty(cluster: ClusterId, taken_at: Timestamp) -> Self {
        Self {
            cluster,
            taken_at,
            masters: Vec::new(),
            leader: None,
            term: 0,
            safe_mode: None,
            files: 0,
            directories: 0,
            bytes: 0,
            space: 0,
            replication: ReplicationStatus::default(),
            counted_ms: None,
            lasting: Lasting::default(),
            unfinished: Unfinished::default(),
            blocked: Blocked::default(),
            capacity: 0,
            used: 0,
            free: 0,
            room: 0,
            room_replicas: 0,
            nodes_live: 0,
            nodes_stale: 0,
            nodes_dead: 0,
            nodes_draining: 0,
            nodes_serving: 0,
            nodes_expected: 0,
            nodes_reported: 0,
            absent: Vec::new(),
            full: None,
            version: String::new(),
        }
    }
}

/// A master that has no room for commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullDisk {
    pub master: MasterId,
    /// Its data directory.
    pub folder: String,
    /// Bytes that have to be free there for it to go on.
    pub needed: u64,
}

/// For how long each trouble has lasted, in milliseconds, as far as this master has seen; none for what is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lasting {
    pub safe_mode: Option<u64>,
    pub missing: Option<u64>,
    pub endangered: Option<u64>,
    pub under: Option<u64>,
    /// Of the datanode that has been so for the longest time.
    pub stale: Option<u64>,
    pub dead: Option<u64>,
}

/// Writes in flight that the leader knows, and the space that their replicas take. Counted every second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unfinished {
    pub writes: u64,
    /// Those of them that have not been renewed lately: their clients are gone, or cut off.
    pub silent: u64,
    /// Bytes of all replicas stored. A chunk of a write whose length is not known counts as full.
    pub bytes: u64,
    /// Bytes of those that are silent.
    pub silent_bytes: u64,
    /// When the last of the silent writes is given up, unless it is renewed; none where none is silent.
    pub until: Option<Timestamp>,
}

/// Chunks with fewer replicas than wanted on datanodes that serve, by what keeps them from having more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Blocked {
    /// Replicas are being made, or begin as soon as datanodes have streams free.
    pub under_way: u64,
    /// It depends on datanodes that have missed heartbeats, or have not reported yet.
    pub waiting: u64,
    /// No replica is left to copy from.
    pub no_source: u64,
    /// Datanodes without a replica serve, but none has room.
    pub no_room: u64,
    /// The most bytes that one of the chunks without room has.
    pub no_room_bytes: u32,
    /// The only live datanodes without a replica are draining.
    pub all_draining: u64,
    /// Each datanode that serves has a replica, and more are wanted.
    pub too_few: u64,
    /// The most replicas that one of those wants.
    pub too_few_want: u8,
}

impl Blocked {
    /// Chunks that get no more replicas as things are.
    pub fn stuck(&self) -> u64 {
        self.no_source + self.no_room + self.all_draining + self.too_few
    }

    /// Chunks that get more replicas by themselves, sooner or later.
    pub fn moving(&self) -> u64 {
        self.under_way + self.waiting
    }

    /// Nothing is to be waited for: there are chunks that lack replicas, and none of them gets more as things are.
    pub fn is_final(&self) -> bool {
        self.stuck() > 0 && self.moving() == 0
    }
}

/// Why nothing can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeMode {
    pub chunks_reported: u64,
    pub chunks_total: u64,
    /// What is waited for, or what the one said who entered it.
    pub reason: String,
    /// Who entered it; none for the one that each start of a master begins with.
    pub by: Option<String>,
}

/// Chunks by how many copies they have against how many they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplicationStatus {
    pub chunks: u64,
    /// No live copy.
    pub missing: u64,
    /// One live copy where more are wanted.
    pub endangered: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
    /// More than wanted.
    pub over: u64,
    /// Copies being made now.
    pub copying: u64,
}

/// One master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterStatus {
    pub id: MasterId,
    /// `HOST:PORT`, as its group knows it; HOST is a name, an IPv4 address, or an IPv6 address in brackets.
    pub address: String,
    /// `leader`, `follower`, `candidate` or `unknown`.
    pub role: String,
    /// The last log entry that it applied; of another master, as far as the leader knows.
    pub applied: u64,
}

/// How a datanode is, as a master sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Heard from lately, and its connection is open.
    Live,
    /// Its connection closed, or a heartbeat is overdue: read from last, not written to.
    Stale,
    /// Not heard from for the dead time: its replicas no longer count.
    Dead,
}

/// One datanode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    pub id: DatanodeId,
    pub address: SocketAddr,
    pub state: NodeState,
    /// Milliseconds since the last heartbeat.
    pub heartbeat_age_ms: u64,
    /// Milliseconds since it came, or came back, to this master.
    pub registered_ms: u64,
    /// How far its clock is ahead of this master's, in milliseconds; behind where negative.
    pub skew_ms: i64,
    /// Its clock is so far ahead that it takes the permissions of the masters for expired: it gets no chunks.
    pub ahead: bool,
    pub load: crate::node::NodeLoad,
    pub chunks: u64,
    /// Chunks with a copy here that have fewer live copies than wanted, at the last count of all chunks.
    pub short: u64,
    /// Those of them whose only live copy is here.
    pub sole: u64,
    /// What the operators want of it.
    pub duty: Duty,
    /// While it drains: chunks here with fewer copies elsewhere than wanted, at the last count; none before they were counted.
    pub left: Option<u64>,
    /// While it drains: those chunks by what keeps them from being copied, by the same count.
    pub blocked: Blocked,
    pub version: String,
}

impl NodeStatus {
    /// A datanode that has just come, with nothing on it.
    pub fn new(id: DatanodeId, address: SocketAddr) -> Self {
        Self {
            id,
            address,
            state: NodeState::Live,
            heartbeat_age_ms: 0,
            registered_ms: 0,
            skew_ms: 0,
            ahead: false,
            load: crate::node::NodeLoad::default(),
            chunks: 0,
            short: 0,
            sole: 0,
            duty: Duty::Serve,
            left: None,
            blocked: Blocked::default(),
            version: String::new(),
        }
    }

    /// Whether it is to be drained and is not yet.
    pub fn is_draining(&self) -> bool {
        self.duty == Duty::Drain && !self.is_drained()
    }

    /// Whether it can be stopped without a loss: its chunks were counted since the wish, each has the copies wanted elsewhere,
    /// and nobody writes to it.
    pub fn is_drained(&self) -> bool {
        let written_to = self.load.writes_in_flight > 0 && self.state != NodeState::Dead;
        self.duty == Duty::Drain && self.left == Some(0) && !written_to
    }
}
