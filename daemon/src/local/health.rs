//! Asks a master for the health of the cluster.

use super::daemon_id::DaemonId;
use super::layout::io_error;
use dfs_rpc::hello::Service;
use dfs_rpc::services::UserClient;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{ConnectError, connect};
use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use dfs_types::{AdminState, DatanodeId, Error, ErrorCode, Protection, RequestId, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tarpc::client::RpcError;
use tarpc::context::Context;
use tokio::task::JoinHandle;

/// The time limit of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A daemon that accepts no connection within this time counts as hanging.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// The answer of a master.
#[derive(Debug, Clone)]
pub(super) struct Health {
    pub status: ClusterStatus,
    pub nodes: Vec<NodeStatus>,
}

impl Health {
    /// Returns the reason why the cluster does not accept writes on all of `datanodes` yet; none if
    /// it does.
    pub(super) fn lacks(&self, datanodes: &[DatanodeId]) -> Option<String> {
        let safe_mode = || self.status.safe_mode.as_ref().map(|safe_mode| format!("safe mode: {}", safe_mode.reason));
        self.missing_node(datanodes).or_else(safe_mode)
    }

    /// Returns a text if no master is the leader, or one of `datanodes` is not live yet; none
    /// otherwise. Safe mode may still last.
    pub(super) fn missing_node(&self, datanodes: &[DatanodeId]) -> Option<String> {
        let live = |id: &DatanodeId| self.nodes.iter().any(|node| node.id == *id && node.state == NodeState::Live);
        if self.status.leader.is_none() {
            return Some("no master is the leader yet".to_owned());
        }
        let missing = datanodes.iter().find(|id| !live(id))?;
        Some(format!("{missing} has not registered yet"))
    }
}

/// Reads a credential.
pub(super) fn identity(credential: &Path) -> Result<Identity> {
    let pem = std::fs::read(credential).map_err(io_error("read credential", credential))?;
    Identity::from_pem(&pem)
        .map_err(|error| Error::new(ErrorCode::Unauthenticated, error.to_string()).at(credential.display()))
}

/// Returns true if a daemon accepts no connection within [`ANSWER_PATIENCE`].
pub(super) fn is_silent(identity: &Identity, id: DaemonId, address: SocketAddr) -> bool {
    let (expected, service) = match id {
        DaemonId::Master(_) => (Expected::AnyMaster, Service::Client),
        DaemonId::Datanode(id) => (Expected::Datanode(id), Service::Data),
    };
    let opened =
        apart(
            async move { Ok(connect(identity, address, expected, service, Protection::Auto, ANSWER_PATIENCE).await) },
        );
    matches!(opened, Ok(Err(ConnectError::Timeout(_))))
}

/// Asks the first master that answers.
///
/// # Errors
/// If none answers, with the error of the last one.
pub(super) fn ask(identity: &Identity, masters: &[SocketAddr]) -> Result<Health> {
    apart(ask_any(identity, masters))
}

/// Makes a call in a thread of its own, because the caller may be on a runtime already.
fn apart<T: Send>(call: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let made = std::thread::scope(|scope| scope.spawn(|| block(call)).join());
    made.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "the call to a daemon panicked")))
}

fn block<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::new(ErrorCode::LocalIo, format!("start an async runtime: {error}")))?.block_on(call)
}

/// Makes the masters forget a dead datanode.
///
/// # Errors
/// `invalid_argument` while the datanode is not dead; otherwise as [`ask`].
pub(super) fn forget(identity: &Identity, masters: &[SocketAddr], node: DatanodeId) -> Result<()> {
    let request = dfs_rpc::request::next_request();
    apart(first_answer(masters.iter().map(|master| forget_one(identity, *master, request, node)).collect()))
}

async fn ask_any(identity: &Identity, masters: &[SocketAddr]) -> Result<Health> {
    first_answer(masters.iter().map(|master| ask_one(identity, *master)).collect()).await
}

/// Makes the calls one after the other, until a master answers.
async fn first_answer<T>(calls: Vec<impl Future<Output = Result<T>>>) -> Result<T> {
    let mut last = Error::new(ErrorCode::Unreachable, "no master has been started");
    for call in calls {
        match call.await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask_one(identity: &Identity, master: SocketAddr) -> Result<Health> {
    let (client, connection) = open(identity, master).await?;
    let context = deadline();
    let health = async {
        let status = client.cluster.status(context).await.map_err(lost(master))??;
        let nodes = client.cluster.nodes(context).await.map_err(lost(master))??;
        Ok(Health { status: *status, nodes })
    };
    let health = health.await;
    close(client, connection).await;
    health
}

async fn forget_one(identity: &Identity, master: SocketAddr, request: RequestId, node: DatanodeId) -> Result<()> {
    let (client, connection) = open(identity, master).await?;
    let answer = client.admin.set_admin_state(deadline(), request, node, AdminState::Removed.into()).await;
    close(client, connection).await;
    Ok(answer.map_err(lost(master))??)
}

fn lost(master: SocketAddr) -> impl Fn(RpcError) -> Error {
    move |error| Error::new(ErrorCode::Unreachable, format!("{master}: {error}"))
}

fn deadline() -> Context {
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + CALL_TIMEOUT;
    context
}

async fn open(identity: &Identity, master: SocketAddr) -> Result<(UserClient, JoinHandle<()>)> {
    let opened = connect(identity, master, Expected::AnyMaster, Service::Client, Protection::Auto, CALL_TIMEOUT).await;
    let connected = opened.map_err(|error| error.into_error(master))?;
    let tarpc::client::NewClient { client, dispatch } = UserClient::new(connected);
    Ok((client, tokio::spawn(async move { drop(dispatch.await) })))
}

/// Closes the connection cleanly so that the master logs no error.
async fn close(client: UserClient, connection: JoinHandle<()>) {
    drop(client);
    let _ = tokio::time::timeout(CALL_TIMEOUT, connection).await;
}
