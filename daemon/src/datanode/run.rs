//! A datanode from start to stop.

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

/// Threads of the runtime. It takes connections and speaks to the masters; data has threads of its own.
const RUNTIME_THREADS: usize = 2;
/// How long the last stage of a stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the data directories are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How a datanode is started.
pub struct DatanodeOptions {
    pub id: DatanodeId,
    pub identity: Identity,
    /// One directory per disk.
    pub data_dirs: Vec<PathBuf>,
    /// Where it is kept which data directories the datanode has had, apart from them; none: nothing is kept.
    pub record: Option<PathBuf>,
    /// Also takes a data directory that was known and is empty now, or another.
    pub accept_empty: bool,
    /// Where it takes data connections; port 0: any free one.
    pub listen: SocketAddr,
    pub masters: Vec<SocketAddr>,
    pub settings: DatanodeSettings,
    /// Called once with the address that it listens on.
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
/// When it cannot start: a directory is locked or foreign, the address is taken, the credential is another's.
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
        .context("start runtime")?;
    let served = runtime.block_on(serve_until(options, store, bounds, stop));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    served
}

/// The bounds that the limit of open files leaves room for.
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
            "the limit of open files is {limit}, and {} would be needed: at most {} data connections (datanode.connections_max \
             is {}), and {} descriptors for chunks at a time; raise it (`ulimit -n`, or LimitNOFILE= of systemd)",
            need.whole(),
            bounds.connections,
            need.connections,
            bounds.work
        );
    }
    Ok(bounds)
}

/// Stages of the stop: no more orders and heartbeats, no more connections, then the runtime.
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
    tracing::info!(%id, %listen, "datanode ready");
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

/// Looks every [`LOOK_EVERY`] whether the data directories are still there.
async fn look_at_directories(store: Arc<ChunkStore>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let store = store.clone();
        // One that hangs holds up its own thread alone.
        if let Err(error) = tokio::task::spawn_blocking(move || store.look_at_directories()).await {
            tracing::error!(%error, "data directories could not be looked at");
        }
    }
}

async fn look_up(address: &str) -> std::io::Result<SocketAddr> {
    let missing = || std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    tokio::net::lookup_host(address).await?.next().ok_or_else(missing)
}
