//! The completed and the remaining work of the jobs of the leader.

use super::state::ClusterState;
use crate::jobs::Work;
use crate::state::State;
use dfs_types::Timestamp;

impl ClusterState {
    /// Returns the work of repair in replicas, as of the last complete survey and the orders since:
    /// copies, reconstructions, and deletions of surplus replicas. It waits while none of it is in
    /// progress and none can be started.
    pub fn repair_work(&self, state: &State, now: Timestamp) -> Work {
        let monitor = &self.monitor;
        let deleting = self.deleting().1;
        let done = monitor.finished.copied + monitor.finished.surplus;
        let left = monitor.needed.make + monitor.needed.delete + deleting;
        let in_progress = monitor.copying() > 0 || deleting > 0;
        let can_begin = monitor.blocked().under_way > 0 || monitor.needed.delete > 0;
        let goes_on = in_progress || can_begin && self.may_repair(state, now);
        Work { done, left, waits: left > 0 && !goes_on }
    }

    /// Returns the work of garbage collection in replicas. Chunks that the search has not reached
    /// yet are not counted.
    pub fn collect_work(&self) -> Work {
        Work { done: self.monitor.finished.garbage, left: self.deleting().0, waits: false }
    }

    /// Counts the deletions that were ordered and are not complete: those of garbage, and those of
    /// surplus replicas.
    fn deleting(&self) -> (u64, u64) {
        let counts = self.nodes.by_id.values().map(|node| node.orders.deletions.counts());
        counts.fold((0, 0), |sums, counts| (sums.0 + counts.0, sums.1 + counts.1))
    }
}
