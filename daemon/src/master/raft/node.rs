//! The Raft thread: openraft, the batcher and the writing of snapshots, on one single-threaded
//! runtime.
//!
//! The log syncs on this thread, which therefore blocks while the disk is busy. This is the fastest
//! way (docs/design/log.md), and the reason why nothing else runs on this thread and why election
//! timeouts are in seconds.

use super::machine::Machine;
use super::network::Network;
use super::proposer::{self, Proposer};
use super::published::Published;
use super::snapshots::Snapshots;
use super::types::Raft;
use crate::master::log::{Basis, Disk, Log, LogOptions};
use anyhow::Context;
use dfs_rpc::tls::Identity;
use dfs_types::MasterId;
use openraft::{BasicNode, Config, SnapshotPolicy};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The interval of the leader's heartbeats.
const HEARTBEAT_MS: u64 = 300;
/// The election timeout, minimum and maximum. Disks were seen to stall for a second.
const ELECTION_MS: (u64, u64) = (2_000, 4_000);
/// The time limit for sending a piece of a snapshot; the receiver reads and checks the whole
/// snapshot with the last one.
const SNAPSHOT_PIECE_MS: u64 = 60_000;
/// The size of a piece of a snapshot in bytes.
const SNAPSHOT_PIECE_BYTES: u64 = 1 << 20;
/// The maximum number of entries in one message to a follower.
const MESSAGE_ENTRIES_MAX: u64 = 128;
/// A follower that lags by more entries than this gets a snapshot.
const LAG_ENTRIES_MAX: u64 = 100_000;
/// The number of entries that stay in the log although a snapshot holds them, for followers that
/// lag a little.
const KEPT_ENTRIES: u64 = 1_000;
/// The interval at which the size of the log is checked.
const SNAPSHOT_CHECK: Duration = Duration::from_secs(1);
/// The time that the only master of a group waits to become the leader.
const LEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The time limit for Raft to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The options of the Raft thread.
#[derive(Debug)]
pub struct RaftOptions {
    pub id: MasterId,
    pub identity: Identity,
    /// Holds `log/` and `snapshot/`.
    pub data_dir: PathBuf,
    pub segment_bytes: u64,
    /// A snapshot is taken each time the log has grown by this many bytes.
    pub snapshot_every: u64,
    /// The address at which other masters reach this one.
    pub address: SocketAddr,
    /// Busy-wait for the next command of a lone client ([`Pace`](super::pace::Pace)).
    pub busy_wait: bool,
    /// Begin a group of one, if this master is not in a group yet.
    pub begin: bool,
    pub disk: Arc<dyn Disk>,
}

/// The running thread.
pub struct RaftNode {
    pub raft: Raft,
    pub proposer: Proposer,
    pub published: Arc<Published>,
    pub log: Log,
    failed: oneshot::Receiver<String>,
    thread: JoinHandle<()>,
    stop: CancellationToken,
}

impl std::fmt::Debug for RaftNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RaftNode")
    }
}

/// The parts that are opened before the thread runs.
struct Parts {
    options: RaftOptions,
    log: Log,
    snapshots: Arc<Snapshots>,
    published: Arc<Published>,
    machine: Machine,
}

impl RaftNode {
    /// Opens the log and the snapshot, starts the thread, and returns when Raft is running. If this
    /// master is the only one of its group, it is then the leader.
    ///
    /// # Errors
    /// Returns an error if the log or the snapshot is corrupt or of another cluster, or the thread
    /// cannot be started.
    pub fn start(options: RaftOptions) -> anyhow::Result<Self> {
        let parts = Parts::open(options)?;
        let (published, log) = (parts.published.clone(), parts.log.clone());
        let ours = log.clone();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the Raft runtime")?;
        let (report, reported) = std::sync::mpsc::sync_channel(1);
        let (fail, failed) = oneshot::channel();
        let thread = std::thread::Builder::new().name("raft".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match parts.begin().await {
                    Ok((raft, proposer, running)) => {
                        let _ = report.send(Ok((raft.clone(), proposer)));
                        // On this thread, because the metrics change with every entry and must not
                        // wake another thread each time.
                        tokio::spawn(watch_for_failure(raft.clone(), fail));
                        stopping.cancelled().await;
                        let ended = stop_raft(&raft).await;
                        running.iter().for_each(tokio::task::JoinHandle::abort);
                        if ended {
                            close(&ours);
                        }
                    }
                    Err(error) => {
                        let _ = report.send(Err(error));
                    }
                }
            });
            // A snapshot that is being written is abandoned; the next start removes it.
            runtime.shutdown_background();
        });
        let thread = thread.context("start the Raft thread")?;
        let (raft, proposer) = reported.recv().context("the Raft thread ended early")??;
        Ok(Self { raft, proposer, published, log, failed, thread, stop })
    }

    /// Waits until Raft has failed, and returns the reason.
    pub async fn failure(&mut self) -> String {
        (&mut self.failed).await.unwrap_or_else(|_| "Raft has stopped".to_owned())
    }

    /// Stops Raft, closes the log, and waits for the thread.
    pub fn stop(self) {
        self.stop.cancel();
        if self.thread.join().is_err() {
            tracing::error!("the Raft thread panicked");
        }
    }
}

async fn watch_for_failure(raft: Raft, fail: oneshot::Sender<String>) {
    let mut metrics = raft.metrics();
    let failed = metrics.wait_for(|metrics| metrics.running_state.is_err()).await;
    let why = failed.ok().and_then(|metrics| metrics.running_state.as_ref().err().map(ToString::to_string));
    // During the stop there is no receiver any more.
    let _ = fail.send(why.unwrap_or_else(|| "Raft has stopped".to_owned()));
}

/// Stops Raft; returns true if it ended cleanly, so that nothing writes to the log any more.
async fn stop_raft(raft: &Raft) -> bool {
    let stopped = tokio::time::timeout(STOP_TIMEOUT, raft.shutdown()).await;
    match &stopped {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "Raft did not stop cleanly"),
        Err(_) => tracing::warn!("Raft did not stop in time"),
    }
    matches!(stopped, Ok(Ok(())))
}

/// Records in the log that this was a clean stop. A log that is out of service is left as after a
/// crash.
fn close(log: &Log) {
    if log.failure().borrow().is_some() {
        return;
    }
    if let Err(error) = log.close() {
        tracing::error!(%error, "close the log; the next start will recover it as after a crash");
    }
}

impl Parts {
    fn open(options: RaftOptions) -> anyhow::Result<Self> {
        let cluster = options.identity.cluster;
        let (snapshots, version) = Snapshots::open(&options.data_dir.join("snapshot"), cluster)?;
        let received = version.members.membership().nodes().any(|(id, _)| *id != u64::from(options.id.0));
        let log = Log::open(LogOptions {
            directory: options.data_dir.join("log"),
            cluster,
            segment_bytes: options.segment_bytes,
            basis: Basis { path: snapshots.path(), last: version.applied, received },
            disk: options.disk.clone(),
        })?;
        // Only after all checks: a directory that is refused stays unchanged.
        snapshots.ready().with_context(|| format!("prepare the directory of {}", snapshots.path().display()))?;
        log.follow_snapshots(snapshots.kept());
        let published = Published::new(version.clone()).context("start a thread")?;
        let snapshots = Arc::new(snapshots);
        let replayed = log.ends().1.map_or(0, |last| last.index);
        let machine = Machine::new(version, published.clone(), snapshots.clone()).replaying(replayed);
        Ok(Self { options, log, snapshots, published, machine })
    }

    async fn begin(self) -> anyhow::Result<(Raft, Proposer, [tokio::task::JoinHandle<()>; 2])> {
        let options = self.options;
        let id = u64::from(options.id.0);
        let network = Network { identity: options.identity };
        let raft = Raft::new(id, Arc::new(config()?), network, self.log.clone(), self.machine).await?;
        if options.begin && !raft.is_initialized().await? {
            let node = BasicNode::new(options.address);
            raft.initialize(BTreeMap::from([(id, node)])).await.context("begin a group of one")?;
        }
        if alone(&raft, id) {
            raft.wait(Some(LEAD_TIMEOUT)).current_leader(id, "the only master becomes the leader").await?;
        }
        let (proposer, batcher) = proposer::pair(raft.clone(), self.log.clone(), options.busy_wait);
        let batching = tokio::spawn(batcher.run());
        let snapshots = tokio::spawn(take_snapshots(
            raft.clone(),
            self.log,
            self.snapshots,
            self.published,
            options.snapshot_every,
        ));
        Ok((raft, proposer, [batching, snapshots]))
    }
}

/// Returns true if `id` is the only voter.
fn alone(raft: &Raft, id: u64) -> bool {
    let metrics = raft.metrics();
    let metrics = metrics.borrow();
    metrics.membership_config.voter_ids().eq([id])
}

fn config() -> anyhow::Result<Config> {
    let config = Config {
        cluster_name: "dfs".to_owned(),
        heartbeat_interval: HEARTBEAT_MS,
        election_timeout_min: ELECTION_MS.0,
        election_timeout_max: ELECTION_MS.1,
        install_snapshot_timeout: SNAPSHOT_PIECE_MS,
        snapshot_max_chunk_size: SNAPSHOT_PIECE_BYTES,
        max_payload_entries: MESSAGE_ENTRIES_MAX,
        replication_lag_threshold: LAG_ENTRIES_MAX,
        // We write snapshots ourselves, depending on the size of the log: then a failed snapshot is
        // not a failure of Raft.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: KEPT_ENTRIES,
        ..Config::default()
    };
    Ok(config.validate()?)
}

/// Writes a snapshot each time the log has grown enough, and makes Raft purge the log before it.
async fn take_snapshots(raft: Raft, log: Log, snapshots: Arc<Snapshots>, published: Arc<Published>, every: u64) {
    let mut ticks = tokio::time::interval(SNAPSHOT_CHECK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let resting = log.clone();
        // Its failure puts the log out of service, and that ends the process.
        let _ = tokio::task::spawn_blocking(move || resting.rest()).await;
        if log.grown() < every {
            continue;
        }
        let (version, snapshots) = (published.get(), snapshots.clone());
        let written = tokio::task::spawn_blocking(move || snapshots.write_ahead(&version)).await;
        match written {
            Ok(Ok(meta)) => {
                tracing::info!(snapshot = %meta.snapshot_id, log_bytes = log.grown(), "snapshot written");
                if raft.trigger().snapshot().await.is_err() {
                    return;
                }
                wait_for_purge(&raft, &log).await;
            }
            Ok(Err(error)) => tracing::error!(%error, "write a snapshot; the log keeps growing"),
            Err(error) => tracing::error!(%error, "write a snapshot"),
        }
    }
}

/// Waits until Raft has purged the log, which it does asynchronously; before that, the size of the
/// log means little.
async fn wait_for_purge(raft: &Raft, log: &Log) {
    const PURGE_TIMEOUT: Duration = Duration::from_secs(10);
    let before = log.ends().0;
    let mut metrics = raft.metrics();
    let purged = async { while log.ends().0 == before && metrics.changed().await.is_ok() {} };
    let _ = tokio::time::timeout(PURGE_TIMEOUT, purged).await;
}
