//! Tests of the completed and remaining work of the jobs.

use super::*;
use crate::jobs::Work;

fn repair(cluster: &Cluster) -> Work {
    cluster.state.repair_work(&cluster.space, cluster.now)
}

#[test]
fn copies_are_left_until_they_have_arrived() {
    let mut cluster = Cluster::new(&[(1, 3), (2, 2)]);
    for (id, chunks) in [(1, &[1, 2][..]), (2, &[2]), (3, &[])] {
        cluster.come(id, chunks);
    }
    cluster.pass(2, &[1, 2, 3]);
    assert_eq!(repair(&cluster), Work { done: 0, left: 2, waits: true }, "no repair begins yet");
    let given = cluster.pass(10, &[1, 2, 3]);
    assert_eq!(copies(&given).len(), 1, "one order makes both replicas: {given:?}");
    assert_eq!(repair(&cluster), Work { done: 0, left: 2, waits: false });
    cluster.heartbeat_added(2, &[1]);
    cluster.look();
    assert_eq!(repair(&cluster), Work { done: 1, left: 1, waits: false });
    cluster.heartbeat_added(3, &[1]);
    cluster.look();
    assert_eq!(repair(&cluster), Work { done: 2, left: 0, waits: false });
}

/// Makes three datanodes with a replica of a chunk that should have one; returns those that have to
/// delete theirs.
pub(super) fn with_surplus() -> (Cluster, u16, u16) {
    let mut cluster = Cluster::new(&[(1, 1)]);
    (1..=3).for_each(|id| cluster.come(id, &[1]));
    let given = cluster.pass(12, &[1, 2, 3]);
    let [(one, 1), (other, 1)] = deletions(&given)[..] else { panic!("{given:?}") };
    (cluster, one, other)
}

#[test]
fn surplus_replicas_are_left_until_they_are_deleted() {
    let (mut cluster, one, other) = with_surplus();
    assert_eq!(repair(&cluster), Work { done: 0, left: 2, waits: false });
    cluster.heartbeat(one, &[1]);
    cluster.look();
    assert_eq!(repair(&cluster), Work { done: 1, left: 1, waits: false });
    cluster.heartbeat(other, &[1]);
    cluster.look();
    assert_eq!(repair(&cluster), Work { done: 2, left: 0, waits: false });
    assert_eq!(cluster.state.collect_work(), Work::default(), "none of them was garbage");
}

#[test]
fn a_copy_without_a_target_waits() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    cluster.come(1, &[1]);
    cluster.pass(12, &[1]);
    assert_eq!(repair(&cluster), Work { done: 0, left: 1, waits: true });
}

#[test]
fn garbage_is_left_until_it_is_deleted() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    (1..=2).for_each(|id| cluster.come(id, &[1]));
    cluster.pass(12, &[1, 2]);
    let path = DfsPath::parse("/1").expect("valid path");
    cluster.apply(FsOp::Delete { path, recursive: false });
    cluster.apply(ChunkOp::RaiseFloor { floor: ChunkId(2) });
    cluster.repeat(Event::CollectGarbage);
    assert_eq!(cluster.state.collect_work(), Work { done: 0, left: 2, waits: false });
    assert_eq!(deletions(&cluster.pass(1, &[1, 2])), [(1, 1), (2, 1)]);
    cluster.heartbeat(1, &[1]);
    assert_eq!(cluster.state.collect_work(), Work { done: 1, left: 1, waits: false });
    cluster.heartbeat(2, &[1]);
    assert_eq!(cluster.state.collect_work(), Work { done: 2, left: 0, waits: false });
    assert_eq!(repair(&cluster), Work::default(), "none of them was surplus");
}
