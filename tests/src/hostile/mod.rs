//! Peers with valid credentials that violate the protocol: they use the wire types directly.

pub mod liar;

use crate::Cluster;
use bytes::Bytes;
use dfs_client::Client;
use dfs_daemon::authority::Authority;
use dfs_rpc::capability::{Capability, Receipt};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{
    BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind, block_crcs, decode_message, encode_message, table_checksum,
};
use dfs_rpc::hello::Service;
use dfs_rpc::request;
use dfs_rpc::services::{NodeServiceClient, UserClient};
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{self, Connected};
use dfs_rpc::wire::{self, CommitWrite, CommittedChunk, NodeAddress, PlanRead, PlanWrite, PlannedChunk, ReadPlan};
use dfs_types::{ChunkRef, DfsPath, ErrorCode, Principal, Protection, WriteId};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Runtime;

/// Longer than any successful operation takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// The name of the hostile user. The cluster's superuser is the victim.
pub const MALLORY: &str = "mallory";
/// The number of bytes before the fields of a sealed capability, and of its seal.
const CAPABILITY_FRAME: (usize, usize) = (4, 32);

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Refused(ErrorCode),
    /// The peer closed the connection.
    Closed,
    /// The call was accepted and had no effect on other users: the attempt itself has checked it.
    Nothing,
    /// The attempt succeeded: a fault, with its description.
    Through(&'static str),
}

/// Returns the outcome of a call that must have no effect.
pub fn outcome<T>(answer: dfs_types::Result<T>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Through("the call was accepted"),
        Err(error) => Outcome::Refused(error.code),
    }
}

/// Returns the checksums of the blocks of a chunk.
pub fn table(data: &[u8]) -> Vec<u32> {
    data.chunks(BLOCK_BYTES).map(|block| block_crcs(block)[0]).collect()
}

pub fn checksum(data: &[u8]) -> u32 {
    table_checksum(&table(data))
}

/// Returns a reference to a chunk with this content.
pub fn chunk_ref(planned: &PlannedChunk, data: &[u8]) -> ChunkRef {
    ChunkRef { id: planned.id, generation: planned.generation, length: data.len() as u32, checksum: checksum(data) }
}

/// Returns the fields of a sealed capability, which is sealed but not secret.
pub fn fields_of(sealed: &[u8]) -> Capability {
    let (head, seal) = CAPABILITY_FRAME;
    decode_message(&sealed[head..sealed.len() - seal]).expect("fields of a capability")
}

/// Returns a capability with other fields and the old seal.
pub fn altered(sealed: &[u8], change: impl FnOnce(&mut Capability)) -> Bytes {
    let (head, seal) = CAPABILITY_FRAME;
    let mut fields = fields_of(sealed);
    change(&mut fields);
    [&sealed[..head], &encode_message(&fields), &sealed[sealed.len() - seal..]].concat().into()
}

/// Returns a context with the time limit of a call.
pub fn context() -> tarpc::context::Context {
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + PATIENCE;
    context
}

/// The next answer of a datanode.
#[derive(Debug)]
pub enum Reply {
    Done(Vec<Receipt>),
    Error(StreamError),
    /// The bytes of a read, not verified.
    Bytes(Vec<u8>),
    Closed,
    /// Nothing was received within the time limit.
    Silent,
}

impl Reply {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Done(_) => Outcome::Through("the chunk was stored"),
            Self::Bytes(_) => Outcome::Through("bytes came back"),
            Self::Error(error) => Outcome::Refused(error.error.code),
            Self::Closed => Outcome::Closed,
            Self::Silent => Outcome::Nothing,
        }
    }

    #[track_caller]
    pub fn receipts(self) -> Vec<Receipt> {
        match self {
            Self::Done(receipts) => receipts,
            other => panic!("not stored: {other:?}"),
        }
    }
}

/// A data connection to a datanode. Errors of sending are ignored: the answer shows enough.
#[derive(Debug)]
pub struct Peer(pub DataConn);

impl Peer {
    pub fn message<M: serde::Serialize>(&self, kind: FrameKind, stream: u32, message: &M) {
        let _ = self.0.send_message(kind, stream, message);
    }

    /// Sends a frame whose payload does not matter.
    pub fn frame(&self, kind: FrameKind, stream: u32, payload: &[u8]) {
        let _ = self.0.send(&FrameHeader::message(kind, stream, payload), payload);
    }

    pub fn open(&self, stream: u32, capability: &Bytes, length: Option<u32>) {
        self.message(FrameKind::OpenWrite, stream, &OpenWrite { capability: capability.clone(), length });
    }

    pub fn data_at(&self, stream: u32, offset: usize, payload: &[u8]) {
        let _ = self.0.send(&FrameHeader::data(stream, offset as u64, payload), payload);
    }

    pub fn data(&self, stream: u32, data: &[u8]) {
        for (at, payload) in data.chunks(DATA_BYTES_MAX).enumerate() {
            self.data_at(stream, at * DATA_BYTES_MAX, payload);
        }
    }

    pub fn finish(&self, stream: u32, length: usize, checksum: u32) {
        self.message(FrameKind::FinishWrite, stream, &FinishWrite { length: length as u32, checksum });
    }

    /// Does a complete and valid write.
    pub fn write(&self, stream: u32, capability: &Bytes, data: &[u8]) -> Reply {
        self.open(stream, capability, Some(data.len() as u32));
        self.data(stream, data);
        self.finish(stream, data.len(), checksum(data));
        self.reply()
    }

    pub fn read(&self, stream: u32, capability: &Bytes, offset: u32, length: u32) -> Reply {
        let capability = capability.clone();
        self.message(FrameKind::Read, stream, &Read { capability, offset, length });
        self.reply()
    }

    /// Receives the next answer.
    pub fn reply(&self) -> Reply {
        let mut data = Vec::new();
        loop {
            let header = match self.0.receive_header() {
                Ok(Some(header)) => header,
                Err(error) if error.is_timeout() => return Reply::Silent,
                Ok(None) | Err(_) => return Reply::Closed,
            };
            let mut payload = vec![0; header.length as usize];
            if self.0.receive_payload(&mut payload).is_err() {
                return Reply::Closed;
            }
            match header.kind {
                FrameKind::WriteDone => {
                    return Reply::Done(decode_message::<WriteDone>(&payload).expect("receipts").receipts);
                }
                FrameKind::Error => return Reply::Error(decode_message(&payload).expect("an error")),
                FrameKind::Data => data.extend(payload),
                FrameKind::ReadDone => return Reply::Bytes(data),
                _ => {}
            }
        }
    }
}

/// A chunk that was planned and stored, but not committed.
#[derive(Debug)]
pub struct Stored {
    pub write: WriteId,
    pub planned: PlannedChunk,
    pub data: Vec<u8>,
    pub receipts: Vec<Receipt>,
}

impl Stored {
    pub fn committed(&self) -> CommittedChunk {
        CommittedChunk { chunk: chunk_ref(&self.planned, &self.data), receipts: self.receipts.clone() }
    }
}

/// The holder of a credential, with its connections to the cluster.
#[derive(Debug)]
pub struct Party {
    pub identity: Identity,
    pub master: SocketAddr,
    pub calls: UserClient,
}

/// A cluster, its superuser and a hostile user.
#[derive(Debug)]
pub struct World {
    pub cluster: Cluster,
    pub runtime: Runtime,
    /// The superuser's client.
    pub library: Client,
    pub superuser: Party,
    pub mallory: Party,
    pub master: SocketAddr,
}

/// Returns a plan request for one chunk, as a correct client sends it.
pub fn plan(write: WriteId, path: &DfsPath) -> PlanWrite {
    PlanWrite {
        write,
        path: path.clone(),
        overwrite: false,
        replication: None,
        chunk_size: None,
        chunks: 1,
        exclude: Vec::new(),
        begun: false,
        length: None,
    }
}

/// Returns a commit of these chunks, as a correct client sends it.
pub fn commit(write: WriteId, path: &DfsPath, chunks: Vec<CommittedChunk>) -> CommitWrite {
    CommitWrite {
        request: request::next_request(),
        write,
        path: path.clone(),
        overwrite: false,
        replication: None,
        chunk_size: None,
        chunks,
        modified: None,
        mode: None,
    }
}

impl World {
    pub fn new(cluster: Cluster) -> Self {
        let runtime = Runtime::new().expect("runtime");
        let pem = std::fs::read(cluster.home().join("credentials/authority.pem")).expect("read the authority");
        let authority = Authority::from_pem(&pem).expect("authority");
        let issued = authority.issue(&Principal::User(MALLORY.to_owned()), SystemTime::now()).expect("issue");
        let own = std::fs::read(cluster.credential()).expect("read credential");
        let master = cluster.daemon("master-1").address.parse().expect("address");
        let party = |pem: &[u8]| {
            let identity = Identity::from_pem(pem).expect("credential");
            let calls = runtime.block_on(user_calls(&identity, master));
            Party { identity, master, calls }
        };
        let (superuser, mallory) = (party(&own), party(issued.as_bytes()));
        let library = runtime.block_on(cluster.client());
        Self { cluster, library, superuser, mallory, master, runtime }
    }

    /// Runs a call.
    pub fn run<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Runs a call and returns its answer.
    #[track_caller]
    pub fn call<T>(
        &self,
        call: impl Future<Output = Result<wire::Result<T>, tarpc::client::RpcError>>,
    ) -> dfs_types::Result<T> {
        Ok(self.run(call).expect("an answer")?)
    }

    /// Opens a data connection.
    pub fn data(&self, who: &Party, node: NodeAddress) -> Peer {
        let expected = Expected::Datanode(node.id);
        let opening =
            transport::connect(&who.identity, node.address, expected, Service::Data, Protection::Auto, PATIENCE);
        let connected = self.run(opening).expect("connect to a datanode");
        let _entered = self.runtime.enter();
        let conn = DataConn::new(connected).expect("take over");
        conn.set_timeout(Some(PATIENCE)).expect("set timeout");
        Peer(conn)
    }

    /// Plans a chunk of a new write.
    pub fn planned(&self, who: &Party, path: &DfsPath) -> (WriteId, PlannedChunk) {
        let write = request::next_write();
        let planned = self.call(who.calls.files.plan_write(context(), plan(write, path))).expect("a plan");
        (write, planned.chunks.into_iter().next().expect("one chunk"))
    }

    /// Plans and stores a chunk.
    pub fn stored(&self, who: &Party, path: &DfsPath, data: &[u8]) -> Stored {
        let (write, planned) = self.planned(who, path);
        let receipts = self.data(who, planned.pipeline[0]).write(1, &planned.capability, data).receipts();
        Stored { write, planned, data: data.to_vec(), receipts }
    }

    /// Plans the read of a whole file.
    pub fn reading(&self, who: &Party, path: &DfsPath) -> ReadPlan {
        let plan = PlanRead { path: path.clone(), offset: 0, length: u64::MAX };
        self.call(who.calls.files.plan_read(context(), plan)).expect("a plan")
    }

    /// Returns true if a file has exactly this content.
    pub fn holds(&self, path: &DfsPath, data: &[u8]) -> bool {
        let length = data.len() as u64 + 1;
        self.run(self.library.read_range(path, 0, length)).is_ok_and(|read| read == data)
    }
}

async fn opened(identity: &Identity, master: SocketAddr, service: Service) -> Connected {
    let opening = transport::connect(identity, master, Expected::AnyMaster, service, Protection::Private, PATIENCE);
    opening.await.expect("connect to the master")
}

async fn user_calls(identity: &Identity, master: SocketAddr) -> UserClient {
    let connected = opened(identity, master, Service::Client).await;
    UserClient::new(connected).spawn()
}

/// Opens the service for datanodes.
pub async fn node_calls(identity: &Identity, master: SocketAddr) -> NodeServiceClient {
    let connected = opened(identity, master, Service::Node).await;
    NodeServiceClient::new(tarpc::client::Config::default(), transport::framed(connected.stream)).spawn()
}
