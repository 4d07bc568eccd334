//! What datanodes tell: heartbeats and chunk reports.

use super::nodes::Registry;
use dfs_logic::collect::is_garbage;
use dfs_logic::locations::Added;
use dfs_logic::namespace::Namespace;
use dfs_rpc::CHUNKS_PER_REPORT_MAX;
use dfs_rpc::curve::Heard;
use dfs_rpc::node::{Heartbeat, Order, ReportPage, StoredChunk};
use dfs_types::{ChunkId, DatanodeId, Generation, Timestamp};
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
        namespace: &Namespace,
        leads: bool,
        now: Timestamp,
    ) -> Result<Vec<Order>, Refused> {
        let told =
            heartbeat.added.len() + heartbeat.removed.len() + heartbeat.damaged.len() + heartbeat.copies_ended.len();
        if told > 4 * CHUNKS_PER_REPORT_MAX {
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
        self.note_damage(id, &heartbeat.damaged, namespace);
        for stored in &heartbeat.added {
            self.add(id, *stored, namespace, leads);
        }
        for chunk in &heartbeat.copies_ended {
            self.healing.copy_ended(id, *chunk, now);
        }
        Ok(if leads { self.take_orders(id) } else { Vec::new() })
    }

    /// Forgets a replica. Says whether a file has one copy less for it.
    fn lose(&mut self, id: DatanodeId, chunk: ChunkId, namespace: &Namespace) -> bool {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.deletions.confirm(chunk);
        }
        let lost = self.locations.remove(id, chunk) && namespace.chunk(chunk).is_some();
        if lost {
            self.healing.changed();
        }
        lost
    }

    /// Forgets replicas that a datanode found damaged. What it says twice is told once.
    fn note_damage(&mut self, id: DatanodeId, damaged: &[ChunkId], namespace: &Namespace) {
        let lost: Vec<ChunkId> = damaged.iter().copied().filter(|chunk| self.lose(id, *chunk, namespace)).collect();
        let Some(first) = lost.first() else { return };
        tracing::warn!(node = %id, chunks = lost.len(), %first, "damaged replicas");
        let text = match lost.len() {
            1 => format!("found its copy of chunk {first} damaged"),
            count => format!("found its copies of {count} chunks damaged, of {first} among others"),
        };
        self.journal.warning(Some(id), text);
        lost.into_iter().for_each(|chunk| self.healing.damage_found(chunk));
    }

    /// Takes a page of a full report. Says whether it was the last one.
    ///
    /// # Errors
    /// As [`Registry::heartbeat`], or when the pages are not in order.
    pub fn report(
        &mut self,
        id: DatanodeId,
        connection: u64,
        page: &ReportPage,
        namespace: &Namespace,
        leads: bool,
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
        self.locations.handed_out(namespace.next_chunk());
        let chunks: Vec<(ChunkId, Generation)> = page.chunks.iter().map(|chunk| (chunk.id, chunk.generation)).collect();
        let strange = self.locations.report_page(id, page.first, page.last, &chunks).map_err(|_| Refused::Report)?;
        for stored in page.chunks.iter().filter(|stored| strange.binary_search(&stored.id).is_ok()) {
            self.delete_garbage(id, *stored, namespace, leads);
        }
        if page.last {
            if let Some(node) = self.nodes.get_mut(&id) {
                (node.reported, node.known) = (true, true);
            }
            self.healing.changed();
        }
        Ok(page.last)
    }

    /// Records replicas whose receipts were checked.
    pub fn add_stored(&mut self, stored: StoredChunk, holders: &[DatanodeId], namespace: &Namespace) {
        self.locations.handed_out(namespace.next_chunk());
        for id in holders {
            self.locations.add(*id, stored.id, stored.generation);
        }
    }

    fn add(&mut self, id: DatanodeId, stored: StoredChunk, namespace: &Namespace, leads: bool) {
        match self.locations.add(id, stored.id, stored.generation) {
            Added::New => {
                self.healing.copy_arrived(id, stored.id);
                self.healing.damage_mended(stored.id);
                if namespace.chunk(stored.id).is_some() {
                    // A file has one copy more than a moment ago; it may be one too many, or on one that drains.
                    self.healing.changed();
                    self.uncount(id);
                }
            }
            Added::Known => self.healing.copy_arrived(id, stored.id),
            Added::Old | Added::Strange => self.delete_garbage(id, stored, namespace, leads),
        }
    }

    /// A replica that is not recorded is not found by the search for garbage: it goes now, if it is any.
    fn delete_garbage(&mut self, id: DatanodeId, stored: StoredChunk, namespace: &Namespace, leads: bool) {
        if !leads || !is_garbage(namespace, stored.id, stored.generation) {
            return;
        }
        // Without room for the order, the next full report brings the replica up again.
        self.order_deletion(id, stored.id, stored.generation);
    }

    fn take_orders(&mut self, id: DatanodeId) -> Vec<Order> {
        let Some(node) = self.nodes.get_mut(&id) else { return Vec::new() };
        let count = node.orders.len().min(ORDERS_PER_REPLY_MAX);
        node.orders.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::RegistrySettings;
    use super::*;
    use crate::master::board::Journal;
    use crate::master::clock::Clock;
    use dfs_logic::liveness::{LivenessSettings, NodeState};
    use dfs_rpc::node::{NodeLoad, Register};
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
        let namespace = Namespace::new();
        let mut report = |connection, now| {
            let page = ReportPage { boot: 7, first: now == 5_000, last: false, chunks: Vec::new() };
            let taken = registry.report(id, connection, &page, &namespace, true, Timestamp(now));
            (taken, registry.state(id, Timestamp(now)))
        };
        for seconds in [5, 10, 15, 20] {
            assert_eq!(report(5, seconds * 1000), (Ok(false), NodeState::Live), "{seconds}");
        }
        let other = (Err(Refused::NotRegistered), NodeState::Dead);
        assert_eq!(report(4, 31_000), other, "another connection is not this datanode's");
    }
}
