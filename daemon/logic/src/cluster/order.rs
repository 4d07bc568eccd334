//! Orders of the leader to one datanode, from their creation until they are carried out.

use crate::durability::deletions::{DELETIONS_MAX, Deletions};
use dfs_types::{ChunkRef, DatanodeId, ReplicaKey, StoredReplica, Timestamp};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The maximum number of orders that wait for one datanode; the next survey finds further ones
/// again.
pub const ORDERS_WAITING_MAX: usize = DELETIONS_MAX;
/// The maximum number of orders in one reply.
const ORDERS_PER_REPLY_MAX: usize = 64;

/// A datanode and the address on which it accepts data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeAddress {
    pub id: DatanodeId,
    pub address: SocketAddr,
}

/// An order to a datanode. The master adds the capability that a copy or a reconstruction needs
/// when it sends the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Send this replica down the pipeline of `targets`.
    Copy { chunk: ChunkRef, targets: Vec<NodeAddress> },
    /// Delete this replica; a suspect one is quarantined.
    Delete { key: ReplicaKey },
    /// Read this replica, compare it with its checksum, and report its state.
    Verify { key: ReplicaKey },
    /// Replace the suspect replica here by one assembled from good blocks: its own and those of
    /// `sources`.
    Reconstruct { chunk: ChunkRef, sources: Vec<NodeAddress> },
}

/// The orders of one datanode: those that wait for its next heartbeat, and its unconfirmed
/// deletions.
#[derive(Debug, Default)]
pub(super) struct OrderQueue {
    waiting: VecDeque<Order>,
    pub(super) deletions: Deletions,
}

impl OrderQueue {
    /// Queues an order; returns false if there was no room for it.
    pub(super) fn push(&mut self, order: Order) -> bool {
        let room = self.waiting.len() < ORDERS_WAITING_MAX;
        if room {
            self.waiting.push_back(order);
        }
        room
    }

    /// Queues the deletion of a replica; returns false if there was no room for it. The deletion is
    /// kept until the datanode confirms it.
    pub(super) fn delete(&mut self, stored: StoredReplica, garbage: bool, now: Timestamp) -> bool {
        let key = stored.key;
        let noted = self.deletions.begin(stored, garbage, now);
        let queued = noted && self.push(Order::Delete { key });
        if noted && !queued {
            self.deletions.end(key);
        }
        queued
    }

    /// Takes the orders of the next reply. Cancelled deletions are left out.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<Order> {
        let count = self.waiting.len().min(ORDERS_PER_REPLY_MAX);
        let orders = self.waiting.drain(..count);
        let deletions = &mut self.deletions;
        let stands = |order: &Order| !matches!(order, Order::Delete { key } if !deletions.give(*key, now));
        orders.filter(stands).collect()
    }

    /// Drops the orders that were not sent; returns the replicas that they would have deleted.
    pub(super) fn void(&mut self) -> Vec<StoredReplica> {
        self.waiting.clear();
        self.deletions.take_ungiven()
    }

    pub(super) fn drop_copies(&mut self) {
        self.waiting.retain(|order| !matches!(order, Order::Copy { .. }));
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
