//! Repair, trimming and garbage, as orders to datanodes.

use super::harness::{Cluster, Datanode, Running, commit, context, load, path, plan, put, request, stored, until};
use dfs_rpc::client::CommitWrite;
use dfs_rpc::node::{Order, StoredChunk};
use dfs_types::{ChunkId, Generation};
use std::cell::RefCell;
use std::time::Duration;

fn replica(id: ChunkId) -> StoredChunk {
    StoredChunk { id, generation: Generation(1) }
}

/// Keeps datanodes alive until one of them gets an order that `wanted` likes.
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
    until("whole again", async || {
        for node in [&a, &b, &d] {
            node.heartbeat(node.news()).await;
        }
        let status = ann.status(context()).await.expect("call").expect("status").replication;
        status.under + status.endangered + status.missing + status.copying == 0
    })
    .await;
}

#[tokio::test]
async fn a_damaged_replica_is_replaced() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let ([a, b, c], d) = four(&cluster, &master).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    let mut news = b.news();
    news.damaged = vec![chunk];
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
    assert_eq!(trim, Order::Delete { chunk, generation: Generation(1) });
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
    ann.delete(context(), request(), path("/deleted"), false).await.expect("call").expect("deleted");
    let (_, gone) = order(&[&a, &b, &c], |order| matches!(order, Order::Delete { .. })).await;
    assert_eq!(gone, Order::Delete { chunk: deleted, generation: Generation(1) });
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
        ann.plan_write(context(), super::harness::plan(&path("/never"))).await.expect("call").expect("planned");
    let given_up = planned.chunks[0].id;
    // What is known of the write goes with the leader.
    master.stop();
    let master = cluster.start();
    let holds = [replica(kept), replica(given_up)];
    let a = cluster.datanode(&master, 1, &holds[..1]).await;
    let b = cluster.datanode(&master, 2, &holds).await;
    let c = cluster.datanode(&master, 3, &holds[..1]).await;
    let (_, gone) = order(&[&a, &b, &c], |order| matches!(order, Order::Delete { .. })).await;
    assert_eq!(gone, Order::Delete { chunk: given_up, generation: Generation(1) });
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
    let error = ann.plan_write(context(), plan).await.expect("call").expect_err("no room");
    assert!(error.message.contains("room"), "{error}");
    for node in [a, b] {
        node.heartbeat(node.news()).await;
    }
}

/// All chunks are counted often, and so just when some appear: while a commit is on its way, datanodes tell of its chunk.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_appears_is_not_short_of_copies_for_a_moment() {
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
            let planned = ann.plan_write(context(), plan).await.expect("call").expect("planned");
            let chunk = &planned.chunks[0];
            let told = nodes.each_ref().map(|node| {
                let mut news = node.news();
                news.added = vec![replica(chunk.id)];
                node.heartbeat(news)
            });
            let chunks = vec![stored(chunk, 1000, &nodes.each_ref())];
            let committed = ann.commit_write(context(), CommitWrite { write, ..commit(&path, chunks) });
            let (committed, _) = futures::join!(committed, futures::future::join_all(told));
            committed.expect("call").expect("committed");
        });
        futures::future::join_all(puts).await;
        let chunks = ann.status(context()).await.expect("call").expect("status").replication;
        assert_eq!((chunks.missing, chunks.endangered, chunks.under), (0, 0, 0), "round {round} of {}", chunks.chunks);
    }
}
