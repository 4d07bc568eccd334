//! The open data connections of a datanode, and the selection of those that may be closed.

use crate::clock;
use dfs_logic::door::per_principal;
use dfs_rpc::conn::DataConn;
use dfs_types::Principal;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection counts as idle only after this time without a chunk: a new caller is about to send
/// its first request.
const GRACE: Duration = Duration::from_millis(500);

/// The activity of a connection: its chunks in progress, and the time since when there are none.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<(usize, Instant)>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { state: Mutex::new((0, clock::now())) }
    }
}

/// Marks a connection as busy until it is dropped.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

impl Activity {
    fn lock(&self) -> MutexGuard<'_, (usize, Instant)> {
        self.state.lock()
    }

    /// Counts a chunk on this connection.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.lock().0 += 1;
        Busy(self.clone())
    }

    /// Returns the time since when nothing is in progress; none while a chunk is.
    fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.0 == 0).then_some(state.1)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        *state = (state.0.saturating_sub(1), clock::now());
    }
}

/// The open connections, in the order of their arrival.
#[derive(Debug, Default)]
pub struct Connections {
    state: Mutex<Open>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// True if no more connections are accepted, including those whose handshake is in progress.
    closed: bool,
    open: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    conn: Arc<DataConn>,
    activity: Arc<Activity>,
    peer: Principal,
}

impl Open {
    /// Closes the connection that has been idle longest, of this peer if one is given; returns
    /// false if none is idle.
    fn shed(&mut self, of: Option<&Principal>) -> bool {
        let concerned = self.open.iter().filter(|(_, entry)| of.is_none_or(|peer| entry.peer == *peer));
        let idle = concerned.filter_map(|(id, entry)| Some((entry.activity.idle_since()?, *id)));
        let Some((since, id)) = idle.min() else { return false };
        if clock::since(since) < GRACE {
            return false;
        }
        if let Some(entry) = self.open.remove(&id) {
            entry.conn.close();
        }
        true
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.state.lock()
    }

    /// Adds a connection; if there are `most` connections, or too many of its peer, closes the one
    /// idle longest, or else refuses.
    pub fn add(&self, conn: &Arc<DataConn>, activity: &Arc<Activity>, peer: &Principal, most: usize) -> Option<u64> {
        let mut state = self.lock();
        let of_peer = state.open.values().filter(|entry| entry.peer == *peer).count();
        let has_room = if of_peer >= per_principal(most) {
            state.shed(Some(peer))
        } else {
            state.open.len() < most || state.shed(None)
        };
        if state.closed || !has_room {
            return None;
        }
        let id = state.next;
        state.next += 1;
        state.open.insert(id, Entry { conn: conn.clone(), activity: activity.clone(), peer: peer.clone() });
        Some(id)
    }

    /// Removes a connection that has ended.
    pub fn remove(&self, id: u64) {
        self.lock().open.remove(&id);
        self.ended.notify_all();
    }

    /// Closes up to `count` idle connections, those idle longest first.
    pub fn shed(&self, count: usize) -> usize {
        let mut state = self.lock();
        (0..count).take_while(|_| state.shed(None)).count()
    }

    /// Closes all connections, and waits until their threads have ended or `limit` has passed.
    pub fn close(&self, limit: Duration) {
        let mut state = self.lock();
        state.closed = true;
        state.open.values().for_each(|entry| entry.conn.close());
        self.ended.wait_while_for(&mut state, |state| !state.open.is_empty(), limit);
        if !state.open.is_empty() {
            tracing::warn!(connections = state.open.len(), "connections did not end in time");
        }
    }
}
