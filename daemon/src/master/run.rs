//! Runs a master: opens the data directory, starts Raft, serves connections, and shuts down in
//! stages.

#![expect(clippy::disallowed_methods, reason = "the directory and the socket of a master are opened here")]

use super::clock::Clock;
use super::floor::CollectionFloor;
use super::keys::{self, KeyCache};
use super::log::RealDisk;
use super::pool::ChunkIdPool;
use super::raft::network::RaftServer;
use super::raft::node::{RaftNode, RaftOptions};
use super::sampler::keep_curve;
use super::serve::Server;
use super::state::Master;
use super::view::{ClusterViews, Curve, Journal};
use super::worker::Worker;
use crate::descriptors;
use crate::disk;
use crate::door::STRANGERS_MAX;
use crate::durable::{self, DirectoryLock};
use crate::random;
use anyhow::{Context, bail};
use dfs_config::MasterSettings;
use dfs_logic::cluster::{ClusterSettings, ClusterState};
use dfs_logic::command::AdminOp;
use dfs_logic::descriptors::fit_master;
use dfs_logic::liveness::LivenessSettings;
use dfs_logic::writes::Writes;
use dfs_rpc::tls::Identity;
use dfs_types::MasterId;
use parking_lot::Mutex;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The maximum number of threads that serve connections.
const SERVE_THREADS_MAX: usize = 8;
/// The time limit for open connections to end during shutdown.
const CONNECTIONS_STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// The options of a master.
pub struct MasterOptions {
    pub id: MasterId,
    pub identity: Identity,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub settings: MasterSettings,
    /// The name of the superuser; set at the first start of a new cluster with one master.
    pub superuser: Option<String>,
    /// Called once with the address on which the master listens.
    pub on_ready: Box<dyn FnOnce(SocketAddr) + Send>,
}

impl std::fmt::Debug for MasterOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterOptions").field("id", &self.id).field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// Runs a master until `stop`. Blocks.
///
/// # Errors
/// Returns an error if its directory is in use, corrupt, incomplete or of another cluster, if its
/// address is in use, or if its disk fails.
pub fn run(options: MasterOptions, stop: CancellationToken) -> anyhow::Result<()> {
    let MasterOptions { id, identity, data_dir, listen, settings, superuser, on_ready } = options;
    // Nothing is created here, so that an administrator who looks for the missing data finds the
    // directory unchanged.
    if superuser.is_none() && !data_dir.join("log").exists() {
        bail!(
            "the master's data is missing: {} holds no log; nothing was changed: restore the newest version of this directory, or \
             restore it from a backup (a new cluster begins with --superuser)",
            data_dir.display()
        );
    }
    durable::create_directory(&data_dir).with_context(|| format!("create the directory {}", data_dir.display()))?;
    let _lock = DirectoryLock::acquire(&data_dir)?;
    disk::log_mount(&data_dir);
    let listener = TcpListener::bind(listen).with_context(|| format!("listen on {listen}"))?;
    listener.set_nonblocking(true).context("listen")?;
    let address = listener.local_addr().context("listen")?;
    let mut raft = RaftNode::start(RaftOptions {
        id,
        identity: identity.clone(),
        data_dir: data_dir.clone(),
        segment_bytes: settings.log_segment.0,
        snapshot_every: settings.snapshot_every.0,
        address,
        busy_wait: settings.busy_wait,
        begin: superuser.is_some(),
        disk: Arc::new(RealDisk),
    })?;
    let control =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start an async runtime")?;
    let ran = control.block_on(async {
        let master = Arc::new(make_master(id, &identity, (address, data_dir), settings, &raft));
        set_up(&master, superuser.as_deref()).await?;
        serve(master, identity, &mut raft, listener, on_ready, stop).await
    });
    tracing::info!("stopping: log");
    raft.stop();
    ran
}

fn make_master(
    id: MasterId,
    identity: &Identity,
    (address, data_dir): (SocketAddr, PathBuf),
    settings: MasterSettings,
    raft: &RaftNode,
) -> Master {
    let clock = Clock::new();
    let cluster_settings = ClusterSettings {
        liveness: LivenessSettings { heartbeat: settings.heartbeat, dead_after: settings.dead_after },
        safe_mode_threshold: settings.safe_mode_threshold,
        repair_streams: settings.repair_streams.max(1) as usize,
        capability_lifetime: settings.capability_lifetime,
    };
    let journal = Arc::new(Journal::new(clock.clone()));
    journal.info(None, format!("{id} started, in safe mode until the datanodes have reported"));
    Master {
        id,
        cluster: identity.cluster,
        address,
        data_dir,
        published: raft.published.clone(),
        proposer: raft.proposer.clone(),
        keys: KeyCache::default(),
        pool: ChunkIdPool::default(),
        wake: Notify::new(),
        nodes_changed: Notify::new(),
        cluster_state: Mutex::new(ClusterState::new(cluster_settings, clock.now())),
        journal,
        held: Mutex::default(),
        ahead: Mutex::default(),
        floor: Mutex::new(CollectionFloor::new(settings.collect_after)),
        writes: Mutex::new(Writes::new(settings.write_timeout)),
        unfinished: Mutex::default(),
        traffic: Mutex::default(),
        admin_states: tokio::sync::Mutex::default(),
        curve: Mutex::new(Curve::default()),
        views: Mutex::new(ClusterViews::new(random::number())),
        log: raft.log.figures(),
        elections: AtomicU64::new(0),
        clock,
        jobs: Mutex::default(),
        metrics: raft.raft.server_metrics(),
        progress: raft.raft.data_metrics(),
        settings,
    }
}

/// Proposes the first command of a new cluster; for an existing one, checks that the data is of our
/// cluster.
async fn set_up(master: &Master, superuser: Option<&str>) -> anyhow::Result<()> {
    match (master.published.look().namespace.cluster(), superuser) {
        (Some(cluster), _) if cluster == master.cluster => return Ok(()),
        (Some(cluster), _) => {
            bail!("the data is of cluster {cluster}, but the credential is of cluster {}", master.cluster)
        }
        // A master that joins a group receives its state from the leader.
        (None, None) => return Ok(()),
        (None, Some(_)) => {}
    }
    let superuser = superuser.unwrap_or_default().to_owned();
    let key = keys::draw(None, master.clock.calendar())
        .map_err(|_| anyhow::anyhow!("the system provides no random bytes"))?;
    let cluster = master.cluster;
    let op = AdminOp::Init { cluster, superuser, key };
    let applied = master.propose_own(op).await.context("set up the cluster")?;
    applied.map_err(|refusal| anyhow::anyhow!("set up the cluster: {refusal}"))?;
    tracing::info!(%cluster, "a new cluster was set up");
    Ok(())
}

async fn serve(
    master: Arc<Master>,
    identity: Identity,
    raft: &mut RaftNode,
    listener: TcpListener,
    on_ready: Box<dyn FnOnce(SocketAddr) + Send>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let inner = CancellationToken::new();
    let _ends_all = inner.clone().drop_guard();
    let threads = ServeThreads::start()?;
    let server = Arc::new(Server::new(
        master.clone(),
        identity,
        RaftServer { raft: raft.raft.clone() },
        bounds(&master)?,
        inner.clone(),
    ));
    let listener = tokio::net::TcpListener::from_std(listener).context("listen")?;
    let listening = tokio::spawn(server.clone().listen(listener, threads.handles()));
    let worker = tokio::spawn(Worker::new(master.clone()).run(inner.clone()));
    let curve = tokio::spawn(keep_curve(master.clone(), inner.clone()));
    let clock = tokio::spawn(master.clock.clone().keep(inner.clone()));
    tracing::info!(address = %master.address, id = %master.id, "master is ready");
    on_ready(master.address);
    let failure = tokio::select! {
        () = stop.cancelled() => None,
        failure = failure(raft) => Some(failure),
    };
    tracing::info!("stopping: connections");
    inner.cancel();
    let _ = tokio::join!(listening, worker, curve, clock);
    server.tasks.close();
    if tokio::time::timeout(CONNECTIONS_STOP_TIMEOUT, server.tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    drop(threads);
    failure.map_or(Ok(()), |failure| bail!("the master must stop: {failure}"))
}

/// Returns the maximum numbers of connections and of unauthenticated callers that the limit of open
/// files allows.
fn bounds(master: &Master) -> anyhow::Result<(usize, usize)> {
    let (limit, wanted) = (descriptors::limit(), master.settings.connections_max as usize);
    let bounds = fit_master(limit, wanted, STRANGERS_MAX)?;
    if bounds.0 < wanted {
        tracing::warn!(
            "the limit of open files is {limit}: at most {} connections (master.connections_max is {wanted}); raise it \
             (`ulimit -n`, or LimitNOFILE= of systemd)",
            bounds.0
        );
    }
    Ok(bounds)
}

/// Waits until the log or Raft has failed, and returns the reason.
async fn failure(raft: &mut RaftNode) -> String {
    let mut log = raft.log.failure();
    let log_failed = async {
        match log.wait_for(Option::is_some).await {
            Ok(failure) => failure.clone().unwrap_or_default(),
            Err(_) => "the log was closed".to_owned(),
        }
    };
    tokio::select! {
        failure = log_failed => failure,
        failure = raft.failure() => failure,
    }
}

/// Threads that serve connections, each with an async runtime of its own.
struct ServeThreads {
    threads: Vec<(tokio::runtime::Handle, JoinHandle<()>)>,
    stop: CancellationToken,
}

impl ServeThreads {
    fn start() -> anyhow::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(SERVE_THREADS_MAX);
        let stop = CancellationToken::new();
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().context("start an async runtime")?;
            let (handle, until) = (runtime.handle().clone(), stop.clone());
            let body = move || serve_thread(&runtime, &until);
            let thread = std::thread::Builder::new().name(format!("serve-{number}")).spawn(body);
            threads.push((handle, thread.context("start a thread")?));
        }
        Ok(Self { threads, stop })
    }

    fn handles(&self) -> Vec<tokio::runtime::Handle> {
        self.threads.iter().map(|(handle, _)| handle.clone()).collect()
    }
}

fn serve_thread(runtime: &Runtime, until: &CancellationToken) {
    runtime.block_on(until.cancelled());
}

impl Drop for ServeThreads {
    fn drop(&mut self) {
        self.stop.cancel();
        for (_, thread) in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a serving thread panicked");
            }
        }
    }
}
