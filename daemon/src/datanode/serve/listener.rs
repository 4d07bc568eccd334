//! Accepts data connections and gives each a thread.

use super::connection::Connection;
use super::connections::Activity;
use super::context::Context;
use super::limits::{STACK_BYTES, STOP_TIMEOUT};
use crate::door::{Caller, Door};
use dfs_rpc::conn::DataConn;
use dfs_rpc::hello::Service;
use dfs_rpc::transport::{Connected, accept};
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves data connections until `stop`; then closes them.
pub async fn serve(context: Arc<Context>, listener: TcpListener, stop: CancellationToken) {
    let door = Door::new(context.room.bounds.strangers, stop);
    let all = context.clone();
    let take = move |caller: Caller| {
        let context = all.clone();
        tokio::spawn(async move {
            let from = caller.from;
            if let Err(error) = take(context, caller).await {
                tracing::debug!(%from, %error, "data connection refused");
            }
        });
    };
    door.keep(listener, || context.relieve(), take).await;
    let closing = tokio::task::spawn_blocking(move || context.room.connections.close(STOP_TIMEOUT));
    let _ = closing.await;
}

async fn take(context: Arc<Context>, caller: Caller) -> io::Result<()> {
    let Caller { tcp, pass, .. } = caller;
    let handshake = accept(&context.identity, tcp, &[Service::Data], context.protection);
    // A caller that is turned away is disconnected without a message.
    let Some(accepted) = pass.handshake(handshake).await else { return Ok(()) };
    let connected: Connected = accepted.map_err(io::Error::other)?;
    let peer = connected.peer.clone();
    let conn = Arc::new(DataConn::new(connected)?);
    let activity = Arc::new(Activity::default());
    let room = &context.room;
    let Some(id) = room.connections.add(&conn, &activity, &peer, room.bounds.connections) else {
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
