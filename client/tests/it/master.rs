//! A master of the cluster in memory: the services for users, on one table of files.

use crate::node::Node;
use bytes::Bytes;
use dfs_client::NodeAddress;
use dfs_rpc::capability::{Capability, Operation};
use dfs_rpc::frame::{decode_message, encode_message};
use dfs_rpc::services::{AdminService, ClusterService, FileService};
use dfs_rpc::view::{ClusterView, ViewVersion};
use dfs_rpc::wire::{
    self, Blocked, ChunkStatus, ClusterStatus, CommitWrite, Committed, Copied, CopyEntry, DirectoryTraffic, Find,
    FoundPage, JobStatus, ListDirectory, ListPage, ListPageV9, LocatedChunk, NodeStatus, PlanRead, PlanWrite,
    PlannedChunk, ReadPlan, SafeModeChange, StatV9, UserAttribute, UserAttributeChange, WritePlan,
};
use dfs_types::{
    ChunkId, ChunkRef, ClusterId, DatanodeId, Deleted, Detail, DfsPath, Entry, EntryId, Error, ErrorCode, Generation,
    Kind, Leader, MasterId, Principal, RequestId, Result, Stat, Timestamp, WriteId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tarpc::context::Context;

pub(crate) const CLUSTER: ClusterId = ClusterId(*b"cluster in tests");
pub(crate) const CHUNK_SIZE: u32 = 1 << 20;
/// The interval at which writes must be renewed.
pub(crate) const RENEW_MS: u64 = 60;

/// The shared state of the masters.
#[derive(Default)]
pub(crate) struct Table {
    pub files: Mutex<BTreeMap<DfsPath, (Stat, Vec<ChunkRef>)>>,
    pub directories: Mutex<BTreeSet<DfsPath>>,
    pub requests: Mutex<BTreeSet<RequestId>>,
    pub next_chunk: AtomicU64,
    pub damage: Mutex<Vec<(ChunkId, DatanodeId)>>,
    /// For each of the next commits, the positions in the file of the chunks that have lost their
    /// replicas.
    pub losses: Mutex<VecDeque<Vec<usize>>>,
    pub plans: AtomicU32,
    pub renewals: AtomicU32,
    /// Renewals are answered with the error that the write has expired.
    pub given_up: AtomicBool,
    /// Writes that clients have abandoned.
    pub abandoned: Mutex<Vec<WriteId>>,
    /// Excluded datanodes of all plans.
    pub excluded: Mutex<Vec<DatanodeId>>,
    /// The number of next calls that are answered with this code.
    pub refusals: Mutex<(u32, Option<ErrorCode>)>,
    /// The number of next changes that are made but whose answers are lost.
    pub lost_answers: AtomicU32,
    /// The expiry of the capabilities in plans; datanodes accept only this value.
    pub expiry: AtomicU64,
    /// The views of the cluster to send next, and the versions that were requested.
    pub views: Mutex<VecDeque<ClusterView>>,
    pub since: Mutex<Vec<Option<ViewVersion>>>,
}

#[derive(Clone)]
pub(crate) struct Master {
    pub table: Arc<Table>,
    pub nodes: Vec<Arc<Node>>,
    /// Set on a master that is not the leader.
    /// `HOST:PORT`.
    pub leader: Option<String>,
}

fn missing() -> Error {
    Error::new(ErrorCode::NotFound, "no such file or directory")
}

impl Master {
    fn admit(&self) -> Result<()> {
        if let Some(leader) = &self.leader {
            let leader = Some(Leader { id: MasterId(1), address: leader.clone() });
            return Err(Error::of(ErrorCode::NotLeader, Detail::NotLeader { leader }));
        }
        let mut refusals = self.table.refusals.lock().expect("lock");
        match refusals.1 {
            Some(code) if refusals.0 > 0 => {
                refusals.0 -= 1;
                Err(Error::new(code, "not now"))
            }
            _ => Ok(()),
        }
    }

    /// Applies a change once per request; drops the answer if that was ordered.
    async fn once(&self, request: RequestId, change: impl FnOnce() -> Result<()>) -> Result<()> {
        self.admit()?;
        if self.table.requests.lock().expect("lock").insert(request) {
            change()?;
        }
        let lost = &self.table.lost_answers;
        if lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Returns the chunks of this commit that were ordered to be lost, and deletes all their
    /// replicas.
    fn lose(&self, commit: &CommitWrite) -> Option<Vec<ChunkId>> {
        let places = self.table.losses.lock().expect("lock").pop_front()?;
        // The next commit is a new request.
        self.table.requests.lock().expect("lock").insert(commit.request);
        let lost: Vec<_> = places.into_iter().map(|place| commit.chunks[place].chunk.id).collect();
        lost.iter().for_each(|chunk| self.nodes.iter().for_each(|node| node.forget(*chunk)));
        Some(lost)
    }

    fn capability(
        &self,
        chunk: ChunkId,
        operation: Operation,
        checksum: Option<u32>,
        pipeline: &[NodeAddress],
    ) -> Bytes {
        let capability = Capability {
            cluster: CLUSTER,
            chunk,
            generation: Generation(1),
            operation,
            principal: Principal::User("ann".into()),
            pipeline: pipeline.to_vec(),
            length_max: CHUNK_SIZE,
            checksum,
            expires: Timestamp(self.table.expiry.load(Ordering::Relaxed)),
        };
        encode_message(&capability).into()
    }

    fn stat_of(&self, path: &DfsPath) -> Result<Stat> {
        if let Some((stat, _)) = self.table.files.lock().expect("lock").get(path) {
            return Ok(stat.clone());
        }
        let is_directory = self.table.directories.lock().expect("lock").contains(path);
        if is_directory { Ok(stat(Kind::Directory, 0, 0, 0, 0)) } else { Err(missing().at(path)) }
    }
}

fn stat(kind: Kind, size: u64, chunks: u64, replication: u8, version: u64) -> Stat {
    let (owner, group) = ("ann".to_owned(), "ann".to_owned());
    let (modified, created) = (Timestamp(1_000_000_000_000), Timestamp(7));
    let chunk_size = if kind == Kind::File { CHUNK_SIZE } else { 0 };
    let (files, directories, mode) = (0, 0, 0o640);
    Stat {
        kind,
        size,
        modified,
        created,
        owner,
        group,
        mode,
        replication,
        chunk_size,
        chunks,
        files,
        directories,
        version,
        space: size * u64::from(replication),
        id: EntryId(8),
    }
}

impl FileService for Master {
    async fn mkdir(self, _: Context, request: RequestId, path: DfsPath, _: bool) -> wire::Result<()> {
        let change = || {
            let fresh = self.table.directories.lock().expect("lock").insert(path.clone());
            if fresh { Ok(()) } else { Err(Error::new(ErrorCode::AlreadyExists, "exists").at(&path)) }
        };
        Ok(self.once(request, change).await?)
    }

    async fn traffic(self, _: Context, _: DfsPath) -> wire::Result<DirectoryTraffic> {
        Ok(DirectoryTraffic::default())
    }

    async fn stat_v9(self, _: Context, path: DfsPath) -> wire::Result<StatV9<'static>> {
        self.admit()?;
        Ok(self.stat_of(&path)?.into())
    }

    async fn list_v9(self, context: Context, list: ListDirectory) -> wire::Result<ListPageV9> {
        Ok(self.list(context, list).await?.into())
    }

    /// Copies in two parts, as if there were more entries than one call copies.
    async fn copy(self, _: Context, copy: CopyEntry) -> wire::Result<Copied> {
        let next = copy.after.is_none().then(|| copy.from.clone());
        self.once(copy.request, || Ok(())).await?;
        Ok(Copied { files: 3, directories: 1, bytes: 100, next })
    }

    async fn set_user_attributes(
        self,
        _: Context,
        request: RequestId,
        _: DfsPath,
        _: Vec<UserAttributeChange>,
    ) -> wire::Result<()> {
        Ok(self.once(request, || Ok(())).await?)
    }

    async fn user_attributes(self, _: Context, _: DfsPath) -> wire::Result<Vec<UserAttribute>> {
        self.admit()?;
        Ok(vec![("user.a".to_owned(), b"1".to_vec())])
    }

    async fn rename(self, _: Context, request: RequestId, from: DfsPath, to: DfsPath, _: bool) -> wire::Result<()> {
        let change = || {
            let mut files = self.table.files.lock().expect("lock");
            let file = files.remove(&from).ok_or_else(missing)?;
            files.insert(to, file);
            Ok(())
        };
        Ok(self.once(request, change).await?)
    }

    async fn delete(self, _: Context, request: RequestId, path: DfsPath, _: bool) -> wire::Result<wire::Deleted> {
        let change = || self.table.files.lock().expect("lock").remove(&path).map(drop).ok_or_else(missing);
        self.once(request, change).await?;
        Ok(Deleted { files: 1, ..Deleted::default() }.into())
    }

    async fn plan_write(self, _: Context, plan: PlanWrite) -> wire::Result<WritePlan> {
        self.admit()?;
        self.table.plans.fetch_add(1, Ordering::Relaxed);
        self.table.excluded.lock().expect("lock").extend(&plan.exclude);
        if !plan.overwrite && self.table.files.lock().expect("lock").contains_key(&plan.path) {
            return Err(Error::new(ErrorCode::AlreadyExists, "exists").at(&plan.path).into());
        }
        let replication = plan.replication.unwrap_or(3);
        let usable = |node: &&Arc<Node>| !plan.exclude.contains(&node.id);
        let mut pipeline: Vec<_> = self.nodes.iter().filter(usable).map(|node| node.address()).collect();
        let needed = if !plan.begun { replication } else { replication / 2 + 1 };
        if pipeline.len() < usize::from(needed) {
            return Err(Error::new(ErrorCode::InsufficientDatanodes, "too few datanodes").into());
        }
        let chunks = (0..plan.chunks).map(|_| {
            let id = self.table.next_chunk.fetch_add(1, Ordering::Relaxed);
            pipeline.rotate_left(1);
            let pipeline: Vec<_> = pipeline.iter().take(replication.into()).copied().collect();
            let capability = self.capability(ChunkId(id), Operation::Write, None, &pipeline);
            PlannedChunk { id: ChunkId(id), generation: Generation(1), pipeline, capability }
        });
        let chunks = chunks.collect();
        let (chunk_size, renew_ms) = (plan.chunk_size.unwrap_or(CHUNK_SIZE), RENEW_MS);
        Ok(WritePlan { replication, chunk_size, replicas_min: needed, renew_ms, chunks })
    }

    async fn renew_write(self, _: Context, write: WriteId) -> wire::Result<()> {
        self.table.renewals.fetch_add(1, Ordering::Relaxed);
        if self.table.given_up.load(Ordering::Relaxed) {
            return Err(Error::of(ErrorCode::Timeout, Detail::WriteGivenUp).at(write).into());
        }
        Ok(())
    }

    async fn abandon_write(self, _: Context, write: WriteId) -> wire::Result<()> {
        self.table.abandoned.lock().expect("lock").push(write);
        Ok(())
    }

    async fn commit_write(self, _: Context, commit: CommitWrite) -> wire::Result<Committed> {
        let path = commit.path.clone();
        if let Some(lost) = self.lose(&commit) {
            return Ok(Committed::Lost(lost));
        }
        let change = || {
            let chunks: Vec<ChunkRef> = commit.chunks.iter().map(|chunk| chunk.chunk).collect();
            for chunk in &commit.chunks {
                assert!(chunk.receipts.len() >= 2, "chunk {} has too few receipts", chunk.chunk.id);
                for receipt in &chunk.receipts {
                    let node = self
                        .nodes
                        .iter()
                        .find(|node| node.id == receipt.node)
                        .expect("a receipt of an unknown datanode");
                    assert_eq!(node.checksum(chunk.chunk.id), Some((chunk.chunk.length, chunk.chunk.checksum)));
                }
            }
            let size = chunks.iter().map(|chunk| u64::from(chunk.length)).sum();
            let version = chunks.first().map_or(0, |chunk| chunk.id.0);
            let stat = stat(Kind::File, size, chunks.len() as u64, commit.replication.unwrap_or(3), version);
            let stat = Stat { chunk_size: commit.chunk_size.unwrap_or(CHUNK_SIZE), ..stat };
            self.table.files.lock().expect("lock").insert(commit.path, (stat, chunks));
            Ok(())
        };
        self.once(commit.request, change).await?;
        Ok(Committed::File(self.stat_of(&path)?))
    }

    async fn plan_read(self, _: Context, plan: PlanRead) -> wire::Result<ReadPlan> {
        self.admit()?;
        let files = self.table.files.lock().expect("lock");
        let (stat, chunks) = files.get(&plan.path).ok_or_else(|| missing().at(&plan.path))?;
        let end = plan.offset + plan.length;
        let mut offset = 0;
        let mut located = Vec::new();
        for chunk in chunks {
            let next = offset + u64::from(chunk.length);
            // Small pages, so that files of a few chunks take several.
            if next > plan.offset && offset < end && located.len() < 3 {
                let holders = self.nodes.iter().filter(|node| node.holds(chunk.id));
                let replicas: Vec<NodeAddress> = holders.map(|node| node.address()).collect();
                let capability = self.capability(chunk.id, Operation::Read, Some(chunk.checksum), &replicas);
                located.push(LocatedChunk { chunk: *chunk, offset, replicas, capability });
            }
            offset = next;
        }
        Ok(ReadPlan { stat: stat.clone(), chunks: located })
    }

    async fn stat(self, _: Context, path: DfsPath) -> wire::Result<wire::Stat<'static>> {
        self.admit()?;
        Ok(self.stat_of(&path)?.into())
    }

    async fn list(self, _: Context, list: ListDirectory) -> wire::Result<ListPage> {
        self.admit()?;
        let files = self.table.files.lock().expect("lock");
        let inside = files.iter().filter(|(path, _)| path.parent().as_ref() == Some(&list.path));
        let entries =
            inside.map(|(path, (stat, _))| Entry { name: path.name().unwrap_or("").into(), stat: stat.clone() });
        let wanted = |entry: &Entry| {
            entry.name.starts_with(&list.prefix) && list.after.as_ref().is_none_or(|after| entry.name > *after)
        };
        // A page of two entries, whatever limit was requested.
        let mut entries: Vec<Entry> = entries.filter(wanted).take(3).collect();
        let more = entries.len() == 3;
        entries.truncate(2);
        Ok(ListPage { entries, more })
    }

    async fn report_corrupt(self, _: Context, node: DatanodeId, capability: Bytes) -> wire::Result<()> {
        let capability: Capability = decode_message(&capability).expect("a capability of these tests");
        assert!(
            capability.pipeline.iter().any(|replica| replica.id == node),
            "a report of {node}, which has no replica"
        );
        self.table.damage.lock().expect("lock").push((capability.chunk, node));
        Ok(())
    }

    async fn set_attributes(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        new: wire::AttributeChange,
    ) -> wire::Result<()> {
        let change = || {
            let mut files = self.table.files.lock().expect("lock");
            let (stat, _) = files.get_mut(&path).ok_or_else(missing)?;
            stat.mode = new.mode.unwrap_or(stat.mode);
            stat.modified = new.modified.unwrap_or(stat.modified);
            Ok(())
        };
        Ok(self.once(request, change).await?)
    }

    async fn find(self, _: Context, _: Find) -> wire::Result<FoundPage> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }

    async fn set_replication(
        self,
        _: Context,
        request: RequestId,
        path: DfsPath,
        replication: u8,
    ) -> wire::Result<u32> {
        let change = || {
            let mut files = self.table.files.lock().expect("lock");
            let (stat, _) = files.get_mut(&path).ok_or_else(missing)?;
            stat.replication = replication;
            Ok(())
        };
        let nodes = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.once(request, change).await?;
        Ok(nodes)
    }

    async fn blocked(self, _: Context, _: DfsPath) -> wire::Result<Blocked> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }
}

impl ClusterService for Master {
    async fn ping(self, _: Context) -> wire::Result<()> {
        Ok(())
    }

    async fn whoami(self, _: Context) -> wire::Result<String> {
        self.admit()?;
        Ok("ann".into())
    }

    async fn status(self, _: Context) -> wire::Result<Box<ClusterStatus>> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }

    async fn nodes(self, _: Context) -> wire::Result<Vec<NodeStatus>> {
        self.admit()?;
        Ok(Vec::new())
    }

    async fn view(self, _: Context, since: Option<ViewVersion>) -> wire::Result<Bytes> {
        self.table.since.lock().expect("lock").push(since);
        let next = self.table.views.lock().expect("lock").pop_front();
        Ok(next.map_or(Ok(Bytes::from_static(b"no view")), |view| view.encode())?)
    }

    async fn jobs(self, _: Context) -> wire::Result<Vec<JobStatus>> {
        Ok(Vec::new())
    }

    async fn chunk(self, _: Context, _: ChunkId) -> wire::Result<ChunkStatus> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }
}

impl AdminService for Master {
    async fn check_admin_state(self, _: Context, _: DatanodeId, _: wire::AdminState) -> wire::Result<()> {
        Ok(())
    }

    async fn set_admin_state(self, _: Context, _: RequestId, _: DatanodeId, _: wire::AdminState) -> wire::Result<()> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }

    async fn set_safe_mode(self, _: Context, _: SafeModeChange) -> wire::Result<()> {
        Err(Error::new(ErrorCode::Unsupported, "not here").into())
    }
}
