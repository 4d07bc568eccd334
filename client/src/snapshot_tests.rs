//! Compares a snapshot that is updated by deltas with whole views. In these tests, a master is a
//! list of its state at each view; the real one is tested in its own crate.

use super::Snapshot;
use dfs_rpc::curve::Second;
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, Severity, ViewVersion};
use dfs_rpc::wire::{ClusterStatus, NodeStatus};
use dfs_rpc::{CURVE_SECONDS_MAX, EVENTS_KEPT_MAX};
use dfs_types::{ClusterId, DatanodeId, ErrorCode, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn status(taken_at: u64) -> ClusterStatus {
    let taken_at = Timestamp(taken_at);
    ClusterStatus { term: 1, files: taken_at.0, ..ClusterStatus::empty(ClusterId([1; 16]), taken_at) }
}

/// A datanode whose last heartbeat arrived at `heard`, when it had this many chunks.
fn node(id: u16, heard: u64, chunks: u64, now: u64) -> NodeStatus {
    let (heartbeat_age_ms, registered_ms) = (now - heard, now);
    let came = NodeStatus::new(DatanodeId(id), ([127, 0, 0, 1], id).into());
    NodeStatus { heartbeat_age_ms, registered_ms, chunks, ..came }
}

fn event(number: u64) -> Event {
    Event { number, at: Timestamp(number), severity: Severity::Info, node: None, text: "x".into() }
}

/// A second of the curve; some were not observed.
fn second(number: u64) -> Option<Second> {
    (!number.is_multiple_of(7)).then(|| Second { used: number, ..Second::default() })
}

/// The state of a master at one view: datanodes with the times of their heartbeats and their
/// chunks; the events so far. Its curve has as many seconds as have passed.
#[derive(Debug, Clone, Default)]
struct Known {
    now: u64,
    nodes: BTreeMap<u16, (u64, u64)>,
    events: u64,
}

impl Known {
    /// Returns the delta since `old`, the view with the number `since`; without it, the whole view.
    fn view(&self, seq: u64, old: Option<(u64, &Known)>) -> ClusterView {
        let before = old.map(|(_, known)| known.clone()).unwrap_or_default();
        let version = |seq| ViewVersion { epoch: 9, seq };
        let changed = self.nodes.iter().filter(|(id, shown)| before.nodes.get(id) != Some(shown));
        let nodes = changed.map(|(id, (heard, chunks))| node(*id, *heard, *chunks, self.now)).collect();
        let (old_ids, ids): (BTreeSet<u16>, BTreeSet<u16>) =
            (before.nodes.keys().copied().collect(), self.nodes.keys().copied().collect());
        let first = before.events.max(self.events.saturating_sub(EVENTS_KEPT_MAX as u64)) + 1;
        let forgotten = (self.now / 1000).saturating_sub(CURVE_SECONDS_MAX as u64);
        let first_second = (before.now / 1000).max(forgotten) + 1;
        ClusterView {
            version: version(seq),
            since: old.map(|(seq, _)| version(seq)),
            status: status(self.now),
            copies: vec![ReplicaCount { wanted: 3, live: 3, chunks: self.now }],
            log: LogStatus { last: self.now, ..LogStatus::default() },
            nodes,
            gone: old_ids.difference(&ids).map(|id| DatanodeId(*id)).collect(),
            events: (first..=self.events).map(event).collect(),
            curve: (first_second..=self.now / 1000).map(second).collect(),
        }
    }
}

/// The changes between two views: time passes, datanodes send heartbeats or are removed, events
/// occur.
type Step = (u64, Vec<(u16, Option<u64>)>, u64);

fn step() -> impl Strategy<Value = Step> {
    (0..100_000u64, proptest::collection::vec((1..12u16, proptest::option::of(0..9u64)), 0..6), 0..700u64)
}

proptest! {
    #[test]
    fn deltas_add_up_to_the_whole_view(steps in proptest::collection::vec((step(), any::<bool>()), 1..30)) {
        let mut history = vec![Known::default()];
        let mut snapshot: Option<Snapshot> = None;
        for ((passed, changes, events), asked) in steps {
            let mut known = history.last().cloned().unwrap_or_default();
            known.now += passed;
            known.events += events;
            for (id, chunks) in changes {
                match chunks {
                    Some(chunks) => drop(known.nodes.insert(id, (known.now, chunks))),
                    None => drop(known.nodes.remove(&id)),
                }
            }
            let seq = history.len() as u64;
            history.push(known.clone());
            if !asked {
                continue;
            }
            let since = snapshot.as_ref().map(|snapshot| snapshot.version.seq);
            let old = since.map(|seq| (seq, &history[seq as usize]));
            let view = known.view(seq, old);
            match &mut snapshot {
                None => snapshot = Some(Snapshot::from(view)),
                Some(snapshot) => snapshot.apply(view).expect("builds on what is there"),
            }
            prop_assert_eq!(snapshot.as_ref(), Some(&Snapshot::from(known.view(seq, None))));
        }
    }
}

#[test]
fn a_delta_to_another_view_is_refused_and_changes_nothing() {
    let known = Known { now: 1_000, nodes: [(1, (500, 3))].into(), events: 2 };
    let mut snapshot = Snapshot::from(known.view(5, None));
    let before = snapshot.clone();
    let mut other = known.view(7, Some((6, &known)));
    assert_eq!(snapshot.apply(other.clone()).expect_err("of view 6").code, ErrorCode::Internal);
    other.since = Some(ViewVersion { epoch: 8, seq: 5 });
    assert!(snapshot.apply(other.clone()).is_err(), "of another master");
    other.version = ViewVersion { epoch: 9, seq: 4 };
    other.since = Some(ViewVersion { epoch: 9, seq: 5 });
    assert!(snapshot.apply(other).is_err(), "older than its base");
    assert_eq!(snapshot, before);
    let whole = Known { now: 10, ..Known::default() }.view(1, None);
    snapshot.apply(whole.clone()).expect("a whole view replaces everything");
    assert_eq!(snapshot, Snapshot::from(whole));
}

#[test]
fn entries_sent_in_disorder_are_sorted() {
    let known = Known { now: 9, nodes: [(1, (1, 1)), (2, (2, 2)), (3, (3, 3))].into(), events: 0 };
    let mut whole = known.view(1, None);
    whole.nodes.reverse();
    whole.nodes.push(whole.nodes[1].clone());
    let mut snapshot = Snapshot::from(whole);
    assert_eq!(snapshot, Snapshot::from(known.view(1, None)));
    let mut news = known.view(2, Some((1, &known)));
    news.nodes = vec![node(2, 9, 7, 9), node(0, 9, 9, 9), node(2, 9, 8, 9)];
    news.events = vec![event(3), event(3), event(2)];
    snapshot.apply(news).expect("builds on what is there");
    assert_eq!(snapshot.nodes.iter().map(|node| node.id.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(snapshot.events.len(), 1, "numbers increase");
}
