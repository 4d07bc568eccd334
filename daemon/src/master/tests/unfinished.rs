//! Tests of writes in flight, abandoned and expired ones included.

use super::harness::{Answer, Cluster, Datanode, code, commit, context, path, plan, replica, stored, until};
use super::repair::order;
use dfs_rpc::services::UserClient;
use dfs_rpc::wire::{CommitWrite, Order, PlanWrite, Unfinished, WritePlan};
use dfs_types::{ChunkId, Detail, ErrorCode, WriteId};
use std::time::Duration;

/// Makes a cluster in which nothing but abandoned chunks is collected.
fn patient(write_timeout: Duration) -> Cluster {
    let mut cluster = Cluster::new();
    assert!(cluster.settings.collect_after > Duration::from_secs(600));
    cluster.settings.write_timeout = write_timeout;
    cluster
}

async fn planned(user: &UserClient, plan: &PlanWrite) -> WritePlan {
    user.files.plan_write(context(), plan.clone()).await.answer().expect("planned")
}

/// The datanodes report a replica of each of these chunks.
async fn store(nodes: &[&Datanode], chunks: &[ChunkId]) {
    for node in nodes {
        let mut news = node.news();
        news.added = chunks.iter().map(|id| replica(*id)).collect();
        node.heartbeat(news).await;
    }
}

async fn deleted(nodes: &[&Datanode]) -> ChunkId {
    match order(nodes, |order| matches!(order, Order::Delete { .. })).await.1 {
        Order::Delete { key } => key.chunk,
        other => panic!("{other:?}"),
    }
}

async fn unfinished(user: &UserClient) -> Unfinished {
    user.cluster.status(context()).await.answer().expect("status").unfinished
}

#[tokio::test]
async fn an_abandoned_write_is_deleted_at_once_and_cannot_be_committed() {
    let cluster = patient(Duration::from_secs(300));
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    let nodes = cluster.datanodes(&master).await;
    let nodes = nodes.each_ref();
    let plan = plan(&path("/never"));
    let chunk = planned(&ann, &plan).await.chunks.remove(0);
    store(&nodes, &[chunk.id]).await;
    assert_eq!(code(bob.files.abandon_write(context(), plan.write).await.answer()), ErrorCode::PermissionDenied);
    assert_eq!(code(bob.files.renew_write(context(), plan.write).await.answer()), ErrorCode::PermissionDenied);
    ann.files.renew_write(context(), plan.write).await.answer().expect("renewed");
    ann.files.abandon_write(context(), plan.write).await.answer().expect("abandoned");
    assert_eq!(deleted(&nodes).await, chunk.id);
    let late = CommitWrite { write: plan.write, ..commit(&path("/never"), vec![stored(&chunk, 1000, &nodes)]) };
    let error = ann.files.commit_write(context(), late).await.answer().expect_err("too late");
    assert_eq!((error.code, error.detail.as_deref()), (ErrorCode::Timeout, Some(&Detail::WriteGivenUp)));
    let error = ann.files.plan_write(context(), plan.clone()).await.answer().expect_err("given up");
    assert_eq!((error.code, error.is_transient()), (ErrorCode::Timeout, false));
    // An unknown write is ignored.
    ann.files.abandon_write(context(), WriteId(1)).await.answer().expect("nothing to do");
    assert_eq!(code(ann.files.renew_write(context(), WriteId(2)).await.answer()), ErrorCode::NotFound);
}

#[tokio::test]
async fn chunks_of_a_retry_go_with_the_commit() {
    let cluster = patient(Duration::from_secs(300));
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let nodes = nodes.each_ref();
    let mut plan = plan(&path("/file"));
    let first = planned(&ann, &plan).await.chunks.remove(0);
    plan.begun = true;
    let second = planned(&ann, &plan).await.chunks.remove(0);
    store(&nodes, &[first.id, second.id]).await;
    let commit = CommitWrite { write: plan.write, ..commit(&plan.path, vec![stored(&second, 1000, &nodes)]) };
    ann.files.commit_write(context(), commit).await.answer().expect("committed");
    assert_eq!(deleted(&nodes).await, first.id);
    until("no write is in flight", || async { unfinished(&ann).await == Unfinished::default() }).await;
}

#[tokio::test]
async fn a_write_that_is_not_renewed_is_given_up_and_its_space_is_reported_until_then() {
    // The master checks every second: often enough to see the missing renewals before it gives the
    // write up.
    let cluster = patient(Duration::from_secs(4));
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let nodes = nodes.each_ref();
    let (kept, left) = (plan(&path("/kept")), plan(&path("/left")));
    let held = planned(&ann, &kept).await.chunks.remove(0);
    let chunk = planned(&ann, &left).await;
    assert!((1..=1_000).contains(&chunk.renew_ms), "{}", chunk.renew_ms);
    let chunk = chunk.chunks[0].clone();
    store(&nodes[..2], &[held.id]).await;
    store(&nodes, &[chunk.id]).await;
    let mut found = Unfinished::default();
    let renewed = async || ann.files.renew_write(context(), kept.write).await.answer().expect("renewed");
    for _ in 0..10_000 {
        renewed().await;
        found = unfinished(&ann).await;
        if found.silent > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let replica = 64 << 20;
    assert_eq!((found.writes, found.silent, found.bytes, found.silent_bytes), (2, 1, 5 * replica, 3 * replica));
    assert!(found.until.is_some());
    // One write expires, the other stays as long as it is renewed.
    let gone = async {
        assert_eq!(deleted(&nodes).await, chunk.id);
        until("the other write has expired", || async { unfinished(&ann).await.writes == 1 }).await;
    };
    tokio::pin!(gone);
    loop {
        tokio::select! {
            () = &mut gone => break,
            () = tokio::time::sleep(Duration::from_millis(20)) => renewed().await,
        }
    }
    let commit = CommitWrite { write: kept.write, ..commit(&kept.path, vec![stored(&held, 1000, &nodes)]) };
    ann.files.commit_write(context(), commit).await.answer().expect("committed");
    assert_eq!(code(ann.files.renew_write(context(), left.write).await.answer()), ErrorCode::Timeout);
}

/// A full cluster reports the space held by unfinished writes.
#[tokio::test]
async fn where_there_is_no_room_unfinished_writes_are_named() {
    let cluster = patient(Duration::from_secs(300));
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let nodes = nodes.each_ref();
    let chunk = planned(&ann, &plan(&path("/unfinished"))).await.chunks.remove(0);
    store(&nodes, &[chunk.id]).await;
    until("the write is counted", || async { unfinished(&ann).await.bytes > 0 }).await;
    for node in nodes {
        let mut full = node.news();
        full.load = super::harness::load(0);
        node.heartbeat(full).await;
    }
    let error = ann.files.plan_write(context(), plan(&path("/more"))).await.answer().expect_err("no room");
    assert!(error.message.contains("unfinished writes hold 192 MiB"), "{error}");
}
