//! Tests of repair, removal of surplus replicas and garbage collection, as orders to datanodes.

use super::harness::{
    Answer, Cluster, Datanode, Running, commit, context, key, load, path, plan, put, replica, request, stored, suspect,
    until,
};
use dfs_rpc::wire::{CommitWrite, Order};
use dfs_types::{ReplicaState, StoredReplica};
use std::cell::RefCell;
use std::time::Duration;

/// Sends heartbeats of the datanodes until one of them gets an order that `wanted` accepts.
pub(super) async fn order(nodes: &[&Datanode], wanted: impl Fn(&Order) -> bool) -> (usize, Order) {
    let found = RefCell::new(None);
    until("an order", async || {
        for (number, node) in nodes.iter().enumerate() {
            let orders = node.heartbeat(node.news()).await.orders;
            if let Some(order) = orders.into_iter().find(&wanted) {
                found.replace(Some((number, order)));
                return true;
            }
        }
        false
    })
    .await;
    found.into_inner().expect("found")
}

async fn four(cluster: &Cluster, master: &Running) -> ([Datanode; 3], Datanode) {
    (cluster.datanodes(master).await, cluster.datanode(master, 4, &[]).await)
}

#[tokio::test]
async fn chunks_of_a_dead_datanode_are_copied_to_one_that_has_none() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let ([a, b, c], d) = four(&cluster, &master).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    drop(c);
    let (source, copy) = order(&[&a, &b, &d], |order| matches!(order, Order::Copy { .. })).await;
    let Order::Copy { chunk: copied, targets, capability } = copy else { panic!("a copy") };
    assert!(source < 2);
    assert_eq!((copied.id, copied.length), (chunk, 1000));
    assert_eq!(targets.iter().map(|target| target.id).collect::<Vec<_>>(), [d.id]);
    assert!(!capability.is_empty());
    let mut news = d.news();
    news.added = vec![replica(chunk)];
    d.heartbeat(news).await;
    until("fully replicated again", async || {
        for node in [&a, &b, &d] {
            node.heartbeat(node.news()).await;
        }
        let status = ann.cluster.status(context()).await.answer().expect("status").replication;
        status.under + status.at_risk + status.missing + status.copying == 0
    })
    .await;
}

#[tokio::test]
async fn a_corrupt_replica_is_replaced() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let ([a, b, c], d) = four(&cluster, &master).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    let mut news = b.news();
    news.added = vec![suspect(chunk)];
    b.heartbeat(news).await;
    let (_, copy) = order(&[&a, &b, &c, &d], |order| matches!(order, Order::Copy { .. })).await;
    let Order::Copy { targets, .. } = copy else { panic!("a copy") };
    assert!([b.id, d.id].contains(&targets[0].id));
}

#[tokio::test]
async fn replicas_beyond_those_wanted_are_trimmed() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let ([a, b, c], d) = four(&cluster, &master).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    let mut news = d.news();
    news.added = vec![replica(chunk)];
    d.heartbeat(news).await;
    let (_, trim) = order(&[&a, &b, &c, &d], |order| matches!(order, Order::Delete { .. })).await;
    assert_eq!(trim, Order::Delete { key: key(chunk) });
}

/// A replica reported by a datanode that was away may be corrupt: no good replica is removed before
/// that one was verified.
#[tokio::test]
async fn nothing_is_trimmed_for_a_replica_that_returned_unverified() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let ([a, b, c], d) = four(&cluster, &master).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    let mut news = d.news();
    news.added = vec![StoredReplica { key: key(chunk), state: ReplicaState::Stored }];
    d.heartbeat(news).await;
    let nodes = [&a, &b, &c, &d];
    let (_, first) = order(&nodes, |_| true).await;
    let verified = StoredReplica { key: key(chunk), state: ReplicaState::Verified };
    match first {
        // Three verified replicas stay: the unverified one may be removed.
        Order::Delete { key: gone } => assert_eq!(gone, key(chunk)),
        Order::Verify { key: read } => {
            assert_eq!(read, key(chunk));
            let mut news = d.news();
            news.added = vec![verified];
            d.heartbeat(news).await;
            order(&nodes, |order| matches!(order, Order::Delete { .. })).await;
        }
        other => panic!("{other:?}"),
    }
}

/// If the last replicas of a chunk are corrupt, the chunk is restored from them; none of them is
/// deleted.
#[tokio::test]
async fn corrupt_replicas_are_all_that_is_left() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (_, chunk) = put(&ann, "/file", &nodes.each_ref()).await;
    for node in &nodes {
        let mut news = node.news();
        news.added = vec![suspect(chunk)];
        node.heartbeat(news).await;
    }
    let read = dfs_rpc::wire::PlanRead { path: path("/file"), offset: 0, length: u64::MAX };
    let found = ann.files.plan_read(context(), read).await.answer().expect("planned");
    assert_eq!(found.chunks[0].replicas.len(), 3, "a reader may assemble the chunk from them");
    let (_, found_order) = order(&nodes.each_ref(), |order| !matches!(order, Order::Verify { .. })).await;
    let Order::Reconstruct { chunk: reconstructed, sources, .. } = found_order else { panic!("{found_order:?}") };
    assert_eq!((reconstructed.id, sources.len()), (chunk, 2));
}

#[tokio::test]
async fn chunks_of_deleted_files_go_without_waiting_for_the_floor() {
    let cluster = Cluster::new();
    assert!(cluster.settings.collect_after > Duration::from_secs(600));
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    let (_, kept) = put(&ann, "/kept", &[&a, &b, &c]).await;
    let (_, deleted) = put(&ann, "/deleted", &[&a, &b, &c]).await;
    ann.files.delete(context(), request(), path("/deleted"), false).await.answer().expect("deleted");
    let (_, gone) = order(&[&a, &b, &c], |order| matches!(order, Order::Delete { .. })).await;
    assert_eq!(gone, Order::Delete { key: key(deleted) });
    assert!(kept < deleted);
}

#[tokio::test]
async fn chunks_of_writes_of_an_earlier_leader_are_collected_in_time() {
    let mut cluster = Cluster::new();
    cluster.settings.collect_after = Duration::from_secs(2);
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    let (_, kept) = put(&ann, "/kept", &[&a, &b, &c]).await;
    let planned =
        ann.files.plan_write(context(), super::harness::plan(&path("/never"))).await.answer().expect("planned");
    let given_up = planned.chunks[0].id;
    // The leader's knowledge of the write is lost with the leader.
    master.stop();
    let master = cluster.start();
    let holds = [replica(kept), replica(given_up)];
    let a = cluster.datanode(&master, 1, &holds[..1]).await;
    let b = cluster.datanode(&master, 2, &holds).await;
    let c = cluster.datanode(&master, 3, &holds[..1]).await;
    let (_, gone) = order(&[&a, &b, &c], |order| matches!(order, Order::Delete { .. })).await;
    assert_eq!(gone, Order::Delete { key: key(given_up) });
    assert!(kept < given_up, "the kept one was below the floor as well");
}

#[tokio::test]
async fn nothing_is_copied_to_a_datanode_without_room() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let [a, b, c] = nodes.each_ref();
    let mut full = c.news();
    full.load = load(10);
    c.heartbeat(full).await;
    let mut plan = super::harness::plan(&path("/two-chunks"));
    plan.chunks = 2;
    let error = ann.files.plan_write(context(), plan).await.answer().expect_err("no room");
    assert!(error.message.contains("room"), "{error}");
    for node in [a, b] {
        node.heartbeat(node.news()).await;
    }
}

/// All chunks are counted often, and so also while some appear: datanodes report a chunk while its
/// commit is in progress.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_appears_is_never_under_replicated() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (ann, nodes) = (&ann, &nodes);
    for round in 0..2_000 {
        let puts = (0..16).map(|number| async move {
            let path = path(&format!("/{round}-{number}"));
            let plan = plan(&path);
            let write = plan.write;
            let planned = ann.files.plan_write(context(), plan).await.answer().expect("planned");
            let chunk = &planned.chunks[0];
            let told = nodes.each_ref().map(|node| {
                let mut news = node.news();
                news.added = vec![replica(chunk.id)];
                node.heartbeat(news)
            });
            let chunks = vec![stored(chunk, 1000, &nodes.each_ref())];
            let committed = ann.files.commit_write(context(), CommitWrite { write, ..commit(&path, chunks) });
            let (committed, _) = futures::join!(committed, futures::future::join_all(told));
            committed.answer().expect("committed");
        });
        futures::future::join_all(puts).await;
        let chunks = ann.cluster.status(context()).await.answer().expect("status").replication;
        assert_eq!((chunks.missing, chunks.at_risk, chunks.under), (0, 0, 0), "round {round} of {}", chunks.chunks);
    }
}
