//! The door of a daemon: takes connections without ever waiting, and bounds those that have not shown yet who they are.
//!
//! Who is sent away is decided by [`dfs_logic::door`]; here are the sockets.

use crate::clock;
use crate::descriptors::Scarcity;
use dfs_logic::door::{CallerId, Strangers};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Callers at a door that have not shown yet who they are, in all.
pub const STRANGERS_MAX: usize = 1_024;
/// Those of one address. A handshake takes milliseconds; a crowd that sends 500 callers a second leaves each of them a second.
pub const STRANGERS_PER_ADDRESS: usize = 512;
/// After an accept that failed for lack of descriptors the next one waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Callers that are sent away at once when descriptors are scarce.
const RELIEF: usize = 16;
/// Of what happens all the time under a crowd one line is logged in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The callers at a door.
#[derive(Debug)]
pub struct Door {
    state: Mutex<State>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct State {
    strangers: Strangers,
    /// Cancelled when the caller is sent away.
    tokens: HashMap<CallerId, CancellationToken>,
    sent_away: Told,
    failed: Told,
}

/// How often something happened since it was last logged, and when that was.
#[derive(Debug, Default)]
struct Told {
    count: u64,
    last: Option<Instant>,
}

impl Told {
    /// The count, when it is to be logged now.
    fn note(&mut self) -> Option<u64> {
        self.count += 1;
        if self.last.is_some_and(|last| clock::since(last) < LOG_EVERY) {
            return None;
        }
        self.last = Some(clock::now());
        Some(std::mem::take(&mut self.count))
    }
}

/// A connection that was just taken.
#[derive(Debug)]
pub struct Caller {
    pub tcp: TcpStream,
    pub from: SocketAddr,
    pub pass: Pass,
}

/// The place of a caller at the door; free again when it is dropped.
#[derive(Debug)]
pub struct Pass {
    door: Arc<Door>,
    id: CallerId,
    token: CancellationToken,
}

impl Pass {
    /// Runs the handshake of this caller; none when it is sent away before the end, or the daemon stops.
    /// Afterwards it is no stranger any more.
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
    /// A door with room for `strangers` callers, until `stop`.
    pub fn new(strangers: usize, stop: CancellationToken) -> Arc<Self> {
        let strangers = Strangers::new(strangers, STRANGERS_PER_ADDRESS.min(strangers));
        let (sent_away, failed) = (Told::default(), Told::default());
        Arc::new(Self { state: Mutex::new(State { strangers, tokens: HashMap::new(), sent_away, failed }), stop })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Takes connections until the stop, and hands each to `take`, which must not block. When accepting fails for lack of
    /// descriptors, callers are sent away, `relieve` closes what else is idle, and accepting goes on.
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
            tracing::warn!(%error, count, "connections could not be taken");
        }
    }
}

impl State {
    fn send_away(&mut self, id: CallerId) {
        if let Some(token) = self.tokens.remove(&id) {
            token.cancel();
        }
        if let Some(count) = self.sent_away.note() {
            tracing::warn!(count, "callers that did not say who they are were sent away, since there are too many");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::AsyncReadExt;

    /// Longer than anything takes that works.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn open() -> (SocketAddr, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        (listener.local_addr().expect("address"), listener)
    }

    /// A door whose callers say nothing until they are sent away; counts those.
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
    async fn the_oldest_silent_caller_is_sent_away_and_the_stop_is_heard_at_once() {
        let stop = CancellationToken::new();
        let door = Door::new(3, stop.clone());
        let (address, listener) = open().await;
        let (keeping, ended) = silent(&door, listener);
        let mut callers = Vec::new();
        for _ in 0..4 {
            callers.push(TcpStream::connect(address).await.expect("connect"));
        }
        // The first one is closed; nobody else.
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
    async fn whoever_has_shown_who_it_is_makes_room() {
        let door = Door::new(1, CancellationToken::new());
        let pass = door.pass(IpAddr::from([127, 0, 0, 1]));
        assert_eq!(pass.handshake(async { 7 }).await, Some(7));
        assert!(door.lock().strangers.is_empty());
        // One that goes in the middle of its handshake does, too.
        drop(door.pass(IpAddr::from([127, 0, 0, 1])));
        assert!(door.lock().strangers.is_empty());
    }
}
