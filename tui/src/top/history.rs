//! What was seen, second by second, and the rates that come of it.
//!
//! Datanodes tell counters that rise; what they did per second is the difference between two of their heartbeats. Where
//! nothing was heard there is a gap, and no zero.

use dfs_client::{NodeState, NodeStatus, Snapshot};
use dfs_types::{DatanodeId, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Seconds that are kept of the cluster.
pub const SECONDS_KEPT: usize = 900;
/// Seconds that are kept of each datanode.
pub const NODE_SECONDS_KEPT: usize = 120;
/// The speed of repair is taken over this many seconds.
const REPAIR_SPAN: usize = 20;

/// What is done per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Bytes read from and written to datanodes.
    pub read: f64,
    pub written: f64,
    /// Chunk reads and writes.
    pub reads: f64,
    pub writes: f64,
}

impl Rates {
    fn add(&mut self, other: &Rates) {
        self.read += other.read;
        self.written += other.written;
        self.reads += other.reads;
        self.writes += other.writes;
    }
}

/// The cluster in one second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// None until two heartbeats of a datanode were heard.
    pub rates: Option<Rates>,
    /// Changes of names per second; none until two pictures came.
    pub changes: Option<f64>,
    /// Copies that chunks lack in all.
    pub lacking: u64,
    /// Bytes used on live datanodes.
    pub used: u64,
}

/// All that is remembered.
#[derive(Debug, Clone, Default)]
pub struct History {
    samples: VecDeque<Option<Sample>>,
    nodes: BTreeMap<DatanodeId, NodeHistory>,
    /// Of the last picture: when it was taken, and the changes until then.
    last: Option<(Timestamp, u64)>,
    now: Option<Sample>,
}

/// One datanode.
#[derive(Debug, Clone, Default)]
pub struct NodeHistory {
    heard: Option<Heard>,
    rates: Option<Rates>,
    /// Bytes read and written per second.
    seconds: VecDeque<Option<(f32, f32)>>,
    /// While it drains: chunks left, now and in the last seconds, the oldest first.
    left: Option<u64>,
    lefts: VecDeque<u64>,
}

/// What a datanode had done when it was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    at: Timestamp,
    read: u64,
    written: u64,
    reads: u64,
    writes: u64,
}

impl NodeHistory {
    /// What it does per second, between its last two heartbeats; none when that is not known.
    pub fn rates(&self) -> Option<Rates> {
        self.rates
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
        let load = &node.load;
        let heard = Heard {
            at: Timestamp(taken_at.0.saturating_sub(node.heartbeat_age_ms)),
            read: load.bytes_read,
            written: load.bytes_written,
            reads: load.reads,
            writes: load.writes,
        };
        if node.state != NodeState::Live {
            // Nobody knows what it does now.
            (self.heard, self.rates) = (None, None);
            return;
        }
        let Some(before) = self.heard.replace(heard) else { return };
        if heard.at.0.saturating_add(HEARTBEAT_MS_MIN) < before.at.0 {
            // The master's clock was set back, or another master answers: what lies between is not known.
            self.rates = None;
            return;
        }
        let span_ms = heard.at.0.saturating_sub(before.at.0);
        if span_ms < HEARTBEAT_MS_MIN {
            // The same heartbeat, told a moment later.
            self.heard = Some(before);
            return;
        }
        self.rates = heard.since(&before, span_ms);
    }
}

/// Two tellings of the same heartbeat differ by less.
const HEARTBEAT_MS_MIN: u64 = 100;

impl Heard {
    /// None when the counters began anew.
    fn since(&self, before: &Heard, span_ms: u64) -> Option<Rates> {
        let per_second = |now: u64, then: u64| Some(now.checked_sub(then)? as f64 * 1000.0 / span_ms as f64);
        Some(Rates {
            read: per_second(self.read, before.read)?,
            written: per_second(self.written, before.written)?,
            reads: per_second(self.reads, before.reads)?,
            writes: per_second(self.writes, before.writes)?,
        })
    }
}

impl History {
    /// A picture came.
    pub fn picture(&mut self, snapshot: &Snapshot) {
        let taken_at = snapshot.status.taken_at;
        self.nodes.retain(|id, _| snapshot.nodes.binary_search_by_key(id, |node| node.id).is_ok());
        let mut rates: Option<Rates> = None;
        for node in &snapshot.nodes {
            let known = self.nodes.entry(node.id).or_default();
            known.hear(node, taken_at);
            if let Some(now) = &known.rates {
                rates.get_or_insert_default().add(now);
            }
        }
        let changes = snapshot.log.changes;
        let before = self.last.replace((taken_at, changes));
        let per_second = before.and_then(|(at, then)| {
            let span_ms = taken_at.0.checked_sub(at.0).filter(|span| *span > 0)?;
            Some(changes.checked_sub(then)? as f64 * 1000.0 / span_ms as f64)
        });
        let (lacking, used) = (lacking(snapshot), snapshot.status.used);
        self.now = Some(Sample { rates, changes: per_second, lacking, used });
    }

    /// The cluster did not answer: what it does is not known.
    pub fn lost(&mut self) {
        (self.now, self.last) = (None, None);
        for node in self.nodes.values_mut() {
            (node.heard, node.rates, node.left) = (None, None, None);
        }
    }

    /// A second has passed.
    pub fn second(&mut self) {
        push(&mut self.samples, self.now, SECONDS_KEPT);
        for node in self.nodes.values_mut() {
            let rates = node.rates.map(|rates| (rates.read as f32, rates.written as f32));
            push(&mut node.seconds, rates, NODE_SECONDS_KEPT);
            match node.left {
                Some(left) => push(&mut node.lefts, left, REPAIR_SPAN),
                None => node.lefts.clear(),
            }
        }
    }

    /// The newest sample.
    pub fn now(&self) -> Option<&Sample> {
        self.now.as_ref()
    }

    /// The last seconds, the oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = Option<&Sample>> + ExactSizeIterator + '_ {
        self.samples.iter().map(Option::as_ref)
    }

    pub fn node(&self, id: DatanodeId) -> Option<&NodeHistory> {
        self.nodes.get(&id)
    }

    /// Copies made up for per second, lately; none while there is nothing to make up for, or it does not go forward.
    pub fn repair_rate(&self) -> Option<f64> {
        falls(self.samples.iter().rev().take(REPAIR_SPAN).map_while(|sample| Some(sample.as_ref()?.lacking)))
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

fn push<T>(queue: &mut VecDeque<T>, value: T, kept: usize) {
    if queue.len() >= kept {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// Copies that chunks lack in all.
pub fn lacking(snapshot: &Snapshot) -> u64 {
    snapshot.copies.iter().map(|count| u64::from(count.wanted.saturating_sub(count.live)) * count.chunks).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::pages::fixtures;

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

    #[test]
    fn rates_are_differences_between_heartbeats() {
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
        // It began anew.
        history.picture(&at(5, 10));
        assert_eq!(read_rate(&history), None);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_rates_begin_anew() {
        let mut history = History::default();
        history.picture(&at(90_000, 1000));
        history.picture(&at(90_002, 5000));
        assert_eq!(read_rate(&history), Some(2000.0));
        history.picture(&at(0, 9000));
        assert_eq!((read_rate(&history), history.now().and_then(|now| now.changes)), (None, None));
        history.picture(&at(2, 9500));
        assert_eq!(read_rate(&history), Some(250.0));
    }

    #[test]
    fn what_was_not_heard_is_a_gap() {
        let mut history = History::default();
        history.picture(&at(0, 0));
        history.second();
        history.lost();
        history.second();
        assert_eq!(history.seconds().map(|sample| sample.is_some()).collect::<Vec<_>>(), [true, false]);
        assert_eq!(history.node(DatanodeId(1)).map(|node| node.seconds().flatten().count()), Some(0));
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
        for lacking in [0, 40, 30, 20, 10] {
            let mut snapshot = at(0, 0);
            snapshot.copies = vec![dfs_rpc::board::CopyCount { wanted: 3, live: 2, chunks: lacking }];
            history.picture(&snapshot);
            history.second();
        }
        assert_eq!(history.repair_rate(), Some(10.0));
        assert_eq!(History::default().repair_rate(), None);
    }
}
