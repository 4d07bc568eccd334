//! The entry point for connections of a daemon: accepts connections without ever waiting for
//! another caller, and bounds the unauthenticated ones.
//!
//! [`dfs_logic::door`] decides which callers are disconnected; this module has the sockets.

use crate::clock;
use crate::descriptors::Scarcity;
use dfs_logic::door::{CallerId, PendingCallers};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// The maximum number of unauthenticated callers.
pub const STRANGERS_MAX: usize = 1_024;
/// The maximum number of unauthenticated callers from one address. A handshake takes milliseconds;
/// even if 500 callers connect per second, each has a second.
pub const STRANGERS_PER_ADDRESS: usize = 512;
/// The pause after an accept that failed for lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The number of callers that are disconnected at once when descriptors are scarce.
const RELIEF: usize = 16;
/// Events that are frequent under a flood of connections are logged at most once in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The callers that are not authenticated yet, and the limit on their number.
#[derive(Debug)]
pub struct Door {
    state: Mutex<State>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct State {
    strangers: PendingCallers,
    /// Cancelled when the caller is disconnected.
    tokens: HashMap<CallerId, CancellationToken>,
    disconnected: LoggedCount,
    failed: LoggedCount,
}

/// A count of events since they were last logged, and the time of that.
#[derive(Debug, Default)]
struct LoggedCount {
    count: u64,
    last: Option<Instant>,
}

impl LoggedCount {
    /// Counts an event; returns the count if it should be logged now.
    fn note(&mut self) -> Option<u64> {
        self.count += 1;
        if self.last.is_some_and(|last| clock::since(last) < LOG_EVERY) {
            return None;
        }
        self.last = Some(clock::now());
        Some(std::mem::take(&mut self.count))
    }
}

/// A connection that was just accepted.
#[derive(Debug)]
pub struct Caller {
    pub tcp: TcpStream,
    pub from: SocketAddr,
    pub pass: Pass,
}

/// The slot of an unauthenticated caller; it becomes free when this is dropped.
#[derive(Debug)]
pub struct Pass {
    door: Arc<Door>,
    id: CallerId,
    token: CancellationToken,
}

impl Pass {
    /// Runs the handshake of this caller; none if the caller is disconnected before the end, or the
    /// daemon stops. After the handshake the caller no longer counts as unauthenticated.
    pub async fn handshake<T>(self, handshake: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => None,
            done = handshake => Some(done),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.door.lock();
        state.strangers.leave(self.id);
        state.tokens.remove(&self.id);
    }
}

impl Door {
    /// Makes a door for up to `strangers` unauthenticated callers, until `stop`.
    pub fn new(strangers: usize, stop: CancellationToken) -> Arc<Self> {
        let strangers = PendingCallers::new(strangers, STRANGERS_PER_ADDRESS.min(strangers));
        let (disconnected, failed) = (LoggedCount::default(), LoggedCount::default());
        Arc::new(Self { state: Mutex::new(State { strangers, tokens: HashMap::new(), disconnected, failed }), stop })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Accepts connections until the stop, and hands each to `take`, which must not block. If
    /// accepting fails for lack of descriptors, callers are disconnected, `relieve` closes idle
    /// connections, and accepting continues.
    pub async fn keep(self: Arc<Self>, listener: TcpListener, relieve: impl Fn(), mut take: impl FnMut(Caller)) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, from)) => take(Caller { tcp, from, pass: self.pass(from.ip()) }),
                Err(error) => {
                    self.failed(&error);
                    if error.is_scarcity() {
                        (0..RELIEF).for_each(|_| self.shed());
                        relieve();
                        tokio::select! {
                            () = self.stop.cancelled() => return,
                            () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                        }
                    }
                }
            }
        }
    }

    fn pass(self: &Arc<Self>, from: IpAddr) -> Pass {
        let mut state = self.lock();
        let (id, shed) = state.strangers.arrive(from);
        let token = self.stop.child_token();
        state.tokens.insert(id, token.clone());
        if let Some(shed) = shed {
            state.send_away(shed);
        }
        drop(state);
        Pass { door: self.clone(), id, token }
    }

    fn shed(&self) {
        let mut state = self.lock();
        if let Some(shed) = state.strangers.shed() {
            state.send_away(shed);
        }
    }

    fn failed(&self, error: &std::io::Error) {
        if let Some(count) = self.lock().failed.note() {
            tracing::warn!(%error, count, "connections could not be accepted");
        }
    }
}

impl State {
    fn send_away(&mut self, id: CallerId) {
        if let Some(token) = self.tokens.remove(&id) {
            token.cancel();
        }
        if let Some(count) = self.disconnected.note() {
            tracing::warn!(count, "unauthenticated callers were disconnected, because there are too many");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::AsyncReadExt;

    /// Longer than any successful operation takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn open() -> (SocketAddr, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        (listener.local_addr().expect("address"), listener)
    }

    /// Makes a door whose callers send nothing until they are disconnected; counts those.
    fn silent(door: &Arc<Door>, listener: TcpListener) -> (tokio::task::JoinHandle<()>, Arc<AtomicUsize>) {
        let ended = Arc::new(AtomicUsize::new(0));
        let count = ended.clone();
        let keeping = door.clone().keep(
            listener,
            || (),
            move |caller| {
                let count = count.clone();
                tokio::spawn(async move {
                    let Caller { mut tcp, pass, .. } = caller;
                    let read = pass.handshake(async move { tcp.read_u8().await.is_ok() }).await;
                    count.fetch_add(usize::from(read.is_none()), Ordering::SeqCst);
                });
            },
        );
        (tokio::spawn(keeping), ended)
    }

    #[tokio::test]
    async fn the_oldest_silent_caller_is_disconnected_and_a_stop_works_at_once() {
        let stop = CancellationToken::new();
        let door = Door::new(3, stop.clone());
        let (address, listener) = open().await;
        let (keeping, ended) = silent(&door, listener);
        let mut callers = Vec::new();
        for _ in 0..4 {
            callers.push(TcpStream::connect(address).await.expect("connect"));
        }
        // The first one is closed, and no other.
        let closed = tokio::time::timeout(PATIENCE, callers[0].read_u8()).await.expect("in time");
        assert!(closed.is_err());
        assert_eq!(door.lock().strangers.len(), 3);
        stop.cancel();
        tokio::time::timeout(PATIENCE, keeping).await.expect("in time").expect("no panic");
        for caller in &mut callers[1..] {
            let closed = tokio::time::timeout(PATIENCE, caller.read_u8()).await.expect("in time");
            assert!(closed.is_err());
        }
        assert_eq!(ended.load(Ordering::SeqCst), 4);
        let state = door.lock();
        assert!(state.strangers.is_empty() && state.tokens.is_empty());
    }

    #[tokio::test]
    async fn an_authenticated_caller_makes_room() {
        let door = Door::new(1, CancellationToken::new());
        let pass = door.pass(IpAddr::from([127, 0, 0, 1]));
        assert_eq!(pass.handshake(async { 7 }).await, Some(7));
        assert!(door.lock().strangers.is_empty());
        // A caller that ends in the middle of its handshake frees its slot, too.
        drop(door.pass(IpAddr::from([127, 0, 0, 1])));
        assert!(door.lock().strangers.is_empty());
    }
}
