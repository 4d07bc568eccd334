//! Asks a master for the health of the cluster.

use super::daemon_id::DaemonId;
use super::layout::io_error;
use dfs_rpc::hello::Service;
use dfs_rpc::services::UserClient;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{ConnectError, connect};
use dfs_rpc::wire::{ClusterStatus, NodeState, NodeStatus};
use dfs_types::{DatanodeId, Error, ErrorCode, Protection, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

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

async fn ask_any(identity: &Identity, masters: &[SocketAddr]) -> Result<Health> {
    let mut last = Error::new(ErrorCode::Unreachable, "no master has been started");
    for master in masters {
        match ask_one(identity, *master).await {
            Ok(health) => return Ok(health),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask_one(identity: &Identity, master: SocketAddr) -> Result<Health> {
    let opened = connect(identity, master, Expected::AnyMaster, Service::Client, Protection::Auto, CALL_TIMEOUT).await;
    let connected = opened.map_err(|error| error.into_error(master))?;
    let tarpc::client::NewClient { client, dispatch } = UserClient::new(connected);
    let connection = tokio::spawn(dispatch);
    let health = ask_client(&client, master).await;
    drop(client);
    // Closes the connection cleanly so that the master logs no error.
    let _ = tokio::time::timeout(CALL_TIMEOUT, connection).await;
    health
}

async fn ask_client(client: &UserClient, master: SocketAddr) -> Result<Health> {
    let lost = |error: tarpc::client::RpcError| Error::new(ErrorCode::Unreachable, format!("{master}: {error}"));
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + CALL_TIMEOUT;
    let status = client.cluster.status(context).await.map_err(lost)??;
    let nodes = client.cluster.nodes(context).await.map_err(lost)??;
    Ok(Health { status: *status, nodes })
}
