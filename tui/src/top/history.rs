//! What was seen, second by second: of the cluster by the master that answered, of each datanode by the dashboard.
//!
//! Where nothing was heard there is a gap, and no zero.

use dfs_client::{NodeState, NodeStatus, Snapshot};
use dfs_rpc::board::CopyCount;
use dfs_rpc::curve::{Pace, Rates, Second};
use dfs_types::{DatanodeId, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Seconds that are kept of the cluster.
pub const SECONDS_KEPT: usize = dfs_rpc::CURVE_SECONDS_MAX;
/// Seconds that are kept of each datanode.
pub const NODE_SECONDS_KEPT: usize = 120;
/// The speed of repair is taken over this many seconds.
const REPAIR_SPAN: usize = 20;
/// A picture speaks for so many seconds at most, twice the slowest refresh: behind them nobody has answered, or the dashboard was
/// stopped.
const SECONDS_HEARD_MAX: u64 = 10;

/// All that is remembered.
#[derive(Debug, Clone, Default)]
pub struct History {
    seconds: VecDeque<Option<Second>>,
    nodes: BTreeMap<DatanodeId, NodeHistory>,
    now: Option<Second>,
    /// The last of `seconds` is that of `now` already.
    early: bool,
    /// Nothing was missed before the last picture.
    heard: bool,
    /// Seconds since then.
    silent: u64,
}

/// One datanode.
#[derive(Debug, Clone, Default)]
pub struct NodeHistory {
    pace: Pace,
    /// Bytes read and written per second.
    seconds: VecDeque<Option<(f32, f32)>>,
    /// While it drains: chunks left, now and in the last seconds, the oldest first.
    left: Option<u64>,
    lefts: VecDeque<u64>,
}

impl NodeHistory {
    /// What it does per second, between its last two heartbeats; none when that is not known.
    pub fn rates(&self) -> Option<Rates> {
        self.pace.rates()
    }

    /// Bytes read and written per second, the oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = Option<(f32, f32)>> + '_ {
        self.seconds.iter().copied()
    }

    /// Chunks that it gets rid of per second, lately; none where it does not drain, or it does not go forward.
    pub fn drain_rate(&self) -> Option<f64> {
        falls(self.lefts.iter().rev().copied())
    }

    fn hear(&mut self, node: &NodeStatus, taken_at: Timestamp) {
        self.left = node.left.filter(|_| node.is_draining());
        if node.state == NodeState::Live {
            let at = Timestamp(taken_at.0.saturating_sub(node.heartbeat_age_ms));
            self.pace.hear(node.load.heard(at));
        } else {
            self.pace.lose();
        }
    }
}

impl History {
    /// A picture came.
    pub fn picture(&mut self, snapshot: &Snapshot) {
        let taken_at = snapshot.status.taken_at;
        self.nodes.retain(|id, _| snapshot.nodes.binary_search_by_key(id, |node| node.id).is_ok());
        for node in &snapshot.nodes {
            self.nodes.entry(node.id).or_default().hear(node, taken_at);
        }
        self.now = snapshot.curve.back().copied().flatten();
        if !self.heard {
            self.early = fill(&mut self.seconds, &snapshot.curve);
        }
        (self.heard, self.silent) = (true, 0);
    }

    /// The cluster did not answer: what it does is not known.
    pub fn lost(&mut self) {
        (self.now, self.heard) = (None, false);
        for node in self.nodes.values_mut() {
            (node.pace, node.left) = (Pace::default(), None);
        }
    }

    /// So many seconds have passed.
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

    /// The newest second.
    pub fn now(&self) -> Option<&Second> {
        self.now.as_ref()
    }

    /// The last seconds, the oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = Option<&Second>> + ExactSizeIterator + '_ {
        self.seconds.iter().map(Option::as_ref)
    }

    pub fn node(&self, id: DatanodeId) -> Option<&NodeHistory> {
        self.nodes.get(&id)
    }

    /// Copies made up for per second, lately; none while there is nothing to make up for, or it does not go forward.
    pub fn repair_rate(&self) -> Option<f64> {
        falls(self.seconds.iter().rev().take(REPAIR_SPAN).map_while(|second| second.as_ref()?.lacking))
    }
}

/// By how much a figure of each second, the newest first, falls per second since it was highest; none where it is at its end,
/// or does not fall.
fn falls(lately: impl Iterator<Item = u64>) -> Option<f64> {
    let mut lately = lately.enumerate();
    let now = lately.next()?.1;
    let (age, most) = lately.max_by_key(|(age, figure)| (*figure, *age))?;
    (now > 0 && most > now).then(|| (most - now) as f64 / age as f64)
}

/// Fills the gaps among the last seconds, and before them, with what a master has seen, counted back from now. What the
/// dashboard has of its own stays. Says whether the newest was filled.
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

/// Copies that chunks lack in all.
pub fn lacking(snapshot: &Snapshot) -> u64 {
    snapshot.copies.iter().map(CopyCount::lacking).fold(0, u64::saturating_add)
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

    /// The second in which so many bytes were used.
    fn second(used: u64) -> Option<Second> {
        Some(Second { used, ..Second::default() })
    }

    /// The picture with the last of these seconds as the newest.
    fn seen(used: &[u64]) -> Snapshot {
        let mut snapshot = at(0, 0);
        // Zero stands for a second that was not seen.
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
        // The same heartbeat again, a second later.
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
        // The second that ends is there already.
        history.passed(1);
        history.picture(&seen(&[1, 2, 0, 4, 5]));
        assert_eq!(used(&history), [1, 2, 0, 4]);
        history.passed(1);
        assert_eq!(used(&history), [1, 2, 0, 4, 5]);
        // No new picture: it goes on as it was, for a while.
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
        // The master that answers has begun two seconds ago.
        history.picture(&seen(&[8, 9]));
        assert_eq!(used(&history), [1, 0, 8, 9]);
        // It is gone at once; the one that answers then knows all. What was seen is seen.
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
        // The dashboard is stopped.
        history.passed(20);
        history.picture(&seen(&[5, 6]));
        assert_eq!((used(&history)[11..14].to_vec(), used(&history).last()), (vec![4, 0, 0], Some(&6)));
        history.passed(u64::MAX);
        assert_eq!(history.seconds().len(), SECONDS_KEPT);
    }

    proptest! {
        /// Whatever there is: no gap stays where the master knew a second, and what was there stays.
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
            (snapshot.nodes[0].duty, snapshot.nodes[0].left) = (dfs_client::Duty::Drain, left);
            history.picture(&snapshot);
            history.second();
            rates.push(history.node(DatanodeId(1)).and_then(NodeHistory::drain_rate));
        }
        assert_eq!(rates, [None, None, None, Some(5.0), Some(20.0 / 3.0), None]);
        // It was resumed.
        history.picture(&at(0, 0));
        history.second();
        assert_eq!(history.node(DatanodeId(1)).map(|node| node.lefts.len()), Some(0));
    }

    #[test]
    fn repair_goes_as_fast_as_copies_come_back() {
        let mut history = History::default();
        let mut snapshot = at(0, 0);
        let lacking = |lacking| Some(Second { lacking, ..Second::default() });
        snapshot.curve = [None, Some(0), Some(40), Some(30), Some(20)].map(lacking).into();
        history.picture(&snapshot);
        assert_eq!(history.repair_rate(), Some(10.0), "from the first picture on");
        snapshot.curve.push_back(lacking(Some(10)));
        history.passed(1);
        history.picture(&snapshot);
        history.passed(1);
        assert_eq!(history.repair_rate(), Some(10.0));
        assert_eq!(History::default().repair_rate(), None);
    }
}
