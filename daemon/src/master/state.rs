//! The state that all calls of one master share.

use super::ahead::Ahead;
use super::clock::Clock;
use super::floor::CollectionFloor;
use super::keys::KeyCache;
use super::log::Figures;
use super::pool::ChunkIdPool;
use super::raft::proposer::{ProposeError, Proposer};
use super::raft::published::Published;
use super::refused::{not_leader, proposal_failed};
use super::view::{ClusterViews, Curve, Journal};
use dfs_config::MasterSettings;
use dfs_logic::cluster::{ClusterState, Effect, Event};
use dfs_logic::command::{Caller, Command, Op, Outcome, Refusal};
use dfs_logic::expected::Roll;
use dfs_logic::jobs::JobStatus;
use dfs_logic::state::State;
use dfs_logic::traffic::Traffic;
use dfs_logic::writes::Writes;
use dfs_rpc::request::next_request;
use dfs_rpc::wire::Unfinished;
use dfs_types::{ClusterId, Error, MasterId, RequestId};
use futures::TryFutureExt;
use openraft::metrics::{RaftDataMetrics, RaftServerMetrics};
use openraft::{BasicNode, ServerState};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{Notify, watch};

/// A running master.
#[derive(Debug)]
pub struct Master {
    pub id: MasterId,
    pub cluster: ClusterId,
    pub address: SocketAddr,
    pub settings: MasterSettings,
    /// The directory of its log and its snapshots.
    pub data_dir: PathBuf,
    pub clock: Clock,
    pub published: Arc<Published>,
    pub proposer: Proposer,
    pub keys: KeyCache,
    pub pool: ChunkIdPool,
    /// Wakes the worker.
    pub wake: Notify,
    /// Wakes calls that wait for datanodes: one has registered or reported, or is no longer waited
    /// for.
    pub nodes_changed: Notify,
    pub(super) cluster_state: Mutex<ClusterState>,
    pub(super) floor: Mutex<CollectionFloor>,
    /// The writes in flight. Soft state of the leader.
    pub(super) writes: Mutex<Writes>,
    /// The space and chunks held by the writes in flight, as of the last count.
    pub(super) unfinished: Mutex<Unfinished>,
    /// The safe mode that a user, or this master itself, has entered. Soft state of the leader: the
    /// next leader starts without it.
    pub(super) held: Mutex<Option<Held>>,
    /// Replicas with ids that were not handed out.
    pub(super) ahead: Mutex<Ahead>,
    /// The events since the start.
    pub journal: Arc<Journal>,
    /// Read and write rates per directory. Soft state of the leader.
    pub(super) traffic: Mutex<Traffic>,
    /// The newest seconds of the cluster's curve.
    pub(super) curve: Mutex<Curve>,
    /// The views of the cluster for dashboards.
    pub(super) views: Mutex<ClusterViews>,
    /// Held while the admin state of a datanode is changed. Otherwise two concurrent drains could
    /// each rely on the other's datanode as a target.
    pub(super) admin_states: tokio::sync::Mutex<()>,
    /// Counters of the log since its start.
    pub(super) log: Arc<Figures>,
    /// The number of elections since the start that ended with a leader.
    pub(super) elections: AtomicU64,
    /// The status of each background job, by name.
    pub(super) jobs: Mutex<BTreeMap<&'static str, JobStatus>>,
    pub(super) metrics: watch::Receiver<RaftServerMetrics<u64, BasicNode>>,
    /// The progress of the log, here and on the followers.
    pub(super) progress: watch::Receiver<RaftDataMetrics<u64>>,
}

/// The user or master that entered safe mode, and the reason.
#[derive(Debug, Clone)]
pub struct Held {
    pub by: String,
    pub reason: String,
}

impl Master {
    pub fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock()
    }

    /// Locks the cluster state. If the process was suspended since the last call, first has the
    /// state wait for the reports of the datanodes.
    pub fn cluster_state(&self) -> MutexGuard<'_, ClusterState> {
        let (now, lost) = self.clock.look();
        let mut cluster = self.cluster_state.lock();
        if lost > cluster.stood_still() {
            let version = self.published.get();
            let effects = cluster.observe(Event::StoodStill { lost }, &version.namespace, now);
            self.carry_out(effects);
        }
        cluster
    }

    /// Applies an event to the cluster state, with the newest replicated state; returns the effects
    /// that are left to the caller.
    pub fn observe(&self, event: Event) -> Vec<Effect> {
        self.observe_with(event, &self.published.get().namespace)
    }

    /// Does the same as [`Master::observe`], with a replicated state that the caller passes.
    pub fn observe_with(&self, event: Event, state: &State) -> Vec<Effect> {
        let mut cluster = self.cluster_state();
        let effects = cluster.observe(event, state, self.clock.now());
        drop(cluster);
        self.carry_out(effects)
    }

    /// Writes the events among the effects to the journal, and wakes the tasks that they concern;
    /// returns the other effects. Does not lock the cluster state.
    pub fn carry_out(&self, mut effects: Vec<Effect>) -> Vec<Effect> {
        effects.retain(|effect| match effect {
            Effect::Emit(event) => {
                self.journal.note(event.clone());
                false
            }
            Effect::Wake => {
                self.wake.notify_one();
                false
            }
            Effect::NodesChanged => {
                self.nodes_changed.notify_waiters();
                false
            }
            Effect::Order { .. } | Effect::Propose(_) | Effect::Refuse(_) | Effect::Continue => true,
        });
        effects
    }

    pub fn floor(&self) -> MutexGuard<'_, CollectionFloor> {
        self.floor.lock()
    }

    pub fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock()
    }

    pub(super) fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock()
    }

    /// Returns true if this master keeps the cluster in safe mode because datanodes hold chunks
    /// that it does not know.
    pub(super) fn is_behind(&self) -> bool {
        self.held().as_ref().is_some_and(|held| held.by == self.id.to_string())
    }

    /// Returns the space and chunks held by the writes in flight, as of the last count.
    pub fn unfinished(&self) -> Unfinished {
        *self.unfinished.lock()
    }

    pub fn curve(&self) -> MutexGuard<'_, Curve> {
        self.curve.lock()
    }

    /// Returns true if this master is the leader, as far as it knows.
    pub fn leads(&self) -> bool {
        self.metrics.borrow().state == ServerState::Leader
    }

    /// Returns its role in the Raft group, in one word.
    pub fn role(&self) -> &'static str {
        match self.metrics.borrow().state {
            ServerState::Leader => "leader",
            ServerState::Candidate => "candidate",
            ServerState::Follower | ServerState::Learner => "follower",
            ServerState::Shutdown => "unknown",
        }
    }

    /// Returns the current term, as far as this master knows.
    pub fn term(&self) -> u64 {
        self.metrics.borrow().vote.leader_id.term
    }

    /// Returns the leader, and the addresses of all masters.
    pub fn group(&self) -> (Option<u64>, Vec<(u64, String)>) {
        let metrics = self.metrics.borrow();
        let nodes = metrics.membership_config.nodes().map(|(id, node)| (*id, node.addr.clone())).collect();
        (metrics.current_leader, nodes)
    }

    /// Returns the followers of this master, each with the last log entry that it is known to have;
    /// none if this master is not the leader.
    pub fn followed(&self) -> BTreeMap<u64, u64> {
        let progress = self.progress.borrow();
        let followers = progress.replication.iter().flatten();
        followers.filter_map(|(id, log)| Some((*id, log.as_ref()?.index))).collect()
    }

    /// Returns an error unless this master is the leader.
    ///
    /// # Errors
    /// Returns an error if another master, or none, is the leader.
    pub fn need_leader(&self) -> Result<(), Error> {
        if self.leads() {
            return Ok(());
        }
        let (leader, nodes) = self.group();
        Err(not_leader(leader.and_then(|leader| nodes.into_iter().find(|(id, _)| *id == leader))))
    }

    /// Returns an error unless this master is the leader and the cluster is not in safe mode.
    ///
    /// # Errors
    /// Returns an error if this master is not the leader, or the cluster is in safe mode.
    pub fn need_writable(&self) -> Result<(), Error> {
        self.need_leader()?;
        if let Some(Held { by, reason }) = &*self.held() {
            return Err(super::refused::held(by, reason));
        }
        let safe = self.cluster_state().monitor().safe_mode();
        match safe {
            None => Ok(()),
            Some(_) => Err(super::refused::safe_mode(self.safe_mode_reason())),
        }
    }

    /// Returns the text that says what the safe mode after a start waits for.
    pub fn safe_mode_reason(&self) -> String {
        let version = self.published.get();
        let cluster = self.cluster_state();
        let (roll, reported) = (cluster.roll(&version.namespace, self.clock.now()), cluster.monitor().safe_mode());
        let (reported, total) = (reported.unwrap_or_default(), version.namespace.chunk_count());
        safe_mode_reason(roll, reported, total)
    }

    /// Proposes a command of a user, or of the master itself, and waits until it is applied.
    ///
    /// # Errors
    /// Returns an error if it was not applied, or if it is unknown whether it was.
    pub fn propose(
        &self,
        request: RequestId,
        caller: &str,
        op: impl Into<Op>,
    ) -> impl Future<Output = Result<Result<Outcome, Refusal>, Error>> {
        let command = Command { request, caller: Caller::user(caller), at: self.clock.calendar(), op: op.into() };
        self.proposer.propose(command).map_err(proposal_failed)
    }

    /// Proposes a command of the master itself, and waits until it is applied.
    ///
    /// # Errors
    /// The same as for [`Master::propose`].
    pub fn propose_own(
        &self,
        op: impl Into<Op>,
    ) -> impl Future<Output = Result<Result<Outcome, Refusal>, ProposeError>> {
        let request = next_request();
        let command = Command { request, caller: Caller::master(), at: self.clock.calendar(), op: op.into() };
        self.proposer.propose(command)
    }
}

/// Returns the text that says what the safe mode after a start waits for.
pub fn safe_mode_reason(roll: Roll, reported: u64, total: u64) -> String {
    let chunks = format!("{reported} of {total} chunks reported so far");
    if !roll.is_open() {
        return chunks;
    }
    let Roll { expected, reported, .. } = roll;
    format!("{reported} of {expected} datanodes have reported, {chunks}")
}
