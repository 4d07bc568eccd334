//! The events of the cluster state: an event comes in, effects go out.

use super::event::{ClusterEvent, Effect, Event, Refused};
use super::load::directory_events;
use super::message::{CHUNKS_PER_REPORT_MAX, Heartbeat, Registration, ReportPage};
use super::nodes::Node;
use super::order::OrderQueue;
use super::state::ClusterState;
use crate::command::{NodeOp, Op};
use crate::durability::lost::Lost;
use crate::expected::Wait;
use crate::liveness::{Contact, NodeState};
use crate::locations::{Added, Reported};
use crate::state::State;
use dfs_types::rates::Pace;
use dfs_types::{AdminState, ChunkId, DatanodeId, ReplicaKey, ReplicaState, StoredReplica, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The maximum number of datanodes that one check records in the log.
const NEWCOMERS_PER_LOOK_MAX: usize = 64;

impl ClusterState {
    /// Applies an event; returns what the master must do after it. `state` is the replicated state
    /// as this master has applied it, `now` the time since its start.
    pub fn observe(&mut self, event: Event, state: &State, now: Timestamp) -> Vec<Effect> {
        #[cfg(test)]
        let deletions = super::check::deletions(self);
        if let Err(refused) = self.take(event, state, now) {
            self.effects.push(Effect::Refuse(refused));
        }
        #[cfg(test)]
        super::check::check_proofs(self, &deletions, state, now).and(self.check()).expect("an invariant");
        std::mem::take(&mut self.effects)
    }

    fn take(&mut self, event: Event, state: &State, now: Timestamp) -> Result<(), Refused> {
        match event {
            Event::Registered { node, connection, registration } => {
                self.register(node, connection, registration, now)?
            }
            Event::Heartbeat { node, connection, heartbeat, leads } => {
                self.heartbeat(node, connection, heartbeat, state, now)?;
                if leads {
                    self.give_orders(node, now);
                }
            }
            Event::ChunkReport { node, connection, page } => self.report(node, connection, page, state, now)?,
            Event::Disconnected { node, connection } => self.disconnected(node, connection),
            Event::CorruptionReported { node, key } => self.verify(node, key, now)?,
            Event::WritePlanned { pipelines, bytes } => {
                pipelines.iter().for_each(|pipeline| self.nodes.note_planned(pipeline, bytes));
            }
            Event::Committing { chunks } => {
                chunks.iter().for_each(|(key, holders)| self.add_stored(*key, holders, state));
            }
            Event::Committed { holders, replicas } => self.committed(&holders, replicas),
            Event::LayoutChanging { chunks, enough } => self.drains.want_more(&self.locations, &chunks, enough),
            Event::AdminStateChanged { node, admin_state, by } => {
                self.admin_state_changed(node, admin_state, by, state, now)
            }
            Event::Rejoined { node } => self.emit(ClusterEvent::Rejoined { node }),
            Event::SafeModeLeft => {
                self.monitor.leave_safe_mode();
                self.effects.push(Effect::Wake);
            }
            Event::Led => self.lead(state, now),
            Event::StoodStill { lost } => self.note_standstill(lost, now),
            Event::Tick => self.tick(state, now),
            Event::Survey => self.survey(state, now),
            Event::Review { leads } => self.review(state, leads, now),
            Event::NoteMembers => self.note_members(state, now),
            Event::CheckDeletions => self.check_deletions(state, now),
            Event::Repair { seed } => self.order_repairs(state, seed, now),
            Event::CollectGarbage => self.order_garbage(state, now),
        }
        Ok(())
    }

    /// Registers a datanode. The replicas that it reported before count until it reports again.
    fn register(&mut self, id: DatanodeId, connection: u64, new: Registration, now: Timestamp) -> Result<(), Refused> {
        self.check_rival(id, &new, now)?;
        let report_seq = self.nodes.next_seq();
        let known = self.nodes.by_id.remove(&id);
        self.emit(match &known {
            Some(known) => ClusterEvent::Reregistered { node: id, silent: now.since(known.contact.last_heartbeat) },
            None => ClusterEvent::Registered { node: id, address: new.address, version: new.version.clone() },
        });
        let reported_before = known.as_ref().is_some_and(|known| known.known);
        let same_boot = known.as_ref().is_some_and(|known| known.boot == new.boot);
        let (before, mut full, lost) =
            known.map_or_else(Default::default, |known| (Some(known.load), known.full, known.lost));
        let lost = if same_boot { lost } else { Lost::default() };
        let events = directory_events(id, before.as_deref(), &new.load, &mut full);
        events.into_iter().for_each(|event| self.emit(event));
        let (counters, mut pace) = (new.load.counters(now), Pace::default());
        pace.add(counters);
        let node = Node {
            address: new.address,
            counters,
            used: new.load.used(),
            pace,
            load: Arc::new(new.load),
            version: new.version,
            boot: new.boot,
            contact: Contact { last_heartbeat: now, connected: true },
            connection,
            report_seq,
            full,
            registered_at: now,
            skew_ms: new.skew_ms,
            reported: false,
            known: reported_before,
            rival: None,
            planned: 0,
            planned_bytes: 0,
            orders: OrderQueue::default(),
            lost,
            seen: NodeState::Live,
        };
        self.nodes.by_id.insert(id, node);
        self.locations.expect_report(id);
        self.drains.uncount(id);
        self.monitor.forget_work_of(id);
        self.effects.extend([Effect::Wake, Effect::NodesChanged]);
        Ok(())
    }

    /// Refuses the registration of another process than the one that is connected and sends its
    /// heartbeats in time. The event is emitted once for each such process.
    fn check_rival(&mut self, id: DatanodeId, new: &Registration, now: Timestamp) -> Result<(), Refused> {
        let liveness = self.nodes.settings.liveness;
        let Some(node) = self.nodes.get_mut(id) else { return Ok(()) };
        if node.boot == new.boot || node.contact.state(now, &liveness) != NodeState::Live {
            return Ok(());
        }
        let (there, here) = (node.address, new.address);
        if node.rival.replace(here) != Some(here) {
            self.emit(ClusterEvent::IdentityInUse { node: id, there, here });
        }
        Err(Refused::InUse { node: id, there, here })
    }

    /// Records the arrival of a message and returns its datanode. Refuses messages of another
    /// connection, or of an earlier start of the datanode.
    fn message_from(
        &mut self,
        id: DatanodeId,
        connection: u64,
        boot: u64,
        now: Timestamp,
    ) -> Result<&mut Node, Refused> {
        let report_seq = self.nodes.next_seq();
        let node = self.nodes.get_mut(id).filter(|node| node.connection == connection && node.boot == boot);
        let node = node.ok_or(Refused::NotRegistered)?;
        node.contact.last_heartbeat = now;
        node.report_seq = report_seq;
        Ok(node)
    }

    fn heartbeat(
        &mut self,
        id: DatanodeId,
        connection: u64,
        new: Heartbeat,
        state: &State,
        now: Timestamp,
    ) -> Result<(), Refused> {
        if new.changes() > 3 * CHUNKS_PER_REPORT_MAX {
            return Err(Refused::TooMany);
        }
        let node = self.message_from(id, connection, new.boot, now)?;
        let was_full = node.load.free() == 0;
        node.skew_ms = new.skew_ms;
        (node.counters, node.used) = (new.load.counters(now), new.load.used());
        let events = directory_events(id, Some(&node.load), &new.load, &mut node.full);
        node.load = Arc::new(new.load);
        (node.planned, node.planned_bytes) = (0, 0);
        if was_full != (node.load.free() == 0) {
            self.monitor.changed();
        }
        events.into_iter().for_each(|event| self.emit(event));
        self.locations.handed_out(state.next_chunk());
        new.removed.iter().for_each(|gone| self.lose(id, *gone, state));
        new.kept.iter().for_each(|kept| self.deletion_refused(id, *kept, state));
        let suspect = new.added.iter().filter(|stored| self.add(id, **stored, state));
        let suspect: Vec<ReplicaKey> = suspect.map(|stored| stored.key).collect();
        self.note_suspects(id, &suspect, state);
        new.copies_ended.iter().for_each(|chunk| self.monitor.in_progress.source_ended(id, *chunk, now));
        if self.monitor.is_dirty() {
            self.effects.push(Effect::Wake);
        }
        Ok(())
    }

    fn give_orders(&mut self, id: DatanodeId, now: Timestamp) {
        let orders = self.nodes.get_mut(id).map(|node| node.orders.take(now)).unwrap_or_default();
        self.effects.extend(orders.into_iter().map(|order| Effect::Order { node: id, order }));
    }

    /// Removes a replica that no longer exists.
    fn lose(&mut self, id: DatanodeId, key: ReplicaKey, state: &State) {
        self.monitor.end_check(id, key);
        if let Some(node) = self.nodes.get_mut(id) {
            let garbage = node.orders.deletions.is_garbage(key);
            self.monitor.finished.note_deleted(garbage);
            if garbage == Some(false) {
                // The surplus that the last survey counted no longer exists.
                self.monitor.changed();
            }
            node.orders.deletions.end(key);
        }
        let named = state.chunk(key.chunk).is_some();
        if !named {
            self.note_lost(id, key);
        }
        if self.locations.remove(id, key) && named {
            self.monitor.changed();
        }
    }

    /// Voids receipts for a replica.
    fn note_lost(&mut self, id: DatanodeId, key: ReplicaKey) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.lost.note(key);
        }
    }

    /// Records that a datanode refuses to delete a replica, which counts again. The cause is
    /// temporary, and the datanode reports its end; until then it would refuse the same order
    /// again.
    fn deletion_refused(&mut self, id: DatanodeId, key: ReplicaKey, state: &State) {
        let refused = self.nodes.get_mut(id).and_then(|node| node.orders.deletions.end(key));
        if let Some(stored) = refused {
            self.count_again(id, stored, state);
        }
    }

    /// Records replicas that were newly found suspect.
    fn note_suspects(&mut self, id: DatanodeId, suspect: &[ReplicaKey], state: &State) {
        for key in suspect.iter().filter(|key| state.chunk(key.chunk).is_none()) {
            self.note_lost(id, *key);
        }
        let named = suspect.iter().filter(|key| state.committed(key.chunk) == Some(**key));
        let named: Vec<ChunkId> = named.map(|key| key.chunk).collect();
        let Some(first) = named.first() else { return };
        self.emit(ClusterEvent::CorruptReplicas { node: id, replicas: named.len() as u64, first: *first });
        self.monitor.changed();
        named.into_iter().for_each(|chunk| self.monitor.note_corrupt(chunk));
    }

    fn report(
        &mut self,
        id: DatanodeId,
        connection: u64,
        mut page: ReportPage,
        state: &State,
        now: Timestamp,
    ) -> Result<(), Refused> {
        if page.chunks.len() > CHUNKS_PER_REPORT_MAX {
            return Err(Refused::TooMany);
        }
        // A datanode sends no heartbeats during a long report: its pages count as heartbeats.
        let node = self.message_from(id, connection, page.boot, now)?;
        if page.first {
            node.orders.deletions.await_report();
        }
        page.chunks.retain(|stored| !node.orders.deletions.note(*stored));
        self.locations.handed_out(state.next_chunk());
        let committed = |chunk: ChunkId| state.committed(chunk);
        let reported = self.locations.report_page(id, page.first, page.last, &page.chunks, &committed);
        let Reported { suspect, .. } = reported.map_err(|_| Refused::Report)?;
        self.note_suspects(id, &suspect, state);
        if page.last {
            if let Some(node) = self.nodes.get_mut(id) {
                (node.reported, node.known) = (true, true);
            }
            self.monitor.changed();
            self.emit(ClusterEvent::Reported { node: id, chunks: self.locations.count(id) });
            self.effects.extend([Effect::Wake, Effect::NodesChanged]);
        }
        Ok(())
    }

    /// Makes a datanode stale whose connection has closed, unless it has registered on another one
    /// since.
    fn disconnected(&mut self, id: DatanodeId, connection: u64) {
        let Some(node) = self.nodes.get_mut(id).filter(|node| node.connection == connection) else { return };
        node.contact.connected = false;
        self.monitor.forget_work_of(id);
        self.effects.push(Effect::Wake);
    }

    /// Orders a datanode to verify a replica, unless this is in progress, or the datanode has
    /// enough to verify.
    fn verify(&mut self, node: DatanodeId, key: ReplicaKey, now: Timestamp) -> Result<(), Refused> {
        if !self.locations.has(node, key) {
            return Err(Refused::NoReplica { node, chunk: key.chunk });
        }
        if self.order_check(node, key, now) {
            self.emit(ClusterEvent::VerificationOrdered { node, key });
        }
        Ok(())
    }

    /// Records replicas of a chunk whose receipts were checked.
    fn add_stored(&mut self, key: ReplicaKey, holders: &[DatanodeId], state: &State) {
        self.locations.handed_out(state.next_chunk());
        // The commit is repeated: datanodes may have reported changes of the replicas since the
        // first time.
        if state.committed(key.chunk) == Some(key) {
            return;
        }
        for id in holders {
            let known = self.locations.holds(*id, key);
            let verified = self.locations.replicas_of(key).verified().any(|node| node == *id);
            // A replica that is to be deleted does not count before the outcome is known.
            let going =
                |node: &mut Node| node.orders.deletions.note(StoredReplica { key, state: ReplicaState::Stored });
            if self.nodes.get_mut(*id).is_some_and(going) {
                continue;
            }
            let replica = if known && !verified { ReplicaState::Stored } else { ReplicaState::Verified };
            self.locations.add(*id, StoredReplica { key, state: replica }, Some(key));
        }
    }

    fn committed(&mut self, holders: &[Vec<DatanodeId>], replicas: u8) {
        for holders in holders {
            if holders.len() < usize::from(replicas) {
                self.monitor.changed();
            }
            // The write may have been planned before one of them began draining.
            holders.iter().for_each(|id| self.uncount(*id));
        }
    }

    /// Records a replica, or its new state; returns true if it was newly found suspect.
    fn add(&mut self, id: DatanodeId, stored: StoredReplica, state: &State) -> bool {
        let key = stored.key;
        let committed = state.committed(key.chunk);
        if stored.state != ReplicaState::Stored {
            self.monitor.end_check(id, key);
        }
        if self.nodes.get_mut(id).is_some_and(|node| node.orders.deletions.note(stored)) {
            return false;
        }
        let added = self.locations.add(id, stored, committed);
        match added {
            Added::New => {
                self.monitor.replica_arrived(id, key.chunk);
                if self.monitor.take_corrupt(key.chunk) {
                    self.emit(ClusterEvent::CorruptReplicaReplaced { chunk: key.chunk });
                }
                if committed.is_some() {
                    // The chunk may have one replica too many now, or one on a datanode that
                    // drains.
                    self.monitor.changed();
                    self.uncount(id);
                }
            }
            Added::Known => {
                self.monitor.replica_arrived(id, key.chunk);
                if stored.state == ReplicaState::Verified && committed.is_some() {
                    // It may be the proof that a plan needs.
                    self.monitor.changed();
                }
            }
            Added::Suspect | Added::Aside => self.monitor.changed(),
            Added::Strange => {}
        }
        added == Added::Suspect
    }

    fn uncount(&mut self, id: DatanodeId) {
        if self.drains.uncount(id) {
            self.monitor.changed();
        }
    }

    fn admin_state_changed(
        &mut self,
        node: DatanodeId,
        admin_state: AdminState,
        by: Arc<str>,
        state: &State,
        now: Timestamp,
    ) {
        self.emit(match admin_state {
            AdminState::InService => ClusterEvent::Resumed { node, by },
            AdminState::Draining => ClusterEvent::DrainRequested { node, by, chunks: self.locations.count(node) },
            AdminState::Removed => ClusterEvent::Removed { node, by },
        });
        self.drains.forget(node);
        self.monitor.changed();
        self.follow_admin_states(state, now);
        self.effects.push(Effect::Wake);
    }

    fn follow_admin_states(&mut self, state: &State, now: Timestamp) {
        let (changed, removed) = self.drains.follow(state, &self.nodes, now);
        if changed {
            self.monitor.changed();
        }
        removed.into_iter().for_each(|id| self.remove(id));
    }

    /// Removes a datanode and its replicas.
    pub(super) fn remove(&mut self, id: DatanodeId) {
        self.nodes.by_id.remove(&id);
        self.drains.forget(id);
        self.locations.clear_node(id);
        self.monitor.forget_work_of(id);
    }

    /// Becomes the leader. Orders of an earlier leadership of this master that were not sent are
    /// void, because other leaders may have decided since. Their replicas count again.
    fn lead(&mut self, state: &State, now: Timestamp) {
        self.monitor.lead();
        let nodes = self.nodes.by_id.iter_mut();
        let void: Vec<_> = nodes.map(|(id, node)| (*id, node.orders.void())).collect();
        for (id, stored) in void.into_iter().flat_map(|(id, void)| void.into_iter().map(move |stored| (id, stored))) {
            self.count_again(id, stored, state);
        }
        self.begin_wait(now);
    }

    /// From now on waits for the datanodes that have not sent a message.
    fn begin_wait(&mut self, now: Timestamp) {
        self.nodes.wait = Wait { since: now };
        self.monitor.changed();
    }

    fn note_standstill(&mut self, lost: Duration, now: Timestamp) {
        if lost <= self.stood_still {
            return;
        }
        let span = lost.saturating_sub(self.stood_still);
        self.stood_still = lost;
        self.begin_wait(now);
        self.emit(ClusterEvent::StoodStill { span });
        self.effects.push(Effect::Wake);
    }

    /// Updates the states of datanodes that depend on time, and follows the admin states.
    fn tick(&mut self, state: &State, now: Timestamp) {
        let mut events = Vec::new();
        let liveness = self.nodes.settings.liveness;
        for (id, node) in &mut self.nodes.by_id {
            let (id, seen) = (*id, node.contact.state(now, &liveness));
            let silent = now.since(node.contact.last_heartbeat);
            if std::mem::replace(&mut node.seen, seen) != seen {
                events.push(match seen {
                    NodeState::Live => ClusterEvent::HeartbeatRestored { node: id },
                    NodeState::Stale if node.contact.connected => ClusterEvent::HeartbeatMissed { node: id, silent },
                    NodeState::Stale => ClusterEvent::ConnectionLost { node: id },
                    NodeState::Dead if self.drains.is_done(id) => ClusterEvent::DrainedDead { node: id, silent },
                    NodeState::Dead => {
                        ClusterEvent::DeclaredDead { node: id, silent, chunks: self.locations.count(id) }
                    }
                });
                self.monitor.changed();
                if seen != NodeState::Live {
                    self.monitor.forget_work_of(id);
                }
            }
            match seen {
                NodeState::Live => {}
                // Other datanodes make its copies meanwhile.
                NodeState::Stale => node.orders.drop_copies(),
                // Old orders must not be carried out when it registers again.
                NodeState::Dead => node.orders.clear(),
            }
        }
        if !events.is_empty() {
            self.effects.push(Effect::NodesChanged);
        }
        events.into_iter().for_each(|event| self.emit(event));
        self.follow_admin_states(state, now);
    }

    /// Proposes commands that add live datanodes to the cluster which are not recorded yet, and
    /// that put removed datanodes which have registered again back in service.
    fn note_members(&mut self, state: &State, now: Timestamp) {
        let newcomers = self.nodes.newcomers(state, now).take(NEWCOMERS_PER_LOOK_MAX);
        let newcomers = newcomers.map(|node| Op::from(NodeOp::Add { node }));
        let returned = self.nodes.returned(state, now);
        let returned =
            returned.map(|node| Op::from(NodeOp::SetAdminState { node, admin_state: AdminState::InService }));
        self.effects.extend(newcomers.chain(returned).map(Effect::Propose));
    }
}
