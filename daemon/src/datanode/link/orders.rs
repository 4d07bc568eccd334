//! Carries out the orders of the masters: copy, reconstruct, delete, verify.
//!
//! Orders may arrive twice, from one master or several. An order that is already being carried out
//! is ignored. An order to copy the same chunk to other datanodes replaces the earlier one, which
//! the masters have dropped. An order that does not fit in the queue is dropped and logged: the
//! masters are informed that a copy has ended, or that the replica of a deletion is kept.
//!
//! **Invariant:** a replica that is to be deleted is no longer listed when [`Orders::take`]
//! returns: it is not reported to any master after the order. Otherwise it could count as proof
//! that another replica may be deleted, and be deleted itself afterwards.

use super::copy::copy;
use super::reconstruct::reconstruct;
use crate::datanode::changes::Change;
use crate::datanode::serve::Context;
use crate::datanode::store::PendingDeletion;
use dfs_rpc::wire::Order;
use dfs_types::{DatanodeId, ReplicaKey};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

/// The number of threads that copy.
const COPIERS: usize = 4;
/// The number of threads that verify.
const VERIFIERS: usize = 1;
/// The maximum number of waiting orders of each kind.
const WAITING: usize = 4_096;

/// The kind of an order, and its replica. Orders with equal keys are the same order.
type Key = (u8, ReplicaKey);
/// The kind of an order: one copy or reconstruction of a replica at a time.
const COPY: u8 = 0;
const DELETE: u8 = 1;
const VERIFY: u8 = 2;

/// The orders that wait or are being carried out.
#[derive(Debug)]
pub struct Orders {
    context: Arc<Context>,
    known: Mutex<HashMap<Key, Known>>,
    /// Taken out to end the threads.
    queues: Mutex<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Queues {
    copies: Sender<(Order, CancellationToken)>,
    deletions: Sender<PendingDeletion>,
    checks: Sender<(Order, CancellationToken)>,
}

/// An order that waits or is being carried out.
#[derive(Debug)]
struct Known {
    /// The targets of a copy.
    targets: Vec<DatanodeId>,
    /// Cancelled when another order replaces this one.
    replaced: CancellationToken,
}

fn key(order: &Order) -> Key {
    match order {
        Order::Copy { chunk, .. } | Order::Reconstruct { chunk, .. } => (COPY, chunk.key()),
        Order::Delete { key } => (DELETE, *key),
        Order::Verify { key } => (VERIFY, *key),
    }
}

fn tell_dropped(key: ReplicaKey) {
    tracing::warn!(replica = %key, waiting = WAITING, "an order was dropped because too many are waiting; the masters will repeat it");
}

fn targets(order: &Order) -> Vec<DatanodeId> {
    match order {
        Order::Copy { targets, .. } => targets.iter().map(|target| target.id).collect(),
        Order::Reconstruct { .. } | Order::Delete { .. } | Order::Verify { .. } => Vec::new(),
    }
}

impl Orders {
    /// Starts the threads that carry out orders.
    ///
    /// # Errors
    /// Returns an error if the system cannot start more threads.
    pub fn start(context: Arc<Context>) -> io::Result<Arc<Self>> {
        let (copies, copy_queue) = channel(WAITING);
        let (deletions, deletion_queue) = channel(WAITING);
        let (checks, check_queue) = channel(WAITING);
        let orders = Arc::new(Self {
            context,
            known: Mutex::default(),
            queues: Mutex::new(Some(Queues { copies, deletions, checks })),
            threads: Mutex::default(),
            stop: CancellationToken::new(),
        });
        for (name, threads, queue) in [("copy", COPIERS, copy_queue), ("verify", VERIFIERS, check_queue)] {
            let queue = Arc::new(Mutex::new(queue));
            for _ in 0..threads {
                let (own, queue) = (orders.clone(), queue.clone());
                orders.spawn(name, move || own.work(&queue))?;
            }
        }
        let own = orders.clone();
        orders.spawn("delete", move || own.delete(deletion_queue))?;
        Ok(orders)
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Carries out copies, or verifications, until the queue is closed.
    fn work(&self, queue: &Mutex<Receiver<(Order, CancellationToken)>>) {
        loop {
            let order = queue.lock().blocking_recv();
            let Some((order, replaced)) = order else { return };
            if !replaced.is_cancelled() {
                self.carry_out(&order, &replaced);
            }
            let mut known = self.known.lock();
            if !replaced.is_cancelled() {
                known.remove(&key(&order));
            }
        }
    }

    /// Deletes the files of replicas that are no longer listed, until the queue is closed.
    fn delete(&self, mut queue: Receiver<PendingDeletion>) {
        while let Some(deletion) = queue.blocking_recv() {
            let key = deletion.key();
            if self.stop.is_cancelled() {
                continue;
            }
            if let Err(error) = deletion.remove() {
                tracing::warn!(replica = %key, %error, "delete failed");
            }
        }
    }

    /// Queues orders.
    pub fn take(&self, orders: Vec<Order>) {
        let queues = self.queues.lock();
        let Some(queues) = queues.as_ref() else { return };
        for order in orders {
            if let Order::Delete { key } = order {
                self.strike_off(key, &queues.deletions);
                continue;
            }
            let key = key(&order);
            let Some(replaced) = self.note(key, targets(&order)) else { continue };
            let queue = if key.0 == COPY { &queues.copies } else { &queues.checks };
            if queue.try_send((order, replaced)).is_err() {
                tell_dropped(key.1);
                self.known.lock().remove(&key);
                if key.0 == COPY {
                    self.context.store.changes().push(Change::CopyEnded(key.1.chunk));
                }
            }
        }
    }

    /// Removes a replica from the list, if there is room in the queue of deletions.
    fn strike_off(&self, key: ReplicaKey, queue: &Sender<PendingDeletion>) {
        let store = &self.context.store;
        match queue.try_reserve().map(|place| (place, store.strike_off(key))) {
            Ok((place, Ok(Some(deletion)))) => return place.send(deletion),
            Ok((_, Ok(None))) => return,
            Ok((_, Err(error))) => tracing::debug!(replica = %key, %error, "a replica was not deleted"),
            Err(_) => tell_dropped(key),
        }
        store.changes().push(Change::Kept(key));
    }

    /// Records an order; none if it is known already. An earlier copy of the same chunk to other
    /// datanodes is cancelled.
    fn note(&self, key: Key, targets: Vec<DatanodeId>) -> Option<CancellationToken> {
        let mut known = self.known.lock();
        if let Some(earlier) = known.get(&key) {
            if earlier.targets == targets {
                return None;
            }
            earlier.replaced.cancel();
        }
        let replaced = self.stop.child_token();
        known.insert(key, Known { targets, replaced: replaced.clone() });
        Some(replaced)
    }

    /// Carries out an order; `replaced` is cancelled when another order replaces this one, and at
    /// the stop.
    fn carry_out(&self, order: &Order, replaced: &CancellationToken) {
        let store = &self.context.store;
        match order {
            Order::Copy { chunk, targets, capability } => {
                match copy(&self.context, chunk, targets, capability, replaced) {
                    Ok(()) => tracing::debug!(chunk = %chunk.id, "copied"),
                    Err(error) => tracing::warn!(chunk = %chunk.id, error = %error.error, "copy failed"),
                }
                // The masters would take it for the end of the order that replaced this one.
                if !replaced.is_cancelled() {
                    store.changes().push(Change::CopyEnded(chunk.id));
                }
            }
            Order::Reconstruct { chunk, sources, capability } => {
                match reconstruct(&self.context, chunk, sources, capability, replaced) {
                    Ok(()) => tracing::info!(chunk = %chunk.id, "a suspect replica was reconstructed"),
                    Err(error) => tracing::error!(chunk = %chunk.id, error = %error.error, "reconstruction failed"),
                }
                if !replaced.is_cancelled() {
                    store.changes().push(Change::CopyEnded(chunk.id));
                }
            }
            // The replica was removed from the list when the order was taken.
            Order::Delete { .. } => {}
            // The store itself reports the state of the replica.
            Order::Verify { key } => match store.verify(*key) {
                Ok(()) => tracing::debug!(replica = %key, "verified"),
                Err(error) => tracing::warn!(replica = %key, %error, "verify failed"),
            },
        }
    }

    /// Ends the threads: cancels orders that are being carried out, and drops the waiting ones.
    /// Blocks until then.
    pub fn stop(&self) {
        self.stop.cancel();
        self.queues.lock().take();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that carries out orders panicked");
            }
        }
    }
}
