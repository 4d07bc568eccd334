//! Takes data connections and gives each a thread.

use super::connection::Connection;
use super::connections::Activity;
use super::context::Context;
use super::limits::{HANDSHAKES_MAX, STACK_BYTES, STOP_TIMEOUT};
use dfs_rpc::conn::DataConn;
use dfs_rpc::hello::Service;
use dfs_rpc::transport::{Connected, accept};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// After a failed accept (out of file handles, most likely) the next one waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves data connections until `stop`; then closes them.
pub async fn serve(context: Arc<Context>, listener: TcpListener, stop: CancellationToken) {
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
                context.relieve();
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(ACCEPT_PAUSE) => continue,
                }
            }
        };
        // Waiting here leaves further callers in the kernel's queue.
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = handshakes.clone().acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let context = context.clone();
        tokio::spawn(async move {
            if let Err(error) = take(context, tcp).await {
                tracing::debug!(%from, %error, "data connection refused");
            }
            drop(permit);
        });
    }
    drop(listener);
    let closing = tokio::task::spawn_blocking(move || context.room.connections.close(STOP_TIMEOUT));
    let _ = closing.await;
}

async fn take(context: Arc<Context>, tcp: TcpStream) -> io::Result<()> {
    let accepted = accept(&context.identity, tcp, &[Service::Data], context.protection).await;
    let connected: Connected = accepted.map_err(io::Error::other)?;
    let peer = connected.peer.clone();
    let conn = Arc::new(DataConn::new(connected)?);
    let activity = Arc::new(Activity::default());
    let room = &context.room;
    let Some(id) = room.connections.add(&conn, &activity, room.bounds.connections) else {
        return Err(io::Error::other("too many connections, or stopping"));
    };
    let all = context.clone();
    let connection = Connection::new(context, conn, peer.clone(), activity);
    let ended = all.clone();
    let thread = std::thread::Builder::new().name("data".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || {
        if let Err(error) = connection.run() {
            tracing::debug!(%peer, %error, "data connection ended");
        }
        ended.room.connections.remove(id);
    });
    if spawned.is_err() {
        all.room.connections.remove(id);
    }
    spawned.map(drop)
}
