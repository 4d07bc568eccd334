//! Finds the datanode of a pipeline that does not respond, before the timeouts of the pipeline do.
//!
//! A pipeline that accepts no data and returns no answer may have a slow disk, or a datanode that
//! is stopped or disconnected. A handshake distinguishes the two: it needs no disk, so a datanode
//! that is only slow answers it immediately. After half the stall time without progress, all
//! datanodes of the pipeline are probed, and have the other half to answer. Those that do not
//! answer are excluded and the chunk is sent again; while all answer, nothing is done.

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

/// The number of checks of the put's thread per stall time.
const LOOKS: u32 = 4;
/// The maximum number of pipelines that a put abandons for this reason. A detection may be wrong,
/// which costs one retransmission of the chunks in flight. Beyond this number the cause is
/// elsewhere, and only the limits of the connection apply.
const VERDICTS_MAX: u32 = 4;

/// The current wait of a put's thread, observed by another task.
#[derive(Debug, Default)]
pub(super) struct StallDetector(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Option<Waiting>,
    /// The number of waits so far; a verdict applies to one of them.
    waits: u64,
    verdicts: u32,
    /// The unresponsive datanodes because of which the connection of the current wait was closed.
    silent: Option<Vec<DatanodeId>>,
}

#[derive(Debug, Clone)]
struct Waiting {
    number: u64,
    /// The time when it began, or when all datanodes last answered.
    since: Instant,
    pipeline: Vec<NodeAddress>,
    conn: Arc<DataConn>,
}

impl StallDetector {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Runs an operation that waits for `pipeline`, with the connection to its head.
    ///
    /// # Errors
    /// The errors of `work`; [`NodeFailure::Silent`] if the connection was closed because of
    /// unresponsive datanodes.
    pub(super) fn during<T, E: Into<NodeFailure>>(
        &self,
        pipeline: &[NodeAddress],
        conn: &Arc<DataConn>,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, NodeFailure> {
        let mut state = self.lock();
        state.waits += 1;
        let (number, pipeline, conn) = (state.waits, pipeline.to_vec(), conn.clone());
        state.waiting = Some(Waiting { number, since: clock::now(), pipeline, conn });
        drop(state);
        let result = work();
        let mut state = self.lock();
        state.waiting = None;
        // Also if the work has just completed: the connection cannot be used any more.
        match state.silent.take() {
            Some(silent) => Err(NodeFailure::Silent(silent)),
            None => result.map_err(Into::into),
        }
    }

    /// Monitors the put's thread as long as it is polled.
    pub(super) async fn run(&self, transfer: &Transfer) -> Infallible {
        let half = transfer.client.settings().stall_timeout / 2;
        loop {
            tokio::time::sleep(half / LOOKS).await;
            let Some(waiting) = self.stalled(half) else { continue };
            let silent = silent(transfer, &waiting.pipeline, half).await;
            self.judge(waiting.number, silent);
        }
    }

    /// Returns the wait that has lasted too long, if any.
    fn stalled(&self, limit: Duration) -> Option<Waiting> {
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

/// Returns the datanodes of `pipeline` that do not answer a probe. Returns none if no datanode
/// answers: then this client is disconnected.
async fn silent(transfer: &Transfer, pipeline: &[NodeAddress], limit: Duration) -> Vec<DatanodeId> {
    let calls = pipeline.iter().map(|node| async move { (!answers(transfer, node, limit).await).then_some(node.id) });
    let silent: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
    if silent.len() == pipeline.len() && pipeline.len() > 1 { Vec::new() } else { silent }
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
