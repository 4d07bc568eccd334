//! Accepts connections and answers the calls on them.
//!
//! Every connection belongs to one thread and one task, which does the handshake, then receives
//! calls and works on several of them concurrently, without a task per call. Only calls that change
//! the state wait for the Raft thread.

use super::raft::network::RaftServer;
use super::service::admission::Admission;
use super::service::node::NodeCalls;
use super::service::user::UserCalls;
use super::state::Master;
use crate::door::{Caller, Door, Pass};
use dfs_logic::cluster::Event;
use dfs_logic::door::ConnectionQuota;
use dfs_rpc::hello::Service;
use dfs_rpc::raft::RaftService;
use dfs_rpc::services::{Guarded, NodeService, ServeUser};
use dfs_rpc::tls::Identity;
use dfs_rpc::transport::{self, Connected};
use dfs_types::{Principal, Protection};
use futures::{FutureExt, TryStreamExt};
use parking_lot::{Mutex, MutexGuard};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tarpc::RequestName;
use tarpc::server::{BaseChannel, Channel, InFlightRequest, Serve};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The maximum number of calls in progress on one connection. Further calls of the peer wait in its
/// socket.
const CALLS_IN_FLIGHT_MAX: usize = 128;
/// The maximum number of answers that wait to be written on one connection.
const ANSWERS_WAITING_MAX: usize = 128;
/// A peer that disappears without closing the connection is detected after about a minute.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The state that every connection needs.
#[derive(Debug)]
pub struct Server {
    pub master: Arc<Master>,
    pub identity: Identity,
    pub raft: RaftServer,
    door: Arc<Door>,
    guests: Mutex<ConnectionQuota<Principal>>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    numbers: AtomicU64,
}

impl Server {
    /// Makes a server with limits for connections and for unauthenticated callers.
    pub fn new(
        master: Arc<Master>,
        identity: Identity,
        raft: RaftServer,
        (connections, strangers): (usize, usize),
        stop: CancellationToken,
    ) -> Self {
        let (door, guests) = (Door::new(strangers, stop.clone()), Mutex::new(ConnectionQuota::new(connections)));
        Self { master, identity, raft, door, guests, tasks: TaskTracker::new(), stop, numbers: AtomicU64::new(1) }
    }

    /// Accepts connections until `stop`, and hands them to the runtimes in turn.
    pub async fn listen(self: Arc<Self>, listener: TcpListener, runtimes: Vec<tokio::runtime::Handle>) {
        let mut turns = (0..runtimes.len()).cycle();
        let server = self.clone();
        let take = move |caller: Caller| {
            let Some(runtime) = turns.next().and_then(|turn| runtimes.get(turn)) else { return };
            let Caller { tcp, from, pass } = caller;
            let Ok(tcp) = tcp.into_std() else { return };
            let (taking, stop) = (server.clone(), server.stop.clone());
            server.tasks.spawn_on(
                async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = taking.take(tcp, from, pass) => {}
                    }
                },
                runtime,
            );
        };
        self.door.clone().keep(listener, || (), take).await;
    }

    async fn take(&self, tcp: std::net::TcpStream, from: SocketAddr, pass: Pass) {
        keep_alive(&tcp);
        let Ok(tcp) = TcpStream::from_std(tcp) else { return };
        let offered = [Service::Client, Service::Node, Service::Raft];
        let handshake = transport::accept(&self.identity, tcp, &offered, Protection::Private);
        match pass.handshake(handshake).await {
            Some(Ok(connected)) => match CountedConnection::enter(self, &connected.peer) {
                Some(_guest) => self.serve(connected).await,
                None => tracing::warn!(%from, peer = %connected.peer, "too many connections; this one was closed"),
            },
            // Port scanners cause many of these.
            Some(Err(error)) => tracing::debug!(%from, %error, "a connection was refused"),
            None => {}
        }
    }

    fn guests(&self) -> MutexGuard<'_, ConnectionQuota<Principal>> {
        self.guests.lock()
    }

    async fn serve(&self, connected: Connected) {
        let Connected { stream, peer, service, version, .. } = connected;
        tracing::trace!(%peer, ?service, version, "serving a connection");
        let gate = Admission { master: self.master.clone(), peer: Arc::new(peer.clone()) };
        match (service, peer) {
            (Service::Client, Principal::User(user)) => {
                let calls = UserCalls { master: self.master.clone(), user: user.into() };
                let channel = BaseChannel::new(config(), transport::framed(stream));
                answer(channel, Guarded { gate, service: ServeUser(calls) }, CALLS_IN_FLIGHT_MAX).await;
            }
            (Service::Node, Principal::Datanode(node)) => {
                let connection = self.numbers.fetch_add(1, Ordering::Relaxed);
                let master = self.master.clone();
                let calls = NodeCalls { master: master.clone(), node, connection };
                // A guard, so that it also runs if this task is dropped at the stop.
                let _guard = DisconnectGuard { master, node, connection };
                let channel = BaseChannel::new(config(), transport::framed(stream));
                // One call at a time: messages of a datanode are applied in the order in which they
                // were sent.
                answer(channel, Guarded { gate, service: calls.serve() }, 1).await;
            }
            (Service::Raft, Principal::Master(_)) => {
                let channel = BaseChannel::new(config(), transport::framed(stream));
                answer(channel, Guarded { gate, service: self.raft.clone().serve() }, CALLS_IN_FLIGHT_MAX).await;
            }
            // The handshake has refused every other pair.
            (service, peer) => tracing::error!(?service, %peer, "no such service for this peer"),
        }
    }
}

/// A connection that counts against the limit until it is dropped.
struct CountedConnection<'a> {
    server: &'a Server,
    peer: Principal,
}

impl<'a> CountedConnection<'a> {
    fn enter(server: &'a Server, peer: &Principal) -> Option<Self> {
        let entered = server.guests().enter(peer);
        entered.then(|| Self { server, peer: peer.clone() })
    }
}

impl Drop for CountedConnection<'_> {
    fn drop(&mut self) {
        self.server.guests().leave(&self.peer);
    }
}

/// Marks a datanode as stale as soon as its connection ends, for whatever reason.
struct DisconnectGuard {
    master: Arc<Master>,
    node: dfs_types::DatanodeId,
    connection: u64,
}

impl Drop for DisconnectGuard {
    fn drop(&mut self) {
        tracing::info!(node = %self.node, "the connection of a datanode closed");
        self.master.observe(Event::Disconnected { node: self.node, connection: self.connection });
    }
}

fn config() -> tarpc::server::Config {
    tarpc::server::Config { pending_response_buffer: ANSWERS_WAITING_MAX }
}

/// Receives calls until the connection ends, and works on up to `limit` of them concurrently.
async fn answer<C, S>(channel: C, service: S, limit: usize)
where
    C: Channel<Req: RequestName + Send, Resp: Send, Error: std::error::Error>,
    S: Serve<Req = C::Req, Resp = C::Resp> + Clone,
{
    // Boxed, because the future is moved several times until it is queued.
    let work = |call: InFlightRequest<C::Req, C::Resp>| Box::pin(call.execute(service.clone()).map(Ok));
    if let Err(error) = channel.requests().try_for_each_concurrent(limit, work).await {
        tracing::debug!(%error, "a connection failed");
    }
}

fn keep_alive(tcp: &std::net::TcpStream) {
    let keep = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3);
    // Without keep-alive, a peer that has disappeared occupies a connection until the next restart.
    let _ = socket2::SockRef::from(tcp).set_tcp_keepalive(&keep);
}
