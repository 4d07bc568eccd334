//! The worker: looks every second, and when something happens, at what the master has to do of its own accord.
//!
//! Each look first notes what has changed (who leads, which datanodes are there, how many copies chunks have), then, if
//! this master leads, gives orders and proposes commands: repair, trimming, garbage, keys, chunk ids, collection floor.

use super::keys;
use super::pool::RESERVE_COUNT;
use super::raft::proposer::ProposeError;
use super::state::{Held, Master};
use dfs_logic::cluster::{Effect, Event};
use dfs_logic::command::{AdminOp, ChunkOp, NodeOp, Op, Outcome, Refusal};
use dfs_types::{Duty, Timestamp};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often it looks when nothing happens.
const INTERVAL: Duration = Duration::from_secs(1);
/// Cluster events that wait are written to the journal at most this often.
const WRITE_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// Slices of the search for garbage in one look.
const GARBAGE_SLICES_MAX: usize = 16;
/// The floor is raised at most this many times per `collect_after`.
const RAISES_PER_SPAN: u32 = 16;

/// What it remembers from one look to the next.
#[derive(Debug)]
pub struct Worker {
    master: Arc<Master>,
    /// The term in which it has led so far.
    led: Option<u64>,
    /// The last term that it has seen a leader of.
    elected: Option<u64>,
    raised_at: Option<Timestamp>,
    written_at: Timestamp,
}

impl Worker {
    pub fn new(master: Arc<Master>) -> Self {
        Self { master, led: None, elected: None, raised_at: None, written_at: Timestamp::default() }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut metrics = self.master.metrics.clone();
        let master = self.master.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
                () = master.wake.notified() => {}
                () = master.pool.low() => {}
                changed = metrics.changed() => if changed.is_err() { return },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look() => {}
            }
        }
    }

    fn says(&self, status: String) {
        *self.master.worker_status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    async fn look(&mut self) {
        let leads = self.note_leader();
        self.master.observe(Event::Tick);
        self.master.look_ahead();
        self.survey().await;
        self.master.observe(Event::Review { leads });
        if leads {
            self.give_orders().await;
            self.keep_members().await;
            self.keep_ids().await;
            self.keep_keys().await;
            self.keep_writes().await;
            self.keep_floor().await;
        }
        self.write_events();
        let cluster = self.master.cluster_state();
        let monitor = cluster.monitor();
        let (copying, copies, deletes) = (monitor.copying(), monitor.copies_ordered, monitor.deletes_ordered);
        drop(cluster);
        self.says(format!("{copying} copies under way; ordered so far: {copies} copies, {deletes} deletions"));
    }

    /// Whether this master leads. When it begins to, it forgets what it knew as a follower.
    fn note_leader(&mut self) -> bool {
        let (leads, term) = (self.master.leads(), self.master.term());
        if self.master.group().0.is_some() && self.elected != Some(term) {
            self.elected = Some(term);
            self.master.elections.fetch_add(1, Ordering::Relaxed);
        }
        if leads && self.led != Some(term) {
            tracing::info!(term, "this master leads");
            self.master.journal.info(None, format!("{} leads, in term {term}", self.master.id));
            self.master.observe(Event::Led);
            self.master.floor().lead();
            self.master.writes().lead();
            // Its own reason is a proof, and holds whoever led meanwhile.
            let own = self.master.is_behind();
            if let Some(Held { by, .. }) = self.master.held().take_if(|_| !own) {
                let text = format!("the safe mode that {by} has entered ended with the change of the leader");
                self.master.journal.warning(None, text);
            }
            self.master.pool.lead(term);
            self.raised_at = None;
        }
        if let Some(term) = self.led.filter(|_| !leads) {
            tracing::info!(term, "this master leads no more");
            self.master.journal.warning(None, format!("{} leads no more; it did in term {term}", self.master.id));
        }
        self.led = leads.then_some(term);
        leads
    }

    /// Writes the cluster events that wait to the journal, at most once per [`WRITE_INTERVAL_MIN`]: equal ones share a text.
    fn write_events(&mut self) {
        let now = self.master.clock.now();
        if now.since(self.written_at) >= WRITE_INTERVAL_MIN {
            self.written_at = now;
            self.master.journal.write_waiting();
        }
    }

    /// Surveys all chunks, if that is due. The lock is released between two slices.
    async fn survey(&self) {
        let version = self.master.published.get();
        while self.master.observe_with(Event::Survey, &version.namespace).contains(&Effect::Continue) {
            tokio::task::yield_now().await;
        }
    }

    async fn give_orders(&self) {
        let master = &self.master;
        let version = master.published.get();
        if !master.is_behind() {
            master.observe_with(Event::CheckDeletions, &version.namespace);
        }
        master.observe_with(Event::Repair { seed: fastrand::u64(..) }, &version.namespace);
        for _ in 0..GARBAGE_SLICES_MAX {
            if master.is_behind()
                || !master.observe_with(Event::CollectGarbage, &version.namespace).contains(&Effect::Continue)
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Reserves chunk ids before they run out.
    async fn keep_ids(&self) {
        let master = &self.master;
        if !master.pool.is_low() || !master.proposer.has_room() {
            return;
        }
        let term = master.term();
        let next = master.published.look().namespace.next_chunk();
        let skip = master.ahead().skip(next);
        if let Some(count) = skip {
            // They are taken by replicas of a state that was lost.
            match master.propose_own(ChunkOp::Reserve { count }).await {
                Ok(Ok(_)) => tracing::warn!(count, "chunk ids that datanodes hold already are left out"),
                other => return unexpected("leave out chunk ids", other),
            }
        }
        match master.propose_own(ChunkOp::Reserve { count: RESERVE_COUNT }).await {
            Ok(Ok(Outcome::Reserved { first, count })) => master.pool.fill(first, count, term),
            other => unexpected("reserve chunk ids", other),
        }
    }

    /// Replaces the newest key when it has served its time.
    async fn keep_keys(&self) {
        let master = &self.master;
        let newest = master.published.look().namespace.keys().last().cloned();
        let Some(newest) = newest else { return };
        let now = master.clock.calendar();
        if now.since(newest.made_at) < master.settings.key_rotation || !master.proposer.has_room() {
            return;
        }
        match keys::draw(Some(&newest), now) {
            Ok(key) => match master.propose_own(AdminOp::AddKey { key }).await {
                Ok(Ok(_)) => tracing::info!("the key that seals capabilities was replaced"),
                other => unexpected("replace the key", other),
            },
            Err(_) => tracing::error!("the system has no randomness for a new key"),
        }
    }

    /// Notes in the log the datanodes that have registered for the first time, and those that were removed and are back.
    async fn keep_members(&self) {
        let master = &self.master;
        for effect in master.observe(Event::NoteMembers) {
            let Effect::Propose(op) = effect else { continue };
            if !master.proposer.has_room() {
                return;
            }
            match (master.propose_own(op.clone()).await, op) {
                (Ok(Ok(_)), Op::Node(NodeOp::SetDuty { node, duty: Duty::Serve })) => {
                    master.observe(Event::Rejoined { node });
                }
                (Ok(Ok(_)), _) => {}
                (other, _) => unexpected("note the members of the cluster", other),
            }
        }
    }

    /// Gives up writes that came to nothing, and counts what the others hold.
    async fn keep_writes(&self) {
        if let Err(error) = self.master.give_up_writes().await {
            tracing::warn!(%error, "give up writes");
        }
        self.master.count_unfinished().await;
    }

    /// Raises the collection floor as far as it may.
    async fn keep_floor(&mut self) {
        let master = &self.master;
        let now = master.clock.now();
        let (next, floor) = {
            let version = master.published.look();
            (version.namespace.next_chunk(), version.namespace.floor())
        };
        let unused = master.pool.lowest().unwrap_or(next);
        let lowest = master.writes().lowest();
        let highest = {
            let mut held = master.floor();
            held.sample(unused, now);
            held.highest(lowest, now)
        };
        if master.is_behind() {
            return;
        }
        let rest = master.settings.collect_after / RAISES_PER_SPAN;
        let rested = self.raised_at.is_none_or(|at| now.since(at) >= rest);
        let Some(highest) = highest.filter(|highest| *highest > floor && rested) else { return };
        if !master.proposer.has_room() {
            return;
        }
        self.raised_at = Some(now);
        match master.propose_own(ChunkOp::RaiseFloor { floor: highest }).await {
            Ok(Ok(_)) => {}
            other => unexpected("raise the collection floor", other),
        }
    }
}

/// What did not come about is tried again at the next look.
fn unexpected(what: &str, result: Result<Result<Outcome, Refusal>, ProposeError>) {
    match result {
        Err(ProposeError::NotLeader { .. } | ProposeError::Stopping) => {}
        Err(error) => tracing::warn!(%error, "{what}"),
        Ok(outcome) => tracing::error!(?outcome, "{what}: an answer to another question"),
    }
}
