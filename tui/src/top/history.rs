//! The history, second by second: of the cluster as the answering master recorded it, of each
//! datanode as the dashboard observed it.
//!
//! A second without data is a gap, not a zero.

use dfs_client::{NodeState, NodeStatus, Snapshot};
use dfs_rpc::curve::{Pace, Rates, Second};
use dfs_rpc::view::ReplicaCount;
use dfs_types::{DatanodeId, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Seconds that are kept of the cluster.
pub const SECONDS_KEPT: usize = dfs_rpc::CURVE_SECONDS_MAX;
/// Seconds that are kept of each datanode.
pub const NODE_SECONDS_KEPT: usize = 120;
/// The rate of re-replication is the mean over this many seconds.
const REPAIR_SPAN: usize = 20;
/// The maximum age of a snapshot that still counts as current, in seconds: twice the slowest
/// refresh interval. After that the cluster did not answer, or the dashboard was suspended.
const SECONDS_HEARD_MAX: u64 = 10;

/// The history of the cluster and of its datanodes.
#[derive(Debug, Clone, Default)]
pub struct History {
    seconds: VecDeque<Option<Second>>,
    nodes: BTreeMap<DatanodeId, NodeHistory>,
    now: Option<Second>,
    /// True if the last of `seconds` already belongs to the current second.
    early: bool,
    /// True if no snapshot was missed before the last one.
    has_picture: bool,
    /// Seconds since the last snapshot.
    silent: u64,
}

/// The history of one datanode.
#[derive(Debug, Clone, Default)]
pub struct NodeHistory {
    pace: Pace,
    /// Bytes read and written per second.
    seconds: VecDeque<Option<(f32, f32)>>,
    /// While the datanode drains: chunks left, now and in the last seconds, the oldest first.
    left: Option<u64>,
    lefts: VecDeque<u64>,
}

impl NodeHistory {
    /// Returns the rates per second between the last two heartbeats; `None` if they are not known.
    pub fn rates(&self) -> Option<Rates> {
        self.pace.rates()
    }

    /// Returns the bytes read and written per second, the oldest second first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = Option<(f32, f32)>> + '_ {
        self.seconds.iter().copied()
    }

    /// Returns the recent rate of the drain in chunks per second; `None` if the datanode does not
    /// drain or makes no progress.
    pub fn drain_rate(&self) -> Option<f64> {
        falls(self.lefts.iter().rev().copied())
    }

    fn hear(&mut self, node: &NodeStatus, taken_at: Timestamp) {
        self.left = node.left.filter(|_| node.is_draining());
        if node.state == NodeState::Live {
            let at = Timestamp(taken_at.0.saturating_sub(node.heartbeat_age_ms));
            self.pace.add(node.load.counters(at));
        } else {
            self.pace.lose();
        }
    }
}

impl History {
    /// Applies a snapshot.
    pub fn picture(&mut self, snapshot: &Snapshot) {
        let taken_at = snapshot.status.taken_at;
        self.nodes.retain(|id, _| snapshot.nodes.binary_search_by_key(id, |node| node.id).is_ok());
        for node in &snapshot.nodes {
            self.nodes.entry(node.id).or_default().hear(node, taken_at);
        }
        self.now = snapshot.curve.back().copied().flatten();
        if !self.has_picture {
            self.early = fill(&mut self.seconds, &snapshot.curve);
        }
        (self.has_picture, self.silent) = (true, 0);
    }

    /// Notes that the cluster did not answer: the current rates are not known.
    pub fn lost(&mut self) {
        (self.now, self.has_picture) = (None, false);
        for node in self.nodes.values_mut() {
            (node.pace, node.left) = (Pace::default(), None);
        }
    }

    /// Notes that so many seconds have passed.
    pub fn passed(&mut self, seconds: u64) {
        self.silent = self.silent.saturating_add(seconds);
        if self.silent > SECONDS_HEARD_MAX {
            self.lost();
        }
        (0..seconds.min(SECONDS_KEPT as u64)).for_each(|_| self.second());
    }

    fn second(&mut self) {
        if !std::mem::take(&mut self.early) {
            push(&mut self.seconds, self.now, SECONDS_KEPT);
        }
        for node in self.nodes.values_mut() {
            let rates = node.rates().map(|rates| (rates.read as f32, rates.written as f32));
            push(&mut node.seconds, rates, NODE_SECONDS_KEPT);
            match node.left {
                Some(left) => push(&mut node.lefts, left, REPAIR_SPAN),
                None => node.lefts.clear(),
            }
        }
    }

    /// Returns the newest second.
    pub fn now(&self) -> Option<&Second> {
        self.now.as_ref()
    }

    /// Returns the last seconds, the oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = Option<&Second>> + ExactSizeIterator + '_ {
        self.seconds.iter().map(Option::as_ref)
    }

    pub fn node(&self, id: DatanodeId) -> Option<&NodeHistory> {
        self.nodes.get(&id)
    }

    /// Returns the recent rate of re-replication in replicas per second; `None` if no replica is
    /// missing or no progress is made.
    pub fn repair_rate(&self) -> Option<f64> {
        falls(self.seconds.iter().rev().take(REPAIR_SPAN).map_while(|second| second.as_ref()?.missing_replicas))
    }
}

/// Returns the decrease per second of a figure since its maximum, from its value in each second,
/// the newest first; `None` if it is zero or does not decrease.
fn falls(lately: impl Iterator<Item = u64>) -> Option<f64> {
    let mut lately = lately.enumerate();
    let now = lately.next()?.1;
    let (age, most) = lately.max_by_key(|(age, figure)| (*figure, *age))?;
    (now > 0 && most > now).then(|| (most - now) as f64 / age as f64)
}

/// Fills gaps among the last seconds, and before them, with the seconds that a master has recorded,
/// counted back from now. Seconds that the dashboard has observed are kept. Returns true if the
/// newest second was filled.
fn fill(seconds: &mut VecDeque<Option<Second>>, seen: &VecDeque<Option<Second>>) -> bool {
    let known = |seconds: &VecDeque<Option<Second>>| seconds.back().copied().flatten().is_some();
    let knew = known(seconds);
    for (own, seen) in seconds.iter_mut().rev().zip(seen.iter().rev()) {
        *own = own.or(*seen);
    }
    let before = seen.len().saturating_sub(seconds.len());
    seen.iter().take(before).rev().for_each(|second| seconds.push_front(*second));
    !knew && known(seconds)
}

fn push<T>(queue: &mut VecDeque<T>, value: T, kept: usize) {
    if queue.len() >= kept {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// Returns the total number of missing replicas.
pub fn missing_replicas(snapshot: &Snapshot) -> u64 {
    snapshot.copies.iter().map(ReplicaCount::missing_replicas).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::fixtures;
    use proptest::prelude::*;

    fn at(seconds: u64, read: u64) -> Snapshot {
        let mut snapshot = fixtures::cluster(1);
        snapshot.status.taken_at = Timestamp(1_000_000 + seconds * 1000);
        if let Some(node) = snapshot.nodes.first_mut() {
            (node.heartbeat_age_ms, node.load.bytes_read) = (0, read);
        }
        snapshot
    }

    fn read_rate(history: &History) -> Option<f64> {
        history.node(DatanodeId(1)).and_then(NodeHistory::rates).map(|rates| rates.read)
    }

    /// Returns a second in which so many bytes were used.
    fn second(used: u64) -> Option<Second> {
        Some(Second { used, ..Second::default() })
    }

    /// Returns a snapshot whose curve ends with these seconds.
    fn seen(used: &[u64]) -> Snapshot {
        let mut snapshot = at(0, 0);
        // Zero stands for a second without data.
        snapshot.curve = used.iter().map(|used| second(*used).filter(|_| *used > 0)).collect();
        snapshot
    }

    fn used(history: &History) -> Vec<u64> {
        history.seconds().map(|second| second.map_or(0, |second| second.used)).collect()
    }

    #[test]
    fn rates_of_a_datanode_are_known_from_its_second_heartbeat_on() {
        let mut history = History::default();
        history.picture(&at(0, 1000));
        assert_eq!(read_rate(&history), None, "one heartbeat is no rate");
        history.picture(&at(2, 5000));
        assert_eq!(read_rate(&history), Some(2000.0));
        // The same heartbeat, one second later.
        let mut again = at(3, 5000);
        again.nodes[0].heartbeat_age_ms = 1000;
        history.picture(&again);
        assert_eq!(read_rate(&history), Some(2000.0));
        let mut silent = at(9, 5000);
        silent.nodes[0].state = NodeState::Stale;
        history.picture(&silent);
        assert_eq!(read_rate(&history), None);
    }

    #[test]
    fn the_first_picture_brings_the_seconds_before_it() {
        let mut history = History::default();
        history.picture(&seen(&[1, 2, 0, 4]));
        assert_eq!((used(&history), history.now().map(|now| now.used)), (vec![1, 2, 0, 4], Some(4)));
        // The second that ends is already recorded.
        history.passed(1);
        history.picture(&seen(&[1, 2, 0, 4, 5]));
        assert_eq!(used(&history), [1, 2, 0, 4]);
        history.passed(1);
        assert_eq!(used(&history), [1, 2, 0, 4, 5]);
        // Without a new snapshot the last values are repeated for a while.
        history.passed(1);
        assert_eq!(used(&history), [1, 2, 0, 4, 5, 5]);
    }

    #[test]
    fn what_was_not_heard_is_a_gap_until_a_master_tells_it() {
        let mut history = History::default();
        history.picture(&seen(&[1]));
        history.passed(1);
        history.lost();
        history.passed(3);
        assert_eq!((used(&history), history.now()), (vec![1, 0, 0, 0], None));
        assert_eq!(history.node(DatanodeId(1)).map(|node| node.seconds().flatten().count()), Some(0));
        // The answering master started two seconds ago.
        history.picture(&seen(&[8, 9]));
        assert_eq!(used(&history), [1, 0, 8, 9]);
        // That master stops at once; the next one has the whole history. Observed seconds are kept.
        history.lost();
        history.picture(&seen(&[4, 5, 6, 7, 7, 7]));
        assert_eq!(used(&history), [4, 5, 1, 7, 8, 9]);
    }

    #[test]
    fn a_picture_does_not_speak_for_long() {
        let mut history = History::default();
        history.picture(&seen(&[1]));
        (0..SECONDS_HEARD_MAX).for_each(|_| history.passed(1));
        assert_eq!((used(&history), history.now().is_some()), (vec![1; 10], true));
        (0..2).for_each(|_| history.passed(1));
        assert_eq!((used(&history)[9..].to_vec(), history.now()), (vec![1, 0, 0], None));
        history.picture(&seen(&[2, 3, 4]));
        assert_eq!(used(&history)[9..], [1, 3, 4]);
        // The dashboard is suspended.
        history.passed(20);
        history.picture(&seen(&[5, 6]));
        assert_eq!((used(&history)[11..14].to_vec(), used(&history).last()), (vec![4, 0, 0], Some(&6)));
        history.passed(u64::MAX);
        assert_eq!(history.seconds().len(), SECONDS_KEPT);
    }

    proptest! {
        /// For any history, every gap for which the master has a second is filled, and existing
        /// seconds are kept.
        #[test]
        fn gaps_are_filled_and_nothing_else(
            own in proptest::collection::vec(0..4u64, 0..30),
            told in proptest::collection::vec(0..4u64, 0..30),
        ) {
            let curve = |used: &[u64]| seen(used).curve;
            let mut seconds = curve(&own);
            let newest = fill(&mut seconds, &curve(&told));
            prop_assert_eq!(seconds.len(), own.len().max(told.len()));
            let back = |used: &[u64], ago: usize| used.iter().rev().nth(ago).copied().unwrap_or(0);
            for ago in 0..seconds.len() {
                let expected = if back(&own, ago) > 0 { back(&own, ago) } else { back(&told, ago) };
                let there = seconds.iter().rev().nth(ago).copied().flatten();
                prop_assert_eq!(there.map_or(0, |second| second.used), expected, "{} seconds ago", ago);
            }
            prop_assert_eq!(newest, back(&own, 0) == 0 && back(&told, 0) > 0);
        }
    }

    #[test]
    fn drains_go_as_fast_as_chunks_get_fewer() {
        let mut history = History::default();
        let mut rates = Vec::new();
        for left in [None, Some(40), Some(40), Some(30), Some(20), Some(0)] {
            let mut snapshot = at(0, 0);
            (snapshot.nodes[0].admin_state, snapshot.nodes[0].left) = (dfs_client::AdminState::Draining, left);
            history.picture(&snapshot);
            history.second();
            rates.push(history.node(DatanodeId(1)).and_then(NodeHistory::drain_rate));
        }
        assert_eq!(rates, [None, None, None, Some(5.0), Some(20.0 / 3.0), None]);
        // The dashboard is resumed.
        history.picture(&at(0, 0));
        history.second();
        assert_eq!(history.node(DatanodeId(1)).map(|node| node.lefts.len()), Some(0));
    }

    #[test]
    fn repair_goes_as_fast_as_copies_come_back() {
        let mut history = History::default();
        let mut snapshot = at(0, 0);
        let missing_replicas = |missing_replicas| Some(Second { missing_replicas, ..Second::default() });
        snapshot.curve = [None, Some(0), Some(40), Some(30), Some(20)].map(missing_replicas).into();
        history.picture(&snapshot);
        assert_eq!(history.repair_rate(), Some(10.0), "from the first picture on");
        snapshot.curve.push_back(missing_replicas(Some(10)));
        history.passed(1);
        history.picture(&snapshot);
        history.passed(1);
        assert_eq!(history.repair_rate(), Some(10.0));
        assert_eq!(History::default().repair_rate(), None);
    }
}
