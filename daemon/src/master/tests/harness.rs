//! A master in a thread, clients, and simulated datanodes.

use crate::authority::{Authority, draw_cluster_id};
use crate::master::{MasterOptions, run};
use dfs_config::MasterSettings;
use dfs_rpc::capability::{KeyRing, Stored};
use dfs_rpc::hello::Service;
use dfs_rpc::request::next_write;
use dfs_rpc::services::{NodeServiceClient, UserClient};
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{self, Connected};
use dfs_rpc::wire::{
    self, CommitWrite, Committed, CommittedChunk, DirectoryLoad, Heartbeat, HeartbeatReply, NodeLoad, PlanWrite,
    PlannedChunk, Register, ReportPage, TokenKey,
};
use dfs_types::{
    ByteSize, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, ErrorCode, Generation, MasterId, Principal,
    Protection, ReplicaKey, ReplicaState, RequestId, Result, Stat, StoredReplica,
};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use tarpc::context::Context;
use tokio_util::sync::CancellationToken;

/// The checksum of every chunk in these tests.
pub(super) const CHECKSUM: u32 = 99;
/// Longer than any operation here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Cluster {
    pub authority: Authority,
    pub directory: tempfile::TempDir,
    pub settings: MasterSettings,
}

pub(super) struct Running {
    pub address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

pub(super) fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid path")
}

/// The result of a call.
pub(super) trait Answer<T> {
    /// Returns the value or the error that the master has answered with.
    fn answer(self) -> Result<T>;
}

impl<T> Answer<T> for std::result::Result<wire::Result<T>, tarpc::client::RpcError> {
    #[track_caller]
    fn answer(self) -> Result<T> {
        Ok(self.expect("call")?)
    }
}

pub(super) fn request() -> RequestId {
    RequestId(fastrand::u128(..))
}

pub(super) fn key(chunk: ChunkId) -> ReplicaKey {
    ReplicaKey { chunk, generation: Generation(1), checksum: CHECKSUM }
}

/// Returns a verified replica, like one that was just stored.
pub(super) fn replica(chunk: ChunkId) -> StoredReplica {
    StoredReplica { key: key(chunk), state: ReplicaState::Verified }
}

/// Returns a corrupt replica.
pub(super) fn suspect(chunk: ChunkId) -> StoredReplica {
    StoredReplica { key: key(chunk), state: ReplicaState::Suspect }
}

/// Returns a context with a distant deadline.
pub(super) fn context() -> Context {
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + PATIENCE;
    context
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.expect_err("should be refused").code
}

impl Cluster {
    pub(super) fn new() -> Self {
        let cluster = draw_cluster_id().expect("random");
        let authority = Authority::create(cluster, SystemTime::now()).expect("authority");
        let settings = MasterSettings {
            heartbeat: Duration::from_millis(200),
            dead_after: Duration::from_secs(1),
            log_segment: ByteSize(1 << 20),
            ..MasterSettings::default()
        };
        Self { authority, directory: tempfile::tempdir().expect("temp directory"), settings }
    }

    pub(super) fn id(&self) -> ClusterId {
        self.authority.cluster()
    }

    pub(super) fn identity(&self, principal: &Principal) -> Identity {
        let pem = self.authority.issue(principal, SystemTime::now()).expect("issued");
        Identity::from_pem(pem.as_bytes()).expect("good")
    }

    pub(super) fn try_start(&self) -> Result<Running, String> {
        let (ready, started) = mpsc::channel();
        let options = MasterOptions {
            id: MasterId(1),
            identity: self.identity(&Principal::Master(MasterId(1))),
            data_dir: self.directory.path().join("master"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            settings: self.settings.clone(),
            superuser: Some("ann".to_owned()),
            on_ready: Box::new(move |address| {
                let _ = ready.send(address);
            }),
        };
        let stop = CancellationToken::new();
        let token = stop.clone();
        let thread = std::thread::spawn(move || run(options, token));
        match started.recv() {
            Ok(address) => Ok(Running { address, stop, thread: Some(thread) }),
            Err(_) => Err(format!("{:#}", thread.join().expect("no panic").expect_err("did not start"))),
        }
    }

    pub(super) fn start(&self) -> Running {
        self.try_start().expect("the master starts")
    }

    pub(super) fn log_directory(&self) -> std::path::PathBuf {
        self.directory.path().join("master/log")
    }

    async fn connect(&self, master: &Running, who: &Principal, service: Service) -> Connected {
        let identity = self.identity(who);
        let opened =
            transport::connect(&identity, master.address, Expected::AnyMaster, service, Protection::Private, PATIENCE);
        opened.await.expect("connected")
    }

    pub(super) async fn user(&self, master: &Running, name: &str) -> UserClient {
        let connected = self.connect(master, &Principal::User(name.into()), Service::Client).await;
        UserClient::new(connected).spawn()
    }

    /// Makes a datanode that registers and reports the replicas `holds`.
    pub(super) async fn datanode(&self, master: &Running, number: u16, holds: &[StoredReplica]) -> Datanode {
        let node = self.register(master, number, load(1 << 40)).await;
        node.report(holds).await;
        node
    }

    /// Makes a datanode that registers, and has not reported its replicas. Like a real one, it
    /// retries while the master has not yet noticed that the process before it has ended.
    pub(super) async fn register(&self, master: &Running, number: u16, load: NodeLoad) -> Datanode {
        let boot = fastrand::u64(..);
        let trying = async {
            loop {
                match self.register_as(master, number, load.clone(), boot).await {
                    Err(error) if error.code == ErrorCode::AlreadyExists => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    registered => break registered.expect("registered"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, trying).await.expect("a place")
    }

    /// Makes a datanode that registers as a process with this boot number.
    pub(super) async fn register_as(
        &self,
        master: &Running,
        number: u16,
        load: NodeLoad,
        boot: u64,
    ) -> Result<Datanode> {
        let id = DatanodeId(number);
        let connected = self.connect(master, &Principal::Datanode(id), Service::Node).await;
        let client =
            NodeServiceClient::new(tarpc::client::Config::default(), transport::framed(connected.stream)).spawn();
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + number));
        let register = Register { boot, address, load, version: "test".into() };
        let registered = client.register(context(), register).await.answer()?;
        Ok(Datanode { id, cluster: self.id(), client, boot, keys: registered.keys })
    }

    /// Makes three empty datanodes.
    pub(super) async fn datanodes(&self, master: &Running) -> [Datanode; 3] {
        [self.datanode(master, 1, &[]).await, self.datanode(master, 2, &[]).await, self.datanode(master, 3, &[]).await]
    }
}

pub(super) fn load(free: u64) -> NodeLoad {
    let directory = DirectoryLoad {
        path: "/data".into(),
        capacity: 1 << 41,
        used: 0,
        free,
        failed: false,
        reason: None,
        disk: 0,
        disk_free: 0,
    };
    NodeLoad { directories: vec![directory], ..NodeLoad::default() }
}

impl Running {
    pub(super) fn stop(mut self) {
        self.stop.cancel();
        self.thread.take().expect("running").join().expect("no panic").expect("stops well");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A simulated datanode: it stores nothing but claims to.
pub(super) struct Datanode {
    pub id: DatanodeId,
    cluster: ClusterId,
    pub client: NodeServiceClient,
    pub boot: u64,
    keys: Vec<TokenKey>,
}

impl Datanode {
    pub(super) fn news(&self) -> Heartbeat {
        Heartbeat::new(self.boot, load(1 << 40))
    }

    pub(super) async fn heartbeat(&self, news: Heartbeat) -> HeartbeatReply {
        self.client.heartbeat(context(), news).await.answer().expect("accepted")
    }

    /// Reports that it has these replicas.
    pub(super) async fn report(&self, holds: &[StoredReplica]) {
        let page = ReportPage { boot: self.boot, first: true, last: true, chunks: holds.to_vec() };
        self.client.chunk_report(context(), page).await.answer().expect("reported");
    }

    /// Returns a receipt as this datanode would issue it.
    pub(super) fn receipt(&self, chunk: ChunkRef) -> dfs_rpc::capability::Receipt {
        let ChunkRef { id, generation, length, checksum } = chunk;
        let (cluster, node, boot) = (self.cluster, self.id, self.boot);
        let stored = Stored { cluster, node, boot, chunk: id, generation, length, checksum };
        KeyRing::new(&self.keys).receipt(&stored).expect("has keys")
    }
}

pub(super) fn plan(path: &DfsPath) -> PlanWrite {
    let (exclude, overwrite) = (Vec::new(), false);
    let (write, path) = (next_write(), path.clone());
    PlanWrite {
        write,
        path,
        overwrite,
        replication: None,
        chunk_size: None,
        chunks: 1,
        exclude,
        begun: false,
        length: None,
    }
}

pub(super) fn commit(path: &DfsPath, chunks: Vec<CommittedChunk>) -> CommitWrite {
    let path = path.clone();
    let (replication, chunk_size, modified, mode) = (None, None, None, None);
    let write = next_write();
    CommitWrite { request: request(), write, path, overwrite: false, replication, chunk_size, chunks, modified, mode }
}

/// Returns the chunk of a plan, `length` bytes long, with receipts of `nodes`.
pub(super) fn stored(planned: &PlannedChunk, length: u32, nodes: &[&Datanode]) -> CommittedChunk {
    let chunk = ChunkRef { id: planned.id, generation: planned.generation, length, checksum: CHECKSUM };
    CommittedChunk { chunk, receipts: nodes.iter().map(|node| node.receipt(chunk)).collect() }
}

/// Writes a file of one chunk; returns the chunk.
pub(super) async fn put(user: &UserClient, name: &str, nodes: &[&Datanode]) -> (Stat, ChunkId) {
    let path = path(name);
    let plan = plan(&path);
    let write = plan.write;
    let planned = user.files.plan_write(context(), plan).await.answer().expect("planned");
    let chunks = vec![stored(&planned.chunks[0], 1000, nodes)];
    let commit = CommitWrite { write, ..commit(&path, chunks) };
    let committed = user.files.commit_write(context(), commit).await.answer().expect("committed");
    let Committed::File(stat) = committed else { panic!("{committed:?}") };
    (stat, planned.chunks[0].id)
}

/// Repeats a question until the answer is the expected one.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: not within {PATIENCE:?}");
}

pub(super) fn file_names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("there");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
