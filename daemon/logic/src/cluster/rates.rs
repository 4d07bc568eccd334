//! The rates of all datanodes together.

use super::monitor::ReplicationMonitor;
use super::nodes::Nodes;
use crate::liveness::NodeState;
use crate::repair::Counts;
use dfs_types::Timestamp;
use dfs_types::rates::Rates;
use std::sync::Arc;

/// The sum over all datanodes at one moment.
#[derive(Debug, Clone, Default)]
pub struct ClusterRates {
    /// The sum over the live datanodes whose rates are known; none until two heartbeats of one
    /// datanode arrived.
    pub rates: Option<Rates>,
    /// Bytes used on live datanodes.
    pub used: u64,
    /// The counts of the last survey; none before the first, and in safe mode.
    pub counts: Option<Arc<Counts>>,
}

impl ClusterRates {
    /// Samples the rates, and drops the rates of datanodes that are not live. O(datanodes), without
    /// an allocation, called once per second: the sums of each load are cached.
    pub(super) fn sample(nodes: &mut Nodes, monitor: &ReplicationMonitor, now: Timestamp) -> Self {
        let mut all = Self { counts: monitor.is_known().then(|| monitor.counts()), ..Self::default() };
        let liveness = nodes.settings.liveness;
        for node in nodes.by_id.values_mut() {
            if node.contact.state(now, &liveness) != NodeState::Live {
                node.pace.lose();
                continue;
            }
            node.pace.add(node.counters);
            all.used = all.used.saturating_add(node.used);
            if let Some(rates) = node.pace.rates() {
                all.rates.get_or_insert_default().add(&rates);
            }
        }
        all
    }
}
