//! What datanodes tell: heartbeats and chunk reports.

use super::nodes::Registry;
use dfs_logic::liveness::NodeState;
use dfs_logic::locations::{Added, Reported};
use dfs_logic::state::State;
use dfs_rpc::CHUNKS_PER_REPORT_MAX;
use dfs_rpc::capability::Receipt;
use dfs_rpc::curve::Heard;
use dfs_rpc::wire::{Heartbeat, Order, ReportPage};
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, ReplicaState, StoredReplica, Timestamp};
use std::sync::Arc;

/// Orders in one reply.
const ORDERS_PER_REPLY_MAX: usize = 64;

/// Why a datanode is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("register first: this connection is not the one that this datanode registered on")]
    NotRegistered,
    #[error("too many chunks in one message")]
    TooMany,
    #[error("the chunk report is not in its order")]
    Report,
}

impl Registry {
    /// Takes news of a datanode; gives the orders for it. Only a master that leads gives any.
    ///
    /// # Errors
    /// When the datanode has not registered on this connection, or says too much at once.
    pub fn heartbeat(
        &mut self,
        id: DatanodeId,
        connection: u64,
        heartbeat: Heartbeat,
        namespace: &State,
        leads: bool,
        now: Timestamp,
    ) -> Result<Vec<Order>, Refused> {
        let told =
            heartbeat.added.len() + heartbeat.removed.len() + heartbeat.copies_ended.len() + heartbeat.kept.len();
        if told > 3 * CHUNKS_PER_REPORT_MAX {
            return Err(Refused::TooMany);
        }
        let node = self.nodes.get_mut(&id).filter(|node| node.connection == connection && node.boot == heartbeat.boot);
        let node = node.ok_or(Refused::NotRegistered)?;
        let was_full = node.load.free() == 0;
        node.contact.last_heartbeat = now;
        self.told += 1;
        node.told = self.told;
        (node.heard, node.used) = (Heard::new(&heartbeat.load, now), heartbeat.load.used());
        let before = std::mem::replace(&mut node.load, Arc::new(heartbeat.load));
        (node.planned, node.planned_bytes) = (0, 0);
        if was_full != (node.load.free() == 0) {
            self.healing.changed();
        }
        let (load, mut full) = (node.load.clone(), std::mem::take(&mut node.full));
        self.note_folders(id, Some(&before), &load, &mut full);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.full = full;
        }
        self.locations.handed_out(namespace.next_chunk());
        for gone in &heartbeat.removed {
            self.lose(id, *gone, namespace);
        }
        for kept in &heartbeat.kept {
            self.deletion_refused(id, *kept, namespace);
        }
        let suspect: Vec<ReplicaKey> = heartbeat
            .added
            .iter()
            .filter(|stored| self.add(id, **stored, namespace))
            .map(|stored| stored.key)
            .collect();
        self.note_suspects(id, &suspect, namespace);
        for chunk in &heartbeat.copies_ended {
            self.healing.copy_ended(id, *chunk, now);
        }
        Ok(if leads { self.take_orders(id, now) } else { Vec::new() })
    }

    /// Forgets a replica.
    fn lose(&mut self, id: DatanodeId, key: ReplicaKey, namespace: &State) {
        self.healing.check_ended(id, key);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.deletions.end(key);
        }
        if namespace.chunk(key.chunk).is_none() {
            self.note_lost(id, key);
        }
        if self.locations.remove(id, key) && namespace.chunk(key.chunk).is_some() {
            self.healing.changed();
        }
    }

    /// Remembers that a receipt for this replica is void.
    fn note_lost(&mut self, id: DatanodeId, key: ReplicaKey) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.lost.note(key);
        }
    }

    /// Notes replicas that were newly found suspect.
    fn note_suspects(&mut self, id: DatanodeId, suspect: &[ReplicaKey], namespace: &State) {
        let named = |key: &ReplicaKey| namespace.committed(key.chunk) == Some(*key);
        for key in suspect.iter().filter(|key| namespace.chunk(key.chunk).is_none()) {
            self.note_lost(id, *key);
        }
        let named: Vec<ReplicaKey> = suspect.iter().copied().filter(named).collect();
        let Some(first) = named.first().map(|key| key.chunk) else { return };
        tracing::warn!(node = %id, replicas = named.len(), %first, "corrupt replicas");
        let text = match named.len() {
            1 => format!("found its replica of chunk {first} corrupt"),
            count => format!("found its replicas of {count} chunks corrupt, of {first} among others"),
        };
        self.journal.warning(Some(id), text);
        self.healing.changed();
        named.into_iter().for_each(|key| self.healing.damage_found(key.chunk));
    }

    /// Takes a page of a full report. Says whether it was the last one.
    ///
    /// # Errors
    /// As [`Registry::heartbeat`], or when the pages are not in order.
    pub fn report(
        &mut self,
        id: DatanodeId,
        connection: u64,
        mut page: ReportPage,
        namespace: &State,
        now: Timestamp,
    ) -> Result<bool, Refused> {
        if page.chunks.len() > CHUNKS_PER_REPORT_MAX {
            return Err(Refused::TooMany);
        }
        let node = self.nodes.get_mut(&id).filter(|node| node.connection == connection && node.boot == page.boot);
        // Its heartbeats wait while a long report is under way.
        let node = node.ok_or(Refused::NotRegistered)?;
        node.contact.last_heartbeat = now;
        self.told += 1;
        node.told = self.told;
        if page.first {
            node.deletions.await_report();
        }
        page.chunks.retain(|stored| !node.deletions.note(*stored));
        self.locations.handed_out(namespace.next_chunk());
        let committed = |chunk: ChunkId| namespace.committed(chunk);
        let reported = self.locations.report_page(id, page.first, page.last, &page.chunks, &committed);
        let Reported { suspect, .. } = reported.map_err(|_| Refused::Report)?;
        self.note_suspects(id, &suspect, namespace);
        if page.last {
            if let Some(node) = self.nodes.get_mut(&id) {
                (node.reported, node.known) = (true, true);
            }
            self.healing.changed();
        }
        Ok(page.last)
    }

    /// Records replicas of a chunk whose receipts were checked.
    pub fn add_stored(&mut self, key: ReplicaKey, holders: &[DatanodeId], namespace: &State) {
        self.locations.handed_out(namespace.next_chunk());
        // A commit that is told twice: since the first time datanodes have told what became of the replicas.
        if namespace.committed(key.chunk) == Some(key) {
            return;
        }
        for id in holders {
            let known = self.locations.holds(*id, key);
            let state = if known && !self.locations.replicas_of(key).verified().any(|node| node == *id) {
                ReplicaState::Stored
            } else {
                ReplicaState::Verified
            };
            self.locations.add(*id, StoredReplica { key, state }, Some(key));
        }
    }

    /// Records a replica, or its new state. Says whether it was newly found suspect.
    fn add(&mut self, id: DatanodeId, stored: StoredReplica, namespace: &State) -> bool {
        let key = stored.key;
        let committed = namespace.committed(key.chunk);
        if stored.state != ReplicaState::Stored {
            self.healing.check_ended(id, key);
        }
        if self.nodes.get_mut(&id).is_some_and(|node| node.deletions.note(stored)) {
            return false;
        }
        let added = self.locations.add(id, stored, committed);
        match added {
            Added::New => {
                self.healing.copy_arrived(id, key.chunk);
                self.healing.damage_mended(key.chunk);
                if committed.is_some() {
                    // A file has one copy more than a moment ago; it may be one too many, or on one that drains.
                    self.healing.changed();
                    self.uncount(id);
                }
            }
            Added::Known => {
                self.healing.copy_arrived(id, key.chunk);
                if stored.state == ReplicaState::Verified && committed.is_some() {
                    // It may be the proof that a plan waits for.
                    self.healing.changed();
                }
            }
            Added::Suspect | Added::Aside => self.healing.changed(),
            Added::Strange => {}
        }
        added == Added::Suspect
    }

    /// Whether a receipt still stands: the datanode is not dead, and either has told of the replica since it registered, or
    /// made the receipt in its present life and has not told of its loss.
    pub fn stands(&self, receipt: &Receipt, key: ReplicaKey, now: Timestamp) -> bool {
        let Some(node) = self.nodes.get(&receipt.node) else { return false };
        let alive = self.state(receipt.node, now) != NodeState::Dead;
        let told = self.locations.holds(receipt.node, key);
        alive && (told || (node.boot == receipt.boot && !node.lost.has(key)))
    }

    fn take_orders(&mut self, id: DatanodeId, now: Timestamp) -> Vec<Order> {
        let Some(node) = self.nodes.get_mut(&id) else { return Vec::new() };
        let count = node.orders.len().min(ORDERS_PER_REPLY_MAX);
        let orders = node.orders.drain(..count);
        let stands = |order: &Order| !matches!(order, Order::Delete { key } if !node.deletions.give(*key, now));
        orders.filter(stands).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::RegistrySettings;
    use super::*;
    use crate::master::board::Journal;
    use crate::master::clock::Clock;
    use dfs_logic::liveness::LivenessSettings;
    use dfs_rpc::wire::{NodeLoad, Register};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    #[test]
    fn a_datanode_that_reports_is_heard_from() {
        let liveness = LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };
        let settings = RegistrySettings::new(liveness);
        let journal = Arc::new(Journal::new(Clock::new()));
        let mut registry = Registry::new(settings, journal, Timestamp(0));
        let (id, address) = (DatanodeId(1), SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let register = Register { boot: 7, address, load: NodeLoad::default(), version: String::new() };
        registry.register(id, register, 5, Timestamp(0)).expect("nobody else");
        let namespace = State::new();
        let mut report = |connection, now| {
            let page = ReportPage { boot: 7, first: now == 5_000, last: false, chunks: Vec::new() };
            let taken = registry.report(id, connection, page, &namespace, Timestamp(now));
            (taken, registry.state(id, Timestamp(now)))
        };
        for seconds in [5, 10, 15, 20] {
            assert_eq!(report(5, seconds * 1000), (Ok(false), NodeState::Live), "{seconds}");
        }
        let other = (Err(Refused::NotRegistered), NodeState::Dead);
        assert_eq!(report(4, 31_000), other, "another connection is not this datanode's");
    }
}
