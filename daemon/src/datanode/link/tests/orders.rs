//! Tests of orders to copy, delete and verify.

use super::*;

#[test]
fn a_copy_order_makes_replicas_down_a_pipeline() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    cluster.put(&nodes[0], 7, &data());
    let holder = Principal::Datanode(DatanodeId(1));
    let capability = cluster.capability(7, Some(checksum()), holder, &[&nodes[1], &nodes[2]]);
    let targets = vec![nodes[1].address, nodes[2].address];
    let order = Order::Copy { chunk: chunk(7), targets, capability };
    cluster.order(&nodes[0], vec![order.clone(), order]);
    cluster.wait_for(&nodes[0], "ended", |known| known.copies_ended.contains(&7));
    cluster.wait_for(&nodes[1], "stored", |known| known.chunks == [7]);
    cluster.wait_for(&nodes[2], "stored", |known| known.chunks == [7]);
}

#[test]
fn a_copy_to_others_replaces_one_that_is_stuck() {
    let cluster = Cluster::start();
    let directories: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("temp directory")).collect();
    let nodes: Vec<_> = (1..).zip(&directories).map(|(id, directory)| cluster.node(id, directory.path())).collect();
    cluster.put(&nodes[0], 7, &data());
    // It accepts connections and sends nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    let stuck = NodeAddress { id: DatanodeId(9), address: silent.local_addr().expect("address") };
    let order = Order::Copy { chunk: chunk(7), targets: vec![stuck], capability: Bytes::new() };
    cluster.order(&nodes[0], vec![order]);
    let _taken = silent.accept().expect("the copy is in progress");
    let capability = cluster.capability(7, Some(checksum()), Principal::Datanode(DatanodeId(1)), &[&nodes[1]]);
    let order = Order::Copy { chunk: chunk(7), targets: vec![nodes[1].address], capability };
    cluster.order(&nodes[0], vec![order]);
    cluster.wait_for(&nodes[1], "stored", |known| known.chunks == [7]);
    cluster.wait_for(&nodes[0], "ended", |known| known.copies_ended.contains(&7));
}

#[test]
fn a_copy_that_cannot_be_done_ends_too() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let node = cluster.node(1, directory.path());
    let nowhere = NodeAddress { id: DatanodeId(2), address: "127.0.0.1:1".parse().expect("address") };
    let order = |id| Order::Copy { chunk: chunk(id), targets: vec![nowhere], capability: Bytes::new() };
    cluster.put(&node, 7, &data());
    cluster.order(&node, vec![order(7), order(8)]);
    cluster.wait_for(&node, "both ended", |known| known.copies_ended.contains(&7) && known.copies_ended.contains(&8));
}

#[test]
fn orders_delete_and_verify() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let node = cluster.node(1, directory.path());
    (7..10).for_each(|id| cluster.put(&node, id, &data()));
    cluster.wait_for(&node, "reported", |known| known.chunks == [7, 8, 9]);
    flip(directory.path(), 8, &[100_000]);
    let verify = |id| Order::Verify { key: chunk(id).key() };
    cluster.order(&node, vec![verify(7), verify(8), Order::Delete { key: chunk(9).key() }]);
    cluster.wait_for(&node, "one suspect, one deleted", |known| known.suspect == [8] && known.chunks == [7]);
}

/// A replica whose deletion was ordered is not reported to any master any more: it may not count
/// for the proof that lets another one be deleted.
#[test]
fn a_replica_to_be_deleted_is_no_longer_listed_once_the_order_is_taken() {
    let (cluster, directory) = (Cluster::start(), tempfile::tempdir().expect("temp directory"));
    let node = cluster.node(1, directory.path());
    (7..27).for_each(|id| cluster.put(&node, id, &data()));
    cluster.wait_for(&node, "reported", |known| known.chunks.len() == 20);
    let delete = |id| Order::Delete { key: chunk(id).key() };
    cluster.order(&node, (7..27).map(delete).collect());
    cluster.wait_for(&node, "none of them in the next heartbeat", |known| {
        assert!(known.chunks.is_empty() || known.chunks.len() == 20, "{:?}", known.chunks);
        known.chunks.is_empty()
    });
}
