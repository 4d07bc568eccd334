//! The connections between masters.

use super::messages::{AnswerAppend, AnswerSnapshot, AnswerVote, Append, AskVote, Fault, SendSnapshot};
use super::types::{Raft, TypeConfig};
use crate::clock;
use bytes::Bytes;
use dfs_logic::stored::StoredError;
use dfs_rpc::hello::Service;
use dfs_rpc::services::RaftServiceClient;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::{transport, wire};
use dfs_types::{Error, ErrorCode, MasterId, Principal, Protection};
use openraft::error::{
    InstallSnapshotError, NetworkError, PayloadTooLarge, RPCError, RaftError, RemoteError, SnapshotMismatch,
    Unreachable,
};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use openraft::{AnyError, BasicNode};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::time::Duration;

/// The largest message: the entries in it must leave room for its frame.
const MESSAGE_BYTES_MAX: usize = dfs_rpc::CONTROL_BYTES_MAX - (64 << 10);
/// The time to wait before trying again to reach a master that could not be reached.
const RETRY: Duration = Duration::from_millis(300);

type RpcError<E> = RPCError<u64, BasicNode, E>;

/// Makes a [`Peer`] for each other master.
#[derive(Debug, Clone)]
pub struct Network {
    pub identity: Identity,
}

/// The connection to one other master. It is opened when it is needed, and opened again after a
/// failure.
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

    /// Makes one call: sends a message and receives the answer, both postcard. A failed call drops
    /// the connection.
    async fn call<Q, A, E, F>(
        &mut self,
        message: &Q,
        limit: Duration,
        send: impl FnOnce(RaftServiceClient, tarpc::context::Context, Bytes) -> F,
    ) -> Result<Result<A, Fault>, RpcError<E>>
    where
        Q: Serialize,
        A: DeserializeOwned,
        E: std::error::Error,
        F: Future<Output = Result<wire::Result<Bytes>, tarpc::client::RpcError>>,
    {
        let bytes = postcard::to_stdvec(message).map_err(broken)?;
        let client = match self.client.take() {
            Some(client) => client,
            None => self.connect(limit).await.map_err(unreachable)?,
        };
        let mut context = tarpc::context::current();
        context.deadline = clock::now() + limit;
        let answer = send(client.clone(), context, bytes.into()).await.map_err(unreachable)?;
        let answer = answer.map_err(|error| unreachable(Error::from(error)))?;
        self.client = Some(client);
        postcard::from_bytes(&answer).map_err(broken)
    }
}

/// Returns the error of a call that the other master could not carry out.
fn stopped<E: std::error::Error>(fault: Fault) -> RpcError<E> {
    match fault {
        Fault::Stopped(why) => unreachable(why),
        Fault::Mismatch { .. } => broken("the other master did not expect a snapshot"),
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
        let message = Append::try_from(&message).map_err(broken)?;
        let send = async move |client: RaftServiceClient, context, bytes| client.append(context, bytes).await;
        let answer: Result<AnswerAppend, Fault> = self.call(&message, option.hard_ttl(), send).await?;
        answer.map(Into::into).map_err(stopped)
    }

    async fn install_snapshot(
        &mut self,
        message: InstallSnapshotRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RpcError<RaftError<u64, InstallSnapshotError>>> {
        let message = SendSnapshot::from(message);
        let send = async move |client: RaftServiceClient, context, bytes| client.install_snapshot(context, bytes).await;
        let answer: Result<AnswerSnapshot, Fault> = self.call(&message, option.hard_ttl(), send).await?;
        answer.map(Into::into).map_err(|fault| match fault {
            Fault::Mismatch { expected, got } => {
                let mismatch = SnapshotMismatch { expect: expected.into(), got: got.into() };
                let error = RaftError::APIError(InstallSnapshotError::SnapshotMismatch(mismatch));
                RPCError::RemoteError(RemoteError::new_with_node(self.target, self.node.clone(), error))
            }
            fault @ Fault::Stopped(_) => stopped(fault),
        })
    }

    async fn vote(
        &mut self,
        message: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, RpcError<RaftError<u64>>> {
        let message = AskVote::from(message);
        let send = async move |client: RaftServiceClient, context, bytes| client.vote(context, bytes).await;
        let answer: Result<AnswerVote, Fault> = self.call(&message, option.hard_ttl(), send).await?;
        answer.map(Into::into).map_err(stopped)
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(RETRY))
    }
}

/// The server side: answers the calls of other masters.
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
    /// Decodes a message, passes it to `ask`, and encodes the answer.
    async fn answer<Q, A, F>(&self, bytes: &Bytes, ask: impl FnOnce(Raft, Q) -> F) -> dfs_types::Result<Bytes>
    where
        Q: DeserializeOwned,
        A: Serialize,
        F: Future<Output = Result<A, Fault>>,
    {
        let message = postcard::from_bytes(bytes).map_err(unreadable)?;
        let answer = ask(self.raft.clone(), message).await;
        let bytes = postcard::to_stdvec(&answer);
        bytes.map(Bytes::from).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("the message cannot be decoded: {error}"))
}

impl dfs_rpc::services::RaftService for RaftServer {
    async fn vote(self, _: tarpc::context::Context, message: Bytes) -> wire::Result<Bytes> {
        let vote = async |raft: Raft, message: AskVote| {
            raft.vote(message.into()).await.map(AnswerVote::from).map_err(Fault::from)
        };
        self.answer(&message, vote).await.map_err(Into::into)
    }

    async fn append(self, _: tarpc::context::Context, message: Bytes) -> wire::Result<Bytes> {
        let append = async |raft: Raft, message: Append| {
            // An entry of a newer build: this master must neither apply nor acknowledge it.
            let message = message.try_into().map_err(|error: StoredError| Fault::Stopped(error.to_string()))?;
            raft.append_entries(message).await.map(AnswerAppend::from).map_err(Fault::from)
        };
        self.answer(&message, append).await.map_err(Into::into)
    }

    async fn install_snapshot(self, _: tarpc::context::Context, message: Bytes) -> wire::Result<Bytes> {
        let install = async |raft: Raft, message: SendSnapshot| {
            raft.install_snapshot(message.into()).await.map(AnswerSnapshot::from).map_err(Fault::from)
        };
        self.answer(&message, install).await.map_err(Into::into)
    }
}
