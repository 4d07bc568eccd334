//! What the masters have this datanode do: copy, mend, delete, verify.
//!
//! Orders may come twice, from one master or several. One that is being carried out already is passed over. A copy of the
//! same chunk to other datanodes takes the place of the earlier one, which the masters have given up. One that finds no
//! place in the queue is dropped and logged: of a copy the masters are told that it has ended, of a deletion that the
//! replica is kept.
//!
//! **Invariant:** what is to be deleted is listed no more when [`Orders::take`] returns: it is told and reported to no master
//! after the order. Otherwise it could count as proof that another replica may go, and be deleted itself afterwards.

use super::copy::copy;
use super::mend::mend;
use crate::datanode::changes::Change;
use crate::datanode::serve::Context;
use crate::datanode::store::Doomed;
use dfs_rpc::wire::Order;
use dfs_types::{DatanodeId, ReplicaKey};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

/// Copies at the same time.
const COPIERS: usize = 4;
/// Threads that verify.
const VERIFIERS: usize = 1;
/// Orders that wait, of each sort.
const WAITING: usize = 4_096;

/// The sort of an order, and its replica: what makes two orders the same.
type Key = (u8, ReplicaKey);
/// The sorts: one copy or mend of a replica at a time.
const COPY: u8 = 0;
const DELETE: u8 = 1;
const VERIFY: u8 = 2;

/// The orders that wait or are being carried out.
#[derive(Debug)]
pub struct Orders {
    context: Arc<Context>,
    known: Mutex<HashMap<Key, Known>>,
    /// Taken away to end the threads.
    queues: Mutex<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Queues {
    copies: Sender<(Order, CancellationToken)>,
    deletions: Sender<Doomed>,
    checks: Sender<(Order, CancellationToken)>,
}

/// An order that waits or is being carried out.
#[derive(Debug)]
struct Known {
    /// The datanodes that a copy goes to.
    targets: Vec<DatanodeId>,
    /// Ends it when another order takes its place.
    replaced: CancellationToken,
}

fn key(order: &Order) -> Key {
    match order {
        Order::Copy { chunk, .. } | Order::Mend { chunk, .. } => (COPY, chunk.key()),
        Order::Delete { key } => (DELETE, *key),
        Order::Verify { key } => (VERIFY, *key),
    }
}

fn tell_dropped(key: ReplicaKey) {
    tracing::warn!(replica = %key, waiting = WAITING, "an order was dropped: too many wait; the masters repeat it");
}

fn targets(order: &Order) -> Vec<DatanodeId> {
    match order {
        Order::Copy { targets, .. } => targets.iter().map(|target| target.id).collect(),
        Order::Mend { .. } | Order::Delete { .. } | Order::Verify { .. } => Vec::new(),
    }
}

impl Orders {
    /// Starts the threads that carry out orders.
    ///
    /// # Errors
    /// When the system has no more threads to give.
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

    /// Deletes the files of replicas that were struck off, until the queue is closed.
    fn delete(&self, mut queue: Receiver<Doomed>) {
        while let Some(doomed) = queue.blocking_recv() {
            let key = doomed.key();
            if self.stop.is_cancelled() {
                continue;
            }
            if let Err(error) = doomed.remove() {
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

    /// Nothing is struck off whose file cannot be deleted in its turn.
    fn strike_off(&self, key: ReplicaKey, queue: &Sender<Doomed>) {
        let store = &self.context.store;
        match queue.try_reserve().map(|place| (place, store.strike_off(key))) {
            Ok((place, Ok(Some(doomed)))) => return place.send(doomed),
            Ok((_, Ok(None))) => return,
            Ok((_, Err(error))) => tracing::debug!(replica = %key, %error, "a replica is not deleted"),
            Err(_) => tell_dropped(key),
        }
        store.changes().push(Change::Kept(key));
    }

    /// Notes an order; none when it is known already. An earlier copy of the same chunk to other datanodes is ended.
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

    /// `replaced` is cancelled when another order takes the place of this one, and at the stop.
    fn carry_out(&self, order: &Order, replaced: &CancellationToken) {
        let store = &self.context.store;
        match order {
            Order::Copy { chunk, targets, capability } => {
                match copy(&self.context, chunk, targets, capability, replaced) {
                    Ok(()) => tracing::debug!(chunk = %chunk.id, "copied"),
                    Err(error) => tracing::warn!(chunk = %chunk.id, error = %error.error, "copy failed"),
                }
                // The masters would take it for the end of the order that has taken its place.
                if !replaced.is_cancelled() {
                    store.changes().push(Change::CopyEnded(chunk.id));
                }
            }
            Order::Mend { chunk, sources, capability } => {
                match mend(&self.context, chunk, sources, capability, replaced) {
                    Ok(()) => tracing::info!(chunk = %chunk.id, "a suspect replica was mended"),
                    Err(error) => tracing::error!(chunk = %chunk.id, error = %error.error, "mend failed"),
                }
                if !replaced.is_cancelled() {
                    store.changes().push(Change::CopyEnded(chunk.id));
                }
            }
            // It was when it was taken.
            Order::Delete { .. } => {}
            // The store itself tells the state of the replica.
            Order::Verify { key } => match store.verify(*key) {
                Ok(()) => tracing::debug!(replica = %key, "verified"),
                Err(error) => tracing::warn!(replica = %key, %error, "verify failed"),
            },
        }
    }

    /// Ends the threads: what is being carried out is broken off, what waits is forgotten. Blocks until then.
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
