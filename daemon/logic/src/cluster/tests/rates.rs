//! Tests of the rates of all datanodes together.

use super::super::{DirectoryLoad, Event, Heartbeat, NodeLoad};
use super::registration;
use dfs_types::{DatanodeId, Timestamp};

struct Cluster(super::Cluster);

fn load(read: u64) -> NodeLoad {
    let (path, capacity, used, free) = ("/data".into(), 1 << 30, 100, 1 << 20);
    let directory = DirectoryLoad { path, capacity, used, free, ..DirectoryLoad::default() };
    NodeLoad { directories: vec![directory], bytes_read: read, ..NodeLoad::default() }
}

impl Cluster {
    fn new() -> Self {
        Self(super::Cluster::new(&[]))
    }

    fn register(&mut self, id: u16, read: u64, second: u64) {
        self.0.now = Timestamp(second * 1000);
        let registration = registration(id, 1, load(read));
        let event = Event::Registered { node: DatanodeId(id), connection: 1, registration };
        assert_eq!(super::refused(self.0.observe(event)), Ok(()));
    }

    fn heartbeat(&mut self, id: u16, read: u64, second: u64) {
        self.0.now = Timestamp(second * 1000);
        self.0.beat(id, Heartbeat::new(1, load(read)));
    }

    /// Returns the bytes read per second, and the bytes used.
    fn rates(&mut self, second: u64) -> (Option<f64>, u64) {
        let rates = self.0.state.rates(Timestamp(second * 1000));
        (rates.rates.map(|rates| rates.read), rates.used)
    }
}

#[test]
fn two_heartbeats_are_a_rate() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.rates(0), (None, 0), "there is no datanode");
    cluster.register(1, 1_000, 0);
    cluster.register(2, 0, 0);
    assert_eq!(cluster.rates(1), (None, 200), "one heartbeat gives no rate");
    cluster.heartbeat(1, 4_000, 3);
    assert_eq!(cluster.rates(3), (Some(1_000.0), 200));
    assert_eq!(cluster.rates(4), (Some(1_000.0), 200), "until the next heartbeat");
    cluster.heartbeat(2, 30, 4);
    assert_eq!(cluster.rates(5), (Some(1_007.5), 200));
    // Two heartbeats between two samples: no bytes are lost.
    cluster.heartbeat(1, 10_000, 5);
    cluster.heartbeat(1, 10_000, 6);
    assert_eq!(cluster.rates(6), (Some(2_007.5), 200));
}

#[test]
fn a_restarted_datanode_starts_without_rates() {
    let mut cluster = Cluster::new();
    cluster.register(1, 0, 0);
    cluster.rates(0);
    cluster.heartbeat(1, 3_000, 3);
    assert_eq!(cluster.rates(3).0, Some(1_000.0));
    cluster.register(1, 7, 5);
    assert_eq!(cluster.rates(5).0, None);
    cluster.heartbeat(1, 307, 8);
    assert_eq!(cluster.rates(8).0, Some(100.0));
    cluster.heartbeat(1, 6, 11);
    assert_eq!(cluster.rates(11).0, None, "its counters were reset, which a real datanode does only at a restart");
}

#[test]
fn rates_of_stale_and_dead_datanodes_are_unknown() {
    let mut cluster = Cluster::new();
    (1..=2).for_each(|id| cluster.register(id, 0, 0));
    cluster.rates(0);
    (1..=2).for_each(|id| cluster.heartbeat(id, 3_000, 3));
    assert_eq!(cluster.rates(3), (Some(2_000.0), 200));
    // The second one misses heartbeats and is stale; afterwards it sends them again, and no rate
    // covers the gap.
    cluster.heartbeat(1, 6_000, 6);
    cluster.heartbeat(1, 9_000, 9);
    assert_eq!(cluster.rates(10), (Some(1_000.0), 100));
    cluster.heartbeat(2, 90_000, 11);
    assert_eq!(cluster.rates(11), (Some(1_000.0), 200));
    cluster.heartbeat(2, 90_030, 14);
    assert_eq!(cluster.rates(14), (Some(1_010.0), 200));
    // Both are dead: the rate is unknown, and not zero.
    assert_eq!(cluster.rates(30), (None, 0));
    cluster.heartbeat(1, 9_000, 31);
    cluster.heartbeat(1, 9_500, 32);
    assert_eq!(cluster.rates(32), (None, 100), "the first sample since it registered again");
    cluster.heartbeat(1, 9_600, 33);
    assert_eq!(cluster.rates(33), (Some(100.0), 100));
    cluster.0.state.remove(DatanodeId(1));
    assert_eq!(cluster.rates(33), (None, 0));
}

#[test]
fn replicas_that_were_not_counted_or_not_reported_are_unknown() {
    let cluster = Cluster::new();
    let mut cluster = cluster.0;
    assert!(cluster.state.rates(Timestamp(0)).counts.is_none());
    cluster.observe(Event::SafeModeLeft);
    assert!(cluster.state.rates(Timestamp(0)).counts.is_none(), "not counted yet");
    cluster.repeat(Event::Survey);
    assert!(cluster.state.rates(Timestamp(0)).counts.is_some());
}
