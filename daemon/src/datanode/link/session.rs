//! The link to one master: register, send a full report, send heartbeats; and start again after
//! every failure.

use super::orders::Orders;
use crate::datanode::changes::News;
use crate::datanode::serve::Context;
use crate::{clock, random};
use dfs_rpc::hello::Service;
use dfs_rpc::services::NodeServiceClient;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport::{self, ConnectError, HELLO_TIMEOUT};
use dfs_rpc::wire::{self, Heartbeat, HeartbeatReply, NodeLoad, Register, Registered, ReportPage};
use dfs_rpc::{CHUNKS_PER_REPORT_MAX, retry};
use dfs_types::{ErrorCode, Protection};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tarpc::client::RpcError;
use tarpc::context;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// The minimum interval between heartbeats that report changes.
const GAP: Duration = Duration::from_millis(100);
/// A master that does not answer within this time is connected to again.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The first and the longest pause before a master is connected to again.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest pause before another attempt while another process uses the identity of this
/// datanode.
const RIVAL_PAUSE_MAX: Duration = Duration::from_secs(5);
/// The bounds of the heartbeat interval that a master may request.
const INTERVAL_MIN: Duration = Duration::from_millis(10);
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// The reason why a link was lost.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("{0}")]
    Connect(#[from] ConnectError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Rpc(#[from] RpcError),
    #[error("the master refused: {0}")]
    Refused(#[from] dfs_types::Error),
}

impl From<wire::Error> for LinkError {
    fn from(error: wire::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl LinkError {
    /// Returns true if another process is connected as this datanode.
    fn is_rival(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code == ErrorCode::AlreadyExists)
    }
}

/// The parameters of a link.
#[derive(Debug)]
pub struct Link {
    pub context: Arc<Context>,
    pub orders: Arc<Orders>,
    /// The address at which others reach this datanode for data.
    pub address: SocketAddr,
    pub master: SocketAddr,
}

impl Link {
    /// Keeps the link open until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let fresh = |longest| retry::pauses(PAUSE_MIN, longest, random::number());
        let (mut longest, mut last_error) = (PAUSE_MAX, String::new());
        let mut pauses = fresh(longest);
        loop {
            let begun = clock::runtime();
            let lost = tokio::select! {
                () = stop.cancelled() => return,
                lost = self.session() => lost,
            };
            let Err(error) = lost;
            // A link that worked for a while is retried at once; a link that never worked is
            // retried less and less often.
            let before = std::mem::replace(&mut longest, if error.is_rival() { RIVAL_PAUSE_MAX } else { PAUSE_MAX });
            if clock::runtime() - begun > PAUSE_MAX || longest != before {
                pauses = fresh(longest);
            }
            let pause = pauses.next().unwrap_or(longest);
            // A repeated error is logged once.
            if error.to_string() != last_error {
                tracing::warn!(master = %self.master, %error, "no link to the master; retrying");
                last_error = error.to_string();
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    async fn session(&self) -> Result<std::convert::Infallible, LinkError> {
        let identity = &self.context.identity;
        let opening = transport::connect(
            identity,
            self.master,
            Expected::AnyMaster,
            Service::Node,
            Protection::Private,
            HELLO_TIMEOUT,
        );
        let connected = opening.await?;
        let from = connected.stream.get_ref().0.local_addr()?;
        let client = NodeServiceClient::new(Default::default(), transport::framed(connected.stream)).spawn();
        let registered = self.register(&client, from).await?;
        tracing::info!(master = %registered.master, address = %self.master, "registered");
        self.context.keys.learn(&registered.keys);
        let interval = Duration::from_millis(registered.heartbeat_ms).clamp(INTERVAL_MIN, INTERVAL_MAX);
        let mut reported = self.report_all(&client).await?;
        let mut changes = self.context.store.changes().watch();
        loop {
            let sent = clock::runtime();
            reported = match self.context.store.changes().news(reported) {
                Some(news) => self.heartbeat(&client, news).await?,
                None => self.report_all(&client).await?,
            };
            if *changes.borrow_and_update() <= reported {
                tokio::select! {
                    () = sleep_until(sent + interval) => continue,
                    _ = changes.changed() => {}
                }
            }
            sleep_until(sent + GAP.min(interval)).await;
        }
    }

    fn load(&self) -> NodeLoad {
        let store = &self.context.store;
        store.counters().load(store.directory_loads())
    }

    async fn register(&self, client: &NodeServiceClient, from: SocketAddr) -> Result<Registered, LinkError> {
        // A datanode that listens on all addresses is reached at the address that its calls come
        // from.
        let unspecified = self.address.ip().is_unspecified();
        let ip = if unspecified { from.ip() } else { self.address.ip() };
        let register = Register {
            boot: self.context.boot,
            address: SocketAddr::new(ip, self.address.port()),
            load: self.load(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(client.register(call(), register).await??)
    }

    /// Reports all replicas. Returns the position in the log of changes from which heartbeats
    /// continue: it is taken before the first page, because reporting a change twice does no harm.
    async fn report_all(&self, client: &NodeServiceClient) -> Result<u64, LinkError> {
        let store = &self.context.store;
        let place = store.changes().end();
        let mut after = None;
        loop {
            let chunks = store.page(after, CHUNKS_PER_REPORT_MAX);
            let (first, last) = (after.is_none(), chunks.len() < CHUNKS_PER_REPORT_MAX);
            after = chunks.last().map(|stored| stored.key);
            client.chunk_report(call(), ReportPage { boot: self.context.boot, first, last, chunks }).await??;
            if last {
                return Ok(place);
            }
        }
    }

    async fn heartbeat(&self, client: &NodeServiceClient, news: News) -> Result<u64, LinkError> {
        let next = news.next;
        let heartbeat = Heartbeat {
            boot: self.context.boot,
            load: self.load(),
            added: news.added,
            removed: news.removed,
            copies_ended: news.copies_ended,
            kept: news.kept,
        };
        let HeartbeatReply { orders, keys } = client.heartbeat(call(), heartbeat).await??;
        self.context.keys.learn(&keys);
        self.orders.take(orders);
        Ok(next)
    }
}

fn call() -> context::Context {
    let mut context = context::current();
    context.deadline = clock::now() + CALL_TIMEOUT;
    context
}
