//! Finds out which datanode of a chain has fallen silent, sooner than the chain itself does.
//!
//! A chain that takes no byte and gives no answer may have a slow disk somewhere, or a datanode that is stopped or cut off.
//! A handshake tells them apart: it needs no disk, so that a datanode that is merely slow answers it at once. After half
//! the stall time without progress all datanodes of the chain are called, and have the other half to answer. Who does
//! not is left out and the chunk sent again; while all answer, nothing happens.

use crate::clock;
use crate::transfer::{NodeFailure, Transfer};
use dfs_rpc::conn::DataConn;
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport::{ConnectError, connect};
use dfs_rpc::wire::NodeAddress;
use dfs_types::DatanodeId;
use futures::future::join_all;
use parking_lot::{Mutex, MutexGuard};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the put's thread is looked after, in parts of the time without progress that is too long.
const LOOKS: u32 = 4;
/// Times that a put gives a chain up for this reason. Each may be an error, which costs one more sending of the chunks in
/// flight; after so many the trouble is elsewhere, and the limits of the connection alone count.
const VERDICTS_MAX: u32 = 4;

/// What the thread of a put waits for, seen from beside it.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Option<Waiting>,
    /// How many waits there were: a verdict is for one of them.
    waits: u64,
    verdicts: u32,
    /// The datanodes for whose silence the connection of the present wait was closed.
    silent: Option<Vec<DatanodeId>>,
}

#[derive(Debug, Clone)]
struct Waiting {
    number: u64,
    /// When it began, or when all datanodes were last found to answer.
    since: Instant,
    chain: Vec<NodeAddress>,
    conn: Arc<DataConn>,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Does something that waits for `chain`, with the connection to its head.
    ///
    /// # Errors
    /// Those of `work`; [`NodeFailure::Silent`] when the connection was closed under its hands.
    pub(super) fn during<T, E: Into<NodeFailure>>(
        &self,
        chain: &[NodeAddress],
        conn: &Arc<DataConn>,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, NodeFailure> {
        let mut state = self.lock();
        state.waits += 1;
        let (number, chain, conn) = (state.waits, chain.to_vec(), conn.clone());
        state.waiting = Some(Waiting { number, since: clock::now(), chain, conn });
        drop(state);
        let result = work();
        let mut state = self.lock();
        state.waiting = None;
        // Also where the work was just done: nothing more comes over that connection.
        match state.silent.take() {
            Some(silent) => Err(NodeFailure::Silent(silent)),
            None => result.map_err(Into::into),
        }
    }

    /// Looks after the put's thread for as long as it is polled.
    pub(super) async fn run(&self, transfer: &Transfer) -> Infallible {
        let half = transfer.client.settings().stall_timeout / 2;
        loop {
            tokio::time::sleep(half / LOOKS).await;
            let Some(waiting) = self.overdue(half) else { continue };
            let silent = silent(transfer, &waiting.chain, half).await;
            self.judge(waiting.number, silent);
        }
    }

    /// What has been waited for too long.
    fn overdue(&self, limit: Duration) -> Option<Waiting> {
        let state = self.lock();
        let waiting = state.waiting.as_ref().filter(|waiting| clock::since(waiting.since) >= limit)?;
        (state.verdicts < VERDICTS_MAX).then(|| waiting.clone())
    }

    fn judge(&self, number: u64, silent: Vec<DatanodeId>) {
        let mut state = self.lock();
        let State { waiting, verdicts, silent: verdict, .. } = &mut *state;
        let Some(waiting) = waiting.as_mut().filter(|waiting| waiting.number == number) else { return };
        if silent.is_empty() {
            waiting.since = clock::now();
            return;
        }
        *verdicts += 1;
        *verdict = Some(silent);
        waiting.conn.close();
    }
}

/// Which datanodes of `chain` do not answer a call. None when nobody does: then it is us who are cut off.
async fn silent(transfer: &Transfer, chain: &[NodeAddress], limit: Duration) -> Vec<DatanodeId> {
    let calls = chain.iter().map(|node| async move { (!answers(transfer, node, limit).await).then_some(node.id) });
    let silent: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
    if silent.len() == chain.len() && chain.len() > 1 { Vec::new() } else { silent }
}

async fn answers(transfer: &Transfer, node: &NodeAddress, limit: Duration) -> bool {
    let shared = &transfer.client.shared;
    let (expected, protection) = (Expected::Datanode(node.id), shared.settings.data_protection);
    match connect(&shared.identity, node.address, expected, Service::Data, protection, limit).await {
        Ok(_) | Err(ConnectError::Refused { .. }) => true,
        Err(error) => {
            tracing::debug!(path = %transfer.path, node = %node.id, %error, "does not answer");
            false
        }
    }
}
