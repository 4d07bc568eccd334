//! Takes data connections and gives each a thread.

use super::connection::Connection;
use super::context::Context;
use super::limits::{HANDSHAKES_MAX, STACK_BYTES, STOP_TIMEOUT};
use dfs_rpc::conn::DataConn;
use dfs_rpc::hello::Service;
use dfs_rpc::transport::{Connected, accept};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// After a failed accept (out of file handles, most likely) the next one waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The open connections, in the order in which they came.
#[derive(Debug, Default)]
struct Connections {
    state: Mutex<Open>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// No more are taken, not even those whose handshake is under way.
    closed: bool,
    open: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    conn: Arc<DataConn>,
    idle: Arc<AtomicBool>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a connection; closes the oldest idle one when there are too many, or else refuses.
    fn add(&self, conn: &Arc<DataConn>, idle: &Arc<AtomicBool>, most: usize) -> Option<u64> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        if state.open.len() >= most {
            let spare = state.open.iter().find(|(_, entry)| entry.idle.load(Ordering::Relaxed)).map(|(id, _)| *id)?;
            if let Some(entry) = state.open.remove(&spare) {
                entry.conn.close();
            }
        }
        let id = state.next;
        state.next += 1;
        state.open.insert(id, Entry { conn: conn.clone(), idle: idle.clone() });
        Some(id)
    }

    fn remove(&self, id: u64) {
        self.lock().open.remove(&id);
        self.ended.notify_all();
    }

    /// Closes all, and waits until their threads have ended or `limit` is over.
    fn close(&self, limit: Duration) {
        let mut state = self.lock();
        state.closed = true;
        state.open.values().for_each(|entry| entry.conn.close());
        let waited = self.ended.wait_timeout_while(state, limit, |state| !state.open.is_empty());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.open.is_empty() {
            tracing::warn!(connections = state.open.len(), "connections did not end in time");
        }
    }
}

/// Serves data connections, at most `most` of them, until `stop`; then closes them.
pub async fn serve(context: Arc<Context>, listener: TcpListener, most: usize, stop: CancellationToken) {
    let connections = Arc::new(Connections::default());
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let tcp = tokio::select! {
            () = stop.cancelled() => break,
            taken = listener.accept() => taken,
        };
        let (tcp, from) = match tcp {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Waiting here leaves further callers in the kernel's queue.
        let Ok(permit) = handshakes.clone().acquire_owned().await else { break };
        let (context, connections) = (context.clone(), connections.clone());
        tokio::spawn(async move {
            if let Err(error) = take(context, &connections, tcp, most).await {
                tracing::debug!(%from, %error, "data connection refused");
            }
            drop(permit);
        });
    }
    drop(listener);
    let closing = tokio::task::spawn_blocking(move || connections.close(STOP_TIMEOUT));
    let _ = closing.await;
}

async fn take(context: Arc<Context>, connections: &Arc<Connections>, tcp: TcpStream, most: usize) -> io::Result<()> {
    let accepted = accept(&context.identity, tcp, &[Service::Data], context.protection).await;
    let connected: Connected = accepted.map_err(io::Error::other)?;
    let peer = connected.peer.clone();
    let conn = Arc::new(DataConn::new(connected)?);
    let idle = Arc::new(AtomicBool::new(false));
    let Some(id) = connections.add(&conn, &idle, most) else {
        return Err(io::Error::other("too many connections, or stopping"));
    };
    let connection = Connection::new(context, conn, peer.clone(), idle);
    let all = connections.clone();
    let thread = std::thread::Builder::new().name("data".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || {
        if let Err(error) = connection.run() {
            tracing::debug!(%peer, %error, "data connection ended");
        }
        all.remove(id);
    });
    if spawned.is_err() {
        connections.remove(id);
    }
    spawned.map(drop)
}
