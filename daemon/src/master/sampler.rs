//! Samples the cluster for the curve that dashboards show.

use super::state::Master;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The interval between two samples.
const INTERVAL: Duration = Duration::from_secs(1);

/// Samples the cluster once a second until `stop`. This is a task of its own, because the worker
/// may wait for the log.
pub async fn keep_curve(master: Arc<Master>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = master.clock.now();
        let rates = master.cluster_state().rates(now);
        master.curve().note(&rates, master.published.changes(), now);
    }
}
