//! Peers of the previous protocol version: the calls as of version 8.
//!
//! The lists of calls are copies, so that changes of the current ones do not affect them. Messages
//! that are equal in both versions are those of `dfs_rpc::wire`; the golden files of version 8 pin
//! their bytes.

use bytes::Bytes;
use dfs_rpc::hello::Service;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{self, ConnectError, Connected, framed};
use dfs_rpc::view::ViewVersion;
use dfs_rpc::wire::{
    AdminState, AttributeChange, Blocked, ChunkStatus, ClusterStatus, CommitWrite, Committed, Deleted,
    DirectoryTraffic, Find, FoundPage, Heartbeat, HeartbeatReply, ListDirectory, ListPage, NodeStatus, PlanRead,
    PlanWrite, ReadPlan, Register, Registered, ReportPage, Result, SafeModeChange, Stat, WritePlan,
};
use dfs_types::{ChunkId, DatanodeId, DfsPath, Protection, RequestId, WriteId};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use tarpc::RequestName;
use tarpc::client::{Channel, Config};
use tarpc::server::{BaseChannel, Channel as _};
use tokio::net::TcpListener;

/// The versions of these peers.
pub const VERSIONS: RangeInclusive<u16> = 8..=8;
/// Longer than any successful operation takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls about files in version 8.
#[tarpc::service]
pub trait FileService {
    async fn mkdir(request: RequestId, path: DfsPath, parents: bool) -> Result<()>;
    async fn rename(request: RequestId, from: DfsPath, to: DfsPath, overwrite: bool) -> Result<()>;
    async fn delete(request: RequestId, path: DfsPath, recursive: bool) -> Result<Deleted>;
    async fn set_attributes(request: RequestId, path: DfsPath, change: AttributeChange) -> Result<()>;
    async fn set_replication(request: RequestId, path: DfsPath, replication: u8) -> Result<u32>;
    async fn stat(path: DfsPath) -> Result<Stat<'static>>;
    async fn list(list: ListDirectory) -> Result<ListPage>;
    async fn find(find: Find) -> Result<FoundPage>;
    async fn plan_read(plan: PlanRead) -> Result<ReadPlan>;
    async fn report_corrupt(node: DatanodeId, capability: Bytes) -> Result<()>;
    async fn plan_write(plan: PlanWrite) -> Result<WritePlan>;
    async fn renew_write(write: WriteId) -> Result<()>;
    async fn abandon_write(write: WriteId) -> Result<()>;
    async fn commit_write(commit: CommitWrite) -> Result<Committed>;
    async fn blocked(path: DfsPath) -> Result<Blocked>;
    async fn traffic(path: DfsPath) -> Result<DirectoryTraffic>;
}

/// Calls about the cluster in version 8.
#[tarpc::service]
pub trait ClusterService {
    async fn ping() -> Result<()>;
    async fn whoami() -> Result<String>;
    async fn status() -> Result<ClusterStatus>;
    async fn nodes() -> Result<Vec<NodeStatus>>;
    async fn chunk(chunk: ChunkId) -> Result<ChunkStatus>;
    async fn view(since: Option<ViewVersion>) -> Result<Bytes>;
}

/// Calls of administrators in version 8.
#[tarpc::service]
pub trait AdminService {
    async fn set_safe_mode(change: SafeModeChange) -> Result<()>;
    async fn set_admin_state(request: RequestId, node: DatanodeId, admin_state: AdminState) -> Result<()>;
    async fn check_admin_state(node: DatanodeId, admin_state: AdminState) -> Result<()>;
}

/// Calls of datanodes in version 8.
#[tarpc::service]
pub trait NodeService {
    async fn register(register: Register) -> Result<Registered>;
    async fn heartbeat(heartbeat: Heartbeat) -> Result<HeartbeatReply>;
    async fn chunk_report(page: ReportPage) -> Result<()>;
}

/// A request on the connection of a user in version 8.
#[derive(Debug, Serialize, Deserialize)]
pub enum UserRequest {
    Files(FileServiceRequest),
    Cluster(ClusterServiceRequest),
    Admin(AdminServiceRequest),
}

/// The response to a [`UserRequest`].
#[derive(Debug, Serialize, Deserialize)]
pub enum UserResponse {
    Files(FileServiceResponse),
    Cluster(Box<ClusterServiceResponse>),
    Admin(AdminServiceResponse),
}

impl RequestName for UserRequest {
    fn name(&self) -> &str {
        match self {
            Self::Files(request) => request.name(),
            Self::Cluster(request) => request.name(),
            Self::Admin(request) => request.name(),
        }
    }
}

/// Opens a connection as a peer with `versions` does.
///
/// # Errors
/// Those of `transport::connect`.
pub async fn connect(
    versions: RangeInclusive<u16>,
    identity: &Identity,
    address: SocketAddr,
    expected: Expected,
    service: Service,
) -> std::result::Result<Connected, ConnectError> {
    let protection = if service == Service::Data { Protection::Auto } else { Protection::Private };
    transport::connect_speaking(versions, identity, address, expected, service, protection, PATIENCE).await
}

/// A client of version 8.
#[derive(Debug, Clone)]
pub struct Client(Channel<UserRequest, UserResponse>);

impl Client {
    pub async fn connect(identity: &Identity, master: SocketAddr) -> Self {
        let connected = connect(VERSIONS, identity, master, Expected::AnyMaster, Service::Client).await;
        let connected = connected.expect("connect to the master");
        assert_eq!(connected.version, 8);
        Self(tarpc::client::new(Config::default(), framed(connected.stream)).spawn())
    }

    /// Makes a call about files.
    pub async fn files(&self, request: FileServiceRequest) -> FileServiceResponse {
        let answer = self.0.call(crate::hostile::context(), UserRequest::Files(request)).await;
        match answer.expect("an answer") {
            UserResponse::Files(response) => response,
            other => panic!("an answer of another service: {other:?}"),
        }
    }
}

/// Opens the connection of a datanode of version 8.
pub async fn datanode(identity: &Identity, master: SocketAddr) -> NodeServiceClient {
    let connected = connect(VERSIONS, identity, master, Expected::AnyMaster, Service::Node).await;
    let connected = connected.expect("connect to the master");
    assert_eq!(connected.version, 8);
    NodeServiceClient::new(Config::default(), framed(connected.stream)).spawn()
}

/// Starts a master of version 8 that answers requests with `answer`. It ends with the runtime.
pub async fn master(identity: Identity, answer: fn(UserRequest) -> UserResponse) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let identity = identity.clone();
            tokio::spawn(async move {
                let offered = [Service::Client];
                let taken = transport::accept_speaking(VERSIONS, &identity, tcp, &offered, Protection::Private).await;
                let Ok(connected) = taken else { return };
                let serve = tarpc::server::serve(move |_, request| async move { Ok(answer(request)) });
                BaseChannel::with_defaults(framed(connected.stream)).execute(serve).for_each(|call| call).await;
            });
        }
    });
    address
}
