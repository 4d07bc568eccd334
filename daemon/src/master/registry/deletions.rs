//! Deletions that a datanode was ordered to carry out, until it says that the replicas are gone.

use super::nodes::{ORDERS_WAITING_MAX, Registry};
use dfs_logic::liveness::NodeState;
use dfs_logic::state::State;
use dfs_rpc::wire::Order;
use dfs_types::{DatanodeId, ReplicaKey, ReplicaState, StoredReplica, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// A deletion that was not confirmed for this long counts as lost.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(60);

/// What a datanode was ordered to delete; at most [`ORDERS_WAITING_MAX`] replicas.
///
/// **Invariant:** none of them counts, whatever the datanode tells of it, until it is known that the order comes to nothing:
/// another replica might go because of one that is to go itself.
#[derive(Debug, Default)]
pub(super) struct Deletions(BTreeMap<ReplicaKey, Deletion>);

#[derive(Debug)]
struct Deletion {
    /// As last told.
    state: ReplicaState,
    /// When the order was made, or given to the datanode.
    at: Timestamp,
    given: bool,
}

impl Deletions {
    /// Notes an order; says whether there was room for it.
    fn begin(&mut self, stored: StoredReplica, now: Timestamp) -> bool {
        let room = self.0.len() < ORDERS_WAITING_MAX || self.0.contains_key(&stored.key);
        if room {
            self.0.insert(stored.key, Deletion { state: stored.state, at: now, given: false });
        }
        room
    }

    /// The datanode is given the order; whether it still stands. The datanode carries it out, or drops it, before it tells
    /// or reports anything more on this connection.
    pub(super) fn give(&mut self, key: ReplicaKey, now: Timestamp) -> bool {
        let Some(deletion) = self.0.get_mut(&key) else { return false };
        (deletion.at, deletion.given) = (now, true);
        true
    }

    /// Notes what is told of a replica; whether it is one that is to go.
    pub(super) fn note(&mut self, stored: StoredReplica) -> bool {
        let Some(deletion) = self.0.get_mut(&stored.key) else { return false };
        deletion.state = stored.state;
        true
    }

    /// The replica is gone, or the order comes to nothing; gives the replica as last told.
    pub(super) fn end(&mut self, key: ReplicaKey) -> Option<StoredReplica> {
        self.0.remove(&key).map(|deletion| StoredReplica { key, state: deletion.state })
    }

    /// Takes out those that were not given to the datanode.
    pub(super) fn take_ungiven(&mut self) -> Vec<StoredReplica> {
        self.take(|deletion| !deletion.given)
    }

    /// A full report begins: it says what has come of the orders that were given.
    pub(super) fn await_report(&mut self) {
        self.0.retain(|_, deletion| !deletion.given);
    }

    /// Takes out those that were not confirmed in time.
    fn take_lost(&mut self, now: Timestamp) -> Vec<StoredReplica> {
        self.take(|deletion| now.since(deletion.at) >= CONFIRM_TIMEOUT)
    }

    /// Takes out those orders that come to nothing; gives their replicas as last told.
    fn take(&mut self, which: impl Fn(&Deletion) -> bool) -> Vec<StoredReplica> {
        let taken = self.0.iter().filter(|(_, deletion)| which(deletion));
        let taken = taken.map(|(key, deletion)| StoredReplica { key: *key, state: deletion.state }).collect();
        self.0.retain(|_, deletion| !which(deletion));
        taken
    }
}

impl Registry {
    /// Orders a datanode to delete a replica; says whether there was room for the order. It is kept until the datanode
    /// says that the replica is gone.
    pub(super) fn order_deletion(&mut self, id: DatanodeId, stored: StoredReplica) -> bool {
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        // Whoever is given orders has just been heard from.
        let now = node.contact.last_heartbeat;
        let key = stored.key;
        let noted = node.deletions.begin(stored, now);
        let ordered = noted && node.order(Order::Delete { key });
        if noted && !ordered {
            node.deletions.end(key);
        }
        ordered
    }

    /// This master begins to lead. What it had ordered when it led before and has not given away is void: others may have
    /// decided since. Those replicas count again.
    pub fn lead(&mut self, namespace: &State) {
        self.healing.lead();
        let nodes = self.nodes.iter_mut();
        let void: Vec<_> = nodes.map(|(id, node)| (*id, node.void_orders())).collect();
        for (id, stored) in void.into_iter().flat_map(|(id, void)| void.into_iter().map(move |stored| (id, stored))) {
            self.count_again(id, stored, namespace);
        }
    }

    fn count_again(&mut self, id: DatanodeId, stored: StoredReplica, namespace: &State) {
        self.locations.add(id, stored, namespace.committed(stored.key.chunk));
    }

    /// A datanode does not carry out a deletion that it was given: the replica counts again. Why it does not passes by
    /// itself, and ends in news; until then the same order would be refused again.
    pub(super) fn deletion_refused(&mut self, id: DatanodeId, key: ReplicaKey, namespace: &State) {
        let refused = self.nodes.get_mut(&id).and_then(|node| node.deletions.end(key));
        if let Some(stored) = refused {
            self.count_again(id, stored, namespace);
        }
    }

    /// Looks for deletions that were lost. Garbage on a live datanode is ordered to be deleted once more; any other replica
    /// counts again, so that the next survey decides anew whether it is one too many: meanwhile others may have been lost.
    pub fn repeat_deletions(&mut self, namespace: &State, now: Timestamp) {
        let nodes = self.nodes.iter_mut();
        let lost: Vec<_> = nodes.map(|(id, node)| (*id, node.deletions.take_lost(now))).collect();
        for (id, lost) in lost {
            for stored in lost {
                let key = stored.key;
                if self.locations.has(id, key) {
                    continue;
                }
                tracing::warn!(node = %id, replica = %key, "a deletion was not confirmed in time");
                if namespace.is_garbage(key.chunk) && self.state(id, now) == NodeState::Live {
                    self.order_deletion(id, stored);
                } else {
                    self.count_again(id, stored, namespace);
                    self.healing.changed();
                }
            }
        }
    }
}
