//! Runs a datanode from start to stop.

#![expect(clippy::disallowed_methods, reason = "the socket of a datanode is opened here")]

use super::keys::SharedKeys;
use super::link::{Link, Orders};
use super::serve::{self, Context, Room};
use super::store::{BufferBudget, ChunkStore, StoreOptions};
use crate::descriptors;
use crate::door::STRANGERS_MAX;
use crate::random;
use anyhow::{Context as _, ensure};
use dfs_config::DatanodeSettings;
use dfs_logic::descriptors::{NodeBounds, NodeNeed};
use dfs_rpc::tls::Identity;
use dfs_types::{DatanodeId, Principal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The number of threads of the runtime. It accepts connections and calls the masters; data is
/// moved by other threads.
const RUNTIME_THREADS: usize = 2;
/// The time limit of the last stage of a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The interval at which the data directories are checked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The options of a datanode.
pub struct DatanodeOptions {
    pub id: DatanodeId,
    pub identity: Identity,
    /// One directory per disk.
    pub data_dirs: Vec<PathBuf>,
    /// The file that records the data directories that the datanode has had; without it nothing is
    /// recorded.
    pub record: Option<PathBuf>,
    /// Also accept a data directory that was known and is now empty, or is another one.
    pub accept_empty: bool,
    /// The address for data connections; port 0 means any free one.
    pub listen: SocketAddr,
    pub masters: Vec<SocketAddr>,
    pub settings: DatanodeSettings,
    /// Called once with the address on which the datanode listens.
    pub on_ready: Box<dyn FnOnce(SocketAddr) + Send>,
}

impl std::fmt::Debug for DatanodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatanodeOptions").field("id", &self.id).field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Runs a datanode until `stop`. Blocks.
///
/// # Errors
/// Returns an error if it cannot start: a directory is locked or belongs to another datanode, the
/// address is in use, or the credential is of another principal.
pub fn run(options: DatanodeOptions, stop: CancellationToken) -> anyhow::Result<()> {
    let principal = Principal::Datanode(options.id);
    ensure!(
        options.identity.principal == principal,
        "the credential is of {}, not of {principal}",
        options.identity.principal
    );
    ensure!(!options.data_dirs.is_empty(), "a datanode needs a data directory");
    let bounds = bounds(&options)?;
    let store = ChunkStore::open(&StoreOptions {
        cluster: options.identity.cluster,
        node: options.id,
        directories: options.data_dirs.clone(),
        capacity: options.settings.capacity.map(|capacity| capacity.0),
        reserve: options.settings.reserve.0,
        direct_io: options.settings.direct_io,
        open_max: bounds.replicas,
        record: options.record.clone(),
        accept_empty: options.accept_empty,
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .thread_name("datanode")
        .enable_all()
        .build()
        .context("start an async runtime")?;
    let served = runtime.block_on(serve_until(options, store, bounds, stop));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    served
}

/// Returns the limits on connections and chunks that the limit of open files allows.
fn bounds(options: &DatanodeOptions) -> anyhow::Result<NodeBounds> {
    let need = NodeNeed {
        connections: options.settings.connections_max as usize,
        strangers: STRANGERS_MAX,
        directories: options.data_dirs.len(),
        masters: options.masters.len(),
    };
    let limit = descriptors::limit();
    let bounds = need.fit(limit)?;
    if limit < need.whole() {
        tracing::warn!(
            "the limit of open files is {limit}, but {} are needed: at most {} data connections (datanode.connections_max \
             is {}), and {} descriptors for chunks at a time; raise it (`ulimit -n`, or LimitNOFILE= of systemd)",
            need.whole(),
            bounds.connections,
            need.connections,
            bounds.work
        );
    }
    Ok(bounds)
}

/// Serves until `stop`, then stops in stages: orders and heartbeats, connections, the runtime.
async fn serve_until(
    options: DatanodeOptions,
    store: Arc<ChunkStore>,
    bounds: NodeBounds,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let DatanodeOptions { id, identity, listen, masters, settings, on_ready, .. } = options;
    let context = Arc::new(Context {
        store,
        keys: Arc::new(SharedKeys::default()),
        boot: random::number(),
        identity,
        protection: settings.data_protection,
        budget: Arc::new(BufferBudget::default()),
        runtime: tokio::runtime::Handle::current(),
        room: Room::new(bounds),
    });
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
    let listen = listener.local_addr().context("listen")?;
    let address = match &settings.advertise {
        Some(address) => look_up(address).await.with_context(|| format!("datanode.advertise: {address}"))?,
        None => listen,
    };
    let orders = Orders::start(context.clone()).context("start threads")?;
    let links: Vec<_> = masters
        .into_iter()
        .map(|master| Link { context: context.clone(), orders: orders.clone(), address, master })
        .map(|link| tokio::spawn(link.run(stop.clone())))
        .collect();
    let looking = tokio::spawn(look_at_directories(context.store.clone(), stop.clone()));
    tracing::info!(%id, %listen, "datanode is ready");
    on_ready(listen);
    serve::serve(context, listener, stop).await;
    for link in links {
        let _ = link.await;
    }
    looking.abort();
    tokio::task::spawn_blocking(move || orders.stop()).await.context("stop orders")?;
    tracing::info!(%id, "datanode stopped");
    Ok(())
}

/// Checks every [`LOOK_EVERY`] that the data directories are still there.
async fn look_at_directories(store: Arc<ChunkStore>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let store = store.clone();
        // A directory that hangs blocks only its own thread.
        if let Err(error) = tokio::task::spawn_blocking(move || store.look_at_directories()).await {
            tracing::error!(%error, "data directories could not be checked");
        }
    }
}

async fn look_up(address: &str) -> std::io::Result<SocketAddr> {
    let missing = || std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    tokio::net::lookup_host(address).await?.next().ok_or_else(missing)
}
