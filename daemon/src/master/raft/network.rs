//! The way to the other masters.

use super::types::{Raft, TypeConfig};
use bytes::Bytes;
use dfs_rpc::hello::Service;
use dfs_rpc::raft::RaftServiceClient;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport;
use dfs_types::{Error, ErrorCode, MasterId, Principal, Protection};
use openraft::error::{
    InstallSnapshotError, NetworkError, PayloadTooLarge, RPCError, RaftError, RemoteError, Unreachable,
};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use openraft::{AnyError, BasicNode};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::time::{Duration, Instant};

/// The largest message: entries in it must leave room for its frame.
const MESSAGE_BYTES_MAX: usize = dfs_rpc::CONTROL_BYTES_MAX - (64 << 10);
/// How long to wait before another try to reach a master that was not there.
const RETRY: Duration = Duration::from_millis(300);

type RpcError<E> = RPCError<u64, BasicNode, E>;

/// Makes a [`Peer`] for each other master.
#[derive(Debug, Clone)]
pub struct Network {
    pub identity: Identity,
}

/// The connection to one other master. It is opened when it is needed, and again after it broke.
#[derive(Debug)]
pub struct Peer {
    identity: Identity,
    target: u64,
    node: BasicNode,
    client: Option<RaftServiceClient>,
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Peer {
        Peer { identity: self.identity.clone(), target, node: node.clone(), client: None }
    }
}

fn unreachable<E: std::error::Error>(what: impl std::fmt::Display) -> RpcError<E> {
    RPCError::Unreachable(Unreachable::new(&AnyError::error(what.to_string())))
}

fn broken<E: std::error::Error>(what: impl std::fmt::Display) -> RpcError<E> {
    RPCError::Network(NetworkError::new(&AnyError::error(what.to_string())))
}

impl Peer {
    async fn connect(&self, limit: Duration) -> Result<RaftServiceClient, String> {
        let address = &self.node.addr;
        let connected =
            transport::connect(&self.identity, address, Expected::AnyMaster, Service::Raft, Protection::Private, limit)
                .await
                .map_err(|error| error.to_string())?;
        let expected = u16::try_from(self.target).map(|id| Principal::Master(MasterId(id)));
        if expected.as_ref() != Ok(&connected.peer) {
            return Err(format!("{} is {}, not master-{}", self.node.addr, connected.peer, self.target));
        }
        let transport = transport::framed(connected.stream);
        Ok(RaftServiceClient::new(tarpc::client::Config::default(), transport).spawn())
    }

    /// One call: message out, answer in, both postcard. A call that failed drops the connection.
    async fn call<Q, A, E, F>(
        &mut self,
        message: &Q,
        limit: Duration,
        send: impl FnOnce(RaftServiceClient, tarpc::context::Context, Bytes) -> F,
    ) -> Result<A, RpcError<E>>
    where
        Q: Serialize,
        A: DeserializeOwned,
        E: std::error::Error + DeserializeOwned,
        F: Future<Output = Result<dfs_types::Result<Bytes>, tarpc::client::RpcError>>,
    {
        let bytes = postcard::to_stdvec(message).map_err(broken)?;
        let client = match self.client.take() {
            Some(client) => client,
            None => self.connect(limit).await.map_err(unreachable)?,
        };
        let mut context = tarpc::context::current();
        context.deadline = Instant::now() + limit;
        let answer = send(client.clone(), context, bytes.into()).await.map_err(unreachable)?.map_err(unreachable)?;
        self.client = Some(client);
        let answer: Result<A, E> = postcard::from_bytes(&answer).map_err(broken)?;
        answer.map_err(|error| RPCError::RemoteError(RemoteError::new_with_node(self.target, self.node.clone(), error)))
    }
}

impl RaftNetwork<TypeConfig> for Peer {
    async fn append_entries(
        &mut self,
        message: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RpcError<RaftError<u64>>> {
        let weight: usize = message.entries.iter().map(crate::master::log::tail::weight).sum();
        if weight > MESSAGE_BYTES_MAX / 2 && message.entries.len() > 1 {
            let half = (message.entries.len() as u64 / 2).max(1);
            return Err(RPCError::PayloadTooLarge(PayloadTooLarge::new_entries_hint(half)));
        }
        self.call(&message, option.hard_ttl(), async move |client, context, bytes| client.append(context, bytes).await)
            .await
    }

    async fn install_snapshot(
        &mut self,
        message: InstallSnapshotRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RpcError<RaftError<u64, InstallSnapshotError>>> {
        let limit = option.hard_ttl();
        self.call(&message, limit, async move |client, context, bytes| client.install_snapshot(context, bytes).await)
            .await
    }

    async fn vote(
        &mut self,
        message: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, RpcError<RaftError<u64>>> {
        self.call(&message, option.hard_ttl(), async move |client, context, bytes| client.vote(context, bytes).await)
            .await
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(RETRY))
    }
}

/// The other end: what other masters ask of this one.
#[derive(Clone)]
pub struct RaftServer {
    pub raft: Raft,
}

impl std::fmt::Debug for RaftServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RaftServer")
    }
}

impl RaftServer {
    async fn answer<Q, A, E, F>(&self, bytes: &Bytes, ask: impl FnOnce(Raft, Q) -> F) -> dfs_types::Result<Bytes>
    where
        Q: DeserializeOwned,
        Result<A, E>: Serialize,
        F: Future<Output = Result<A, E>>,
    {
        let message = postcard::from_bytes(bytes)
            .map_err(|error| Error::new(ErrorCode::InvalidArgument, format!("the message cannot be read: {error}")))?;
        let answer = ask(self.raft.clone(), message).await;
        let bytes = postcard::to_stdvec(&answer);
        bytes.map(Bytes::from).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
    }
}

impl dfs_rpc::raft::RaftService for RaftServer {
    async fn vote(self, _: tarpc::context::Context, message: Bytes) -> dfs_types::Result<Bytes> {
        self.answer(&message, async |raft, message: VoteRequest<u64>| raft.vote(message).await).await
    }

    async fn append(self, _: tarpc::context::Context, message: Bytes) -> dfs_types::Result<Bytes> {
        let append = async |raft: Raft, message: AppendEntriesRequest<TypeConfig>| raft.append_entries(message).await;
        self.answer(&message, append).await
    }

    async fn install_snapshot(self, _: tarpc::context::Context, message: Bytes) -> dfs_types::Result<Bytes> {
        let install =
            async |raft: Raft, message: InstallSnapshotRequest<TypeConfig>| raft.install_snapshot(message).await;
        self.answer(&message, install).await
    }
}
