//! What all calls of one master share.

use super::ahead::Ahead;
use super::board::{Boards, Curve, Journal};
use super::clock::Clock;
use super::floor::Floor;
use super::keys::KeyCache;
use super::log::Figures;
use super::pool::Pool;
use super::raft::proposer::{ProposeError, Proposer};
use super::raft::published::Published;
use super::refused::{not_leader, proposal_failed};
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

/// One running master.
#[derive(Debug)]
pub struct Master {
    pub id: MasterId,
    pub cluster: ClusterId,
    pub address: SocketAddr,
    pub settings: MasterSettings,
    /// Where its log and snapshots are.
    pub data_dir: PathBuf,
    pub clock: Clock,
    pub published: Arc<Published>,
    pub proposer: Proposer,
    pub keys: KeyCache,
    pub pool: Pool,
    /// Wakes the worker.
    pub wake: Notify,
    /// Wakes those who wait for datanodes: one has registered or reported, or is waited for no longer.
    pub came: Notify,
    pub(super) cluster_state: Mutex<ClusterState>,
    pub(super) floor: Mutex<Floor>,
    /// The writes in flight. Soft state of the leader.
    pub(super) writes: Mutex<Writes>,
    /// What they hold, as last counted.
    pub(super) unfinished: Mutex<Unfinished>,
    /// Safe mode that a user, or this master itself, has entered. Soft state of the leader: the next one knows nothing of it.
    pub(super) held: Mutex<Option<Held>>,
    /// Replicas with ids that were not handed out.
    pub(super) ahead: Mutex<Ahead>,
    /// What happened since the start.
    pub journal: Arc<Journal>,
    /// Which directories are busy. Soft state of the leader.
    pub(super) traffic: Mutex<Traffic>,
    /// The last seconds of the cluster.
    pub(super) curve: Mutex<Curve>,
    /// The picture of the cluster that dashboards watch.
    pub(super) boards: Mutex<Boards>,
    /// Held while what is wanted of a datanode is changed: two drains at once would each count on the other's datanode.
    pub(super) duties: tokio::sync::Mutex<()>,
    /// What the log has done since its start.
    pub(super) log: Arc<Figures>,
    /// Elections since the start that have ended with a leader.
    pub(super) elections: AtomicU64,
    /// The status of each job of the background work, by its name.
    pub(super) jobs: Mutex<BTreeMap<&'static str, JobStatus>>,
    pub(super) metrics: watch::Receiver<RaftServerMetrics<u64, BasicNode>>,
    /// How far the log has come, here and at those who follow.
    pub(super) progress: watch::Receiver<RaftDataMetrics<u64>>,
}

/// Who entered safe mode, and why.
#[derive(Debug, Clone)]
pub struct Held {
    pub by: String,
    pub reason: String,
}

impl Master {
    pub fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock()
    }

    /// Locks the state of the cluster. If this master has stood still since the last time, it awaits the datanodes first.
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

    /// Has the state of the cluster observe an event, with the newest replicated state; returns the effects that are left
    /// to the caller.
    pub fn observe(&self, event: Event) -> Vec<Effect> {
        self.observe_with(event, &self.published.get().namespace)
    }

    /// As [`Master::observe`], with a replicated state of the caller's.
    pub fn observe_with(&self, event: Event, state: &State) -> Vec<Effect> {
        let mut cluster = self.cluster_state();
        let effects = cluster.observe(event, state, self.clock.now());
        drop(cluster);
        self.carry_out(effects)
    }

    /// Writes the events among the effects to the journal, and wakes those whom they wake; returns the other effects. Nothing
    /// here takes the lock of the cluster state.
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
                self.came.notify_waiters();
                false
            }
            Effect::Order { .. } | Effect::Propose(_) | Effect::Refuse(_) | Effect::Continue => true,
        });
        effects
    }

    pub fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock()
    }

    pub fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock()
    }

    pub(super) fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock()
    }

    /// Whether this master keeps the cluster in safe mode since datanodes hold more than it knows of.
    pub(super) fn is_behind(&self) -> bool {
        self.held().as_ref().is_some_and(|held| held.by == self.id.to_string())
    }

    /// What writes in flight hold, as last counted.
    pub fn unfinished(&self) -> Unfinished {
        *self.unfinished.lock()
    }

    pub fn curve(&self) -> MutexGuard<'_, Curve> {
        self.curve.lock()
    }

    /// Whether this master leads, as far as it knows.
    pub fn leads(&self) -> bool {
        self.metrics.borrow().state == ServerState::Leader
    }

    /// Its part in the group, in a word.
    pub fn role(&self) -> &'static str {
        match self.metrics.borrow().state {
            ServerState::Leader => "leader",
            ServerState::Candidate => "candidate",
            ServerState::Follower | ServerState::Learner => "follower",
            ServerState::Shutdown => "unknown",
        }
    }

    /// The term that it knows of.
    pub fn term(&self) -> u64 {
        self.metrics.borrow().vote.leader_id.term
    }

    /// Who leads, and the addresses of all masters.
    pub fn group(&self) -> (Option<u64>, Vec<(u64, String)>) {
        let metrics = self.metrics.borrow();
        let nodes = metrics.membership_config.nodes().map(|(id, node)| (*id, node.addr.clone())).collect();
        (metrics.current_leader, nodes)
    }

    /// The masters that follow this one, each with the last log entry that it is known to have; none if it does not lead.
    pub fn followed(&self) -> BTreeMap<u64, u64> {
        let progress = self.progress.borrow();
        let told = progress.replication.iter().flatten();
        told.filter_map(|(id, log)| Some((*id, log.as_ref()?.index))).collect()
    }

    /// # Errors
    /// When another master leads, or none does.
    pub fn need_leader(&self) -> Result<(), Error> {
        if self.leads() {
            return Ok(());
        }
        let (leader, nodes) = self.group();
        Err(not_leader(leader.and_then(|leader| nodes.into_iter().find(|(id, _)| *id == leader))))
    }

    /// # Errors
    /// When this master does not lead, or the cluster is in safe mode.
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

    /// What the safe mode of a start waits for, in words.
    pub fn safe_mode_reason(&self) -> String {
        let version = self.published.get();
        let cluster = self.cluster_state();
        let (roll, reported) = (cluster.roll(&version.namespace, self.clock.now()), cluster.monitor().safe_mode());
        let (reported, total) = (reported.unwrap_or_default(), version.namespace.chunk_count());
        safe_mode_reason(roll, reported, total)
    }

    /// Has a command of a user, or of the master itself, applied.
    ///
    /// # Errors
    /// When it could not be, or nobody knows whether it was.
    pub fn propose(
        &self,
        request: RequestId,
        caller: &str,
        op: impl Into<Op>,
    ) -> impl Future<Output = Result<Result<Outcome, Refusal>, Error>> {
        let command = Command { request, caller: Caller::user(caller), at: self.clock.calendar(), op: op.into() };
        self.proposer.propose(command).map_err(proposal_failed)
    }

    /// Has a command of the master itself applied.
    ///
    /// # Errors
    /// As [`Master::propose`].
    pub fn propose_own(
        &self,
        op: impl Into<Op>,
    ) -> impl Future<Output = Result<Result<Outcome, Refusal>, ProposeError>> {
        let request = next_request();
        let command = Command { request, caller: Caller::master(), at: self.clock.calendar(), op: op.into() };
        self.proposer.propose(command)
    }
}

/// What the safe mode of a start waits for, in words.
pub fn safe_mode_reason(roll: Roll, reported: u64, total: u64) -> String {
    let chunks = format!("{reported} of {total} chunks are reported so far");
    if !roll.is_open() {
        return chunks;
    }
    let Roll { expected, reported, .. } = roll;
    format!("{reported} of {expected} datanodes have reported, {chunks}")
}
