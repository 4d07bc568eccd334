//! Probes one daemon without the client library: whether it answers, how fast, and with which
//! status.

use dfs_client::{ClusterStatus, Identity, NodeAddress};
use dfs_rpc::hello::Service;
use dfs_rpc::services::UserClient;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport::connect;
use dfs_types::{Error, ErrorCode, Protection, Result};
use std::time::{Duration, Instant};

/// The time limit for one daemon.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);

/// The answer of a master.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The duration of an empty call on an open connection.
    pub round_trip: Duration,
    /// The cluster as seen by this master.
    pub status: ClusterStatus,
}

/// Queries the master at `HOST:PORT`.
///
/// # Errors
/// `unreachable`, `unauthenticated`, `timeout`.
pub(crate) async fn master(identity: &Identity, address: &str) -> Result<Answer> {
    let connected =
        connect(identity, address, Expected::AnyMaster, Service::Client, Protection::Private, PATIENCE).await;
    let connected = connected.map_err(|error| error.into_error(address))?;
    let master = UserClient::new(connected).spawn();
    let mut context = tarpc::context::current();
    context.deadline = Instant::now() + PATIENCE;
    let silent = |_| Error::new(ErrorCode::Timeout, format!("{address}: it took the connection and does not answer"));
    let start = Instant::now();
    master.cluster.ping(context).await.map_err(silent)??;
    let round_trip = start.elapsed();
    let status = master.cluster.status(context).await.map_err(silent)??;
    Ok(Answer { round_trip, status: *status })
}

/// Opens a data connection to a datanode as a transfer would, and returns the time it took.
///
/// # Errors
/// `unreachable`, `unauthenticated`.
pub(crate) async fn datanode(identity: &Identity, node: NodeAddress, protection: Protection) -> Result<Duration> {
    let start = Instant::now();
    let expected = Expected::Datanode(node.id);
    let connected = connect(identity, node.address, expected, Service::Data, protection, PATIENCE).await;
    connected.map_err(|error| error.into_error(node.address))?;
    Ok(start.elapsed())
}
