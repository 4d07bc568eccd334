//! The background work of the cluster: surveys, repair, garbage, safe mode.

use super::event::{ClusterEvent, Effect};
use super::nodes::Node;
use super::order::{NodeAddress, Order};
use super::replication_events::Figures;
use super::state::ClusterState;
use crate::collect::garbage;
use crate::expected::REPORT_TIMEOUT;
use crate::liveness::NodeState;
use crate::repair::{self, Blocked, Blocker, Inquiry, Limits, View};
use crate::safe_mode::{self, Known};
use crate::state::State;
use dfs_types::{DatanodeId, ReplicaKey, StoredReplica, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The number of chunks in one slice of a survey.
const SURVEY_SLICE_CHUNKS: usize = 32_768;
/// The number of chunks in one slice of the search for garbage, and the maximum number of replicas
/// that it deletes.
const GARBAGE_SLICE_CHUNKS: usize = 65_536;
const DOOMED_PER_SLICE_MAX: usize = 1_024;
/// The maximum number of replicas that one plan deletes as surplus.
const TRIMS_MAX: usize = 256;
/// The maximum number of concurrent verifications that one datanode does as proofs for the masters.
const CHECKS_PER_NODE: usize = 2;
/// Safe mode waits at most this long for datanodes that do not register, unless they are declared
/// dead before.
const SAFE_MODE_WAIT_MAX: Duration = Duration::from_secs(10);
/// Debug builds check the invariants after each survey of at most this many chunks.
const CHECKED_CHUNKS_MAX: u64 = 100_000;

impl ClusterState {
    /// Runs the next slice of a survey, if one is in progress or due.
    pub(super) fn survey(&mut self, state: &State, now: Timestamp) {
        if !self.monitor.is_surveying() {
            self.monitor.note_reported(!self.nodes.roll(state, now).is_open());
            if self.monitor.begin_survey(state.chunk_changes(), now) {
                self.drains.begin_count(&self.nodes);
                self.locations.settle(state);
                self.effects.push(Effect::Continue);
            }
            return;
        }
        let nodes = self.nodes.views(state, now);
        let view = View { namespace: state, locations: &self.locations, nodes: &nodes };
        if !self.monitor.survey.advance(&view, SURVEY_SLICE_CHUNKS) {
            self.effects.push(Effect::Continue);
            return;
        }
        self.monitor.end_survey(now);
        self.drains.end_count(&self.monitor.counts(), view);
        self.find_blockers(state, &nodes, now);
        if cfg!(debug_assertions) && self.monitor.health().chunks <= CHECKED_CHUNKS_MAX {
            debug_assert_eq!(self.check(), Ok(()), "after a survey");
        }
    }

    /// Finds the reasons why the chunks that the survey found cannot get their replicas.
    fn find_blockers(&mut self, state: &State, nodes: &BTreeMap<DatanodeId, repair::NodeView>, now: Timestamp) {
        let in_flight = self.monitor.in_progress.copying();
        let inquiry = Inquiry::new(View { namespace: state, locations: &self.locations, nodes }, &in_flight);
        let survey = &self.monitor.survey;
        let mut all = Blocked::default();
        let mut leaving: BTreeMap<DatanodeId, Blocked> = BTreeMap::new();
        for id in survey.needs() {
            let Some(blocker) = inquiry.blocker(id) else { continue };
            all.note(blocker, 1);
            for node in inquiry.leaving_holders(id) {
                leaving.entry(node).or_default().note(blocker, 1);
            }
        }
        all.note(Blocker::Waiting, survey.short_unlisted());
        // The missing replica may be on a datanode that has missed heartbeats.
        let blocker = if inquiry.has_stale() { Blocker::Waiting } else { Blocker::NoSource };
        all.note(blocker, self.monitor.health().missing);
        let may_begin = self.may_repair(state, now);
        let held = |blocked: Blocked| if may_begin { blocked } else { blocked.held() };
        self.monitor.blocked = held(all);
        self.drains.note_blocked(|id| held(leaving.get(&id).copied().unwrap_or_default()));
    }

    /// Decides on safe mode and drains, and emits the events of replication.
    pub(super) fn review(&mut self, state: &State, leads: bool, now: Timestamp) {
        self.judge_safe_mode(state, now);
        for node in self.drains.take_drained(&self.nodes, now) {
            self.emit(ClusterEvent::Drained { node });
        }
        let monitor = &mut self.monitor;
        let figures = Figures {
            known: monitor.is_known(),
            leads,
            health: monitor.health(),
            copying: monitor.copying(),
            moving: monitor.is_moving(),
            ordered: monitor.copies_ordered,
        };
        let events = monitor.events.look(&figures, now);
        events.into_iter().for_each(|event| self.emit(event));
    }

    /// Ends safe mode when enough is known. It does not begin again: replicas that are lost later
    /// are re-replicated.
    fn judge_safe_mode(&mut self, state: &State, now: Timestamp) {
        if !self.monitor.safe || self.monitor.counted_at().is_none() {
            return;
        }
        let health = self.monitor.health();
        let (reported, total) = (health.chunks.saturating_sub(health.missing), health.chunks);
        self.monitor.reported = reported;
        let settings = &self.nodes.settings;
        let known = Known {
            roll: self.roll(state, now),
            members: state.members().count() as u64,
            reported,
            total,
            threshold: settings.safe_mode_threshold,
            over: now.since(self.nodes.wait.since) >= settings.liveness.dead_after.min(SAFE_MODE_WAIT_MAX),
        };
        if safe_mode::decide(&known) == safe_mode::SafeMode::Leave {
            self.monitor.safe = false;
            self.emit(ClusterEvent::SafeModeEnded { reported, total });
        }
    }

    /// Returns true if enough is known to conclude that a chunk is under-replicated: a datanode
    /// that has not registered or reported yet since the start of this master has not lost its
    /// chunks.
    pub(super) fn may_repair(&self, state: &State, now: Timestamp) -> bool {
        let dead_after = self.nodes.settings.liveness.dead_after;
        let reporting = |(_, liveness, node): (DatanodeId, NodeState, &Node)| {
            liveness == NodeState::Live && !node.reported && now.since(node.registered_at) < REPORT_TIMEOUT
        };
        !self.monitor.safe
            && now.since(self.nodes.wait.since) >= dead_after
            && !self.roll(state, now).is_open()
            && !self.nodes.all(now).any(reporting)
    }

    /// Gives the orders that follow from the last survey, as far as the datanodes have room for
    /// them.
    pub(super) fn order_repairs(&mut self, state: &State, seed: u64, now: Timestamp) {
        let survey = &self.monitor.survey;
        if !survey.is_complete() || !survey.has_needs() || !self.may_repair(state, now) {
            return;
        }
        let streams = self.nodes.settings.repair_streams;
        let limits =
            Limits { per_source: streams, per_target: streams, trims_max: TRIMS_MAX, checks_per_node: CHECKS_PER_NODE };
        let in_flight = self.monitor.in_progress.all();
        let nodes = self.nodes.views(state, now);
        let view = View { namespace: state, locations: &self.locations, nodes: &nodes };
        let plan = repair::plan(&view, survey, &in_flight, &limits, seed);
        // Without a key no capability could be sealed for them.
        if !state.keys().is_empty() {
            plan.copies.into_iter().for_each(|copy| self.order_copy(copy, now));
            plan.reconstructions.into_iter().for_each(|reconstruction| self.order_reconstruction(reconstruction, now));
        }
        for trim in plan.trims {
            let ordered = self.order_delete(trim.node, trim.key, false, now);
            // The survey has not counted replicas with another key.
            if ordered && state.committed(trim.key.chunk) == Some(trim.key) {
                self.monitor.needed.delete = self.monitor.needed.delete.saturating_sub(1);
            }
        }
        for check in plan.checks {
            self.order_check(check.node, check.key, now);
        }
    }

    fn order_copy(&mut self, copy: repair::Copy, now: Timestamp) {
        let targets: Vec<NodeAddress> = copy.targets.iter().filter_map(|id| self.nodes.address(*id)).collect();
        let Some(source) = self.nodes.get_mut(copy.source) else { return };
        if source.orders.push(Order::Copy { chunk: copy.chunk, targets }) {
            self.monitor.in_progress.begin(copy, false, now);
            self.monitor.copies_ordered += 1;
        }
    }

    fn order_reconstruction(&mut self, reconstruction: repair::Reconstruction, now: Timestamp) {
        let repair::Reconstruction { chunk, node: id, sources } = reconstruction;
        let sources: Vec<NodeAddress> = sources.iter().filter_map(|source| self.nodes.address(*source)).collect();
        let Some(node) = self.nodes.get_mut(id) else { return };
        if node.orders.push(Order::Reconstruct { chunk, sources }) {
            let copy = repair::Copy { chunk, source: id, targets: vec![id] };
            self.monitor.in_progress.begin(copy, true, now);
            self.monitor.copies_ordered += 1;
        }
    }

    /// Orders a verification, unless it is in progress or the datanode has enough of them; returns
    /// true if it was ordered.
    pub(super) fn order_check(&mut self, id: DatanodeId, key: ReplicaKey, now: Timestamp) -> bool {
        if !self.monitor.in_progress.may_check(id, key) {
            return false;
        }
        let ordered = self.nodes.get_mut(id).is_some_and(|node| node.orders.push(Order::Verify { key }));
        if ordered {
            self.monitor.in_progress.begin_check(id, key, now);
        }
        ordered
    }

    /// Orders a deletion; returns true if it was ordered. The replica does not count from now on;
    /// if the order is lost, it counts again after a while.
    fn order_delete(&mut self, id: DatanodeId, key: ReplicaKey, garbage: bool, now: Timestamp) -> bool {
        let Some(state) = self.locations.state(id, key) else { return false };
        let Some(node) = self.nodes.get_mut(id) else { return false };
        let ordered = node.orders.delete(StoredReplica { key, state }, garbage, now);
        if ordered {
            self.locations.remove(id, key);
        }
        ordered
    }

    /// Looks for deletions that were not confirmed in time. Garbage on a live datanode is ordered
    /// to be deleted once more; any other replica counts again, so that the next survey decides
    /// anew: other replicas may have been lost meanwhile.
    pub(super) fn check_deletions(&mut self, state: &State, now: Timestamp) {
        let nodes = self.nodes.by_id.iter_mut();
        let lost: Vec<_> = nodes.map(|(id, node)| (*id, node.orders.deletions.take_lost(now))).collect();
        let lost = lost.into_iter().flat_map(|(id, lost)| lost.into_iter().map(move |stored| (id, stored)));
        for (id, stored) in lost {
            let key = stored.key;
            if self.locations.has(id, key) {
                continue;
            }
            self.emit(ClusterEvent::DeletionUnconfirmed { node: id, key });
            let live = self.nodes.state(id, now) == NodeState::Live;
            match self.nodes.get_mut(id).filter(|_| live && state.is_garbage(key.chunk)) {
                Some(node) => drop(node.orders.delete(stored, true, now)),
                None => {
                    self.count_again(id, stored, state);
                    self.monitor.changed();
                }
            }
        }
    }

    pub(super) fn count_again(&mut self, id: DatanodeId, stored: StoredReplica, state: &State) {
        self.locations.add(id, stored, state.committed(stored.key.chunk));
    }

    /// Searches a slice of all chunks for garbage and orders its deletion.
    pub(super) fn order_garbage(&mut self, state: &State, now: Timestamp) {
        if self.monitor.safe {
            return;
        }
        let from = self.monitor.garbage_from;
        let found = garbage(state, &self.locations, from, GARBAGE_SLICE_CHUNKS, DOOMED_PER_SLICE_MAX);
        for replica in &found.replicas {
            if self.nodes.state(replica.node, now) == NodeState::Live {
                self.order_delete(replica.node, replica.key, true, now);
            }
        }
        self.monitor.garbage_from = found.next.unwrap_or_default();
        if found.next.is_some() {
            self.effects.push(Effect::Continue);
        }
    }
}
