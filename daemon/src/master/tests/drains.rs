//! Tests of datanodes that are drained, resumed and removed.

use super::harness::{
    Answer, Cluster, Datanode, Running, code, context, load, path, plan, put, replica, request, until,
};
use super::repair::order;
use dfs_rpc::services::UserClient;
use dfs_rpc::view::ClusterView;
use dfs_rpc::wire::{NodeStatus, Order};
use dfs_types::{AdminState, ChunkId, DatanodeId, Detail, ErrorCode, Result};
use std::cell::Cell;

async fn set_admin_state(user: &UserClient, node: u16, admin_state: AdminState) -> Result<()> {
    user.admin.set_admin_state(context(), request(), DatanodeId(node), admin_state.into()).await.answer()
}

async fn node(user: &UserClient, node: u16) -> Option<NodeStatus> {
    let nodes = user.cluster.nodes(context()).await.answer().expect("nodes");
    nodes.into_iter().find(|status| status.id == DatanodeId(node))
}

/// Returns the events of a datanode since this master became the leader, without those about its
/// connection and liveness.
async fn events(user: &UserClient, node: u16) -> Vec<String> {
    let view = ClusterView::decode(&user.cluster.view(context(), None).await.answer().expect("a view")).expect("reads");
    let of_node = view.events.into_iter().filter(|event| event.node == Some(DatanodeId(node)));
    let texts = of_node.map(|event| event.text);
    texts
        .filter(|text| {
            !["registered ", "no heartbeat", "lost the connection", "declared dead", "heartbeat restored"]
                .iter()
                .any(|start| text.starts_with(start))
        })
        .collect()
}

async fn alive(nodes: &[&Datanode]) {
    for node in nodes {
        node.heartbeat(node.news()).await;
    }
}

/// Makes four datanodes and a file of one chunk on the first three of them; the third is being
/// drained.
async fn draining(cluster: &Cluster) -> (Running, UserClient, [Datanode; 4], ChunkId) {
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    let d = cluster.datanode(&master, 4, &[]).await;
    let (_, chunk) = put(&ann, "/file", &[&a, &b, &c]).await;
    set_admin_state(&ann, 3, AdminState::Draining).await.expect("drains");
    (master, ann, [a, b, c, d], chunk)
}

#[tokio::test]
async fn what_the_others_cannot_carry_is_refused() {
    let mut cluster = Cluster::new();
    // No datanode becomes stale here, however slow the machine is.
    cluster.settings.dead_after = std::time::Duration::from_secs(600);
    cluster.settings.heartbeat = std::time::Duration::from_secs(300);
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    let [a, b, c] = cluster.datanodes(&master).await;
    put(&ann, "/file", &[&a, &b, &c]).await;
    let few = set_admin_state(&ann, 1, AdminState::Draining).await.expect_err("too few");
    assert_eq!(few.code, ErrorCode::InsufficientDatanodes);
    assert_eq!(
        few.to_string(),
        "datanode-1: without it only 2 live datanodes would be left; some files need 3 replicas"
    );
    let detail = Detail::DrainLeavesTooFew { left: 2, wanted: 3, all: 3 };
    assert_eq!(few.detail.as_deref(), Some(&detail));
    let _d = cluster.datanode(&master, 4, &[]).await;
    let mut news = a.news();
    news.load.directories[0].used = 1 << 43;
    a.heartbeat(news).await;
    let full = set_admin_state(&ann, 1, AdminState::Draining).await.expect_err("no room");
    assert_eq!(full.code, ErrorCode::InsufficientDatanodes);
    assert!(
        full.message.starts_with("holds 8TiB, but without it only 3 live datanodes would be left, with room for "),
        "{full}"
    );
    assert_eq!(code(set_admin_state(&bob, 2, AdminState::Draining).await), ErrorCode::PermissionDenied);
    assert_eq!(code(set_admin_state(&ann, 9, AdminState::Draining).await), ErrorCode::NotFound);
    assert_eq!(code(set_admin_state(&ann, 2, AdminState::Removed).await), ErrorCode::InvalidArgument);
    assert_eq!(ann.cluster.status(context()).await.answer().expect("status").nodes_draining, 0);
    // There is room to drain one of them, but not two.
    assert_eq!(set_admin_state(&ann, 2, AdminState::Draining).await, Ok(()));
    assert_eq!(set_admin_state(&ann, 2, AdminState::Draining).await, Ok(()), "nothing changes");
    assert_eq!(code(set_admin_state(&ann, 3, AdminState::Draining).await), ErrorCode::InsufficientDatanodes);
    until("one event", async || events(&ann, 2).await == ["drain requested by ann: 1 chunk to re-replicate"]).await;
}

#[tokio::test]
async fn a_datanode_is_drained_when_its_chunks_are_elsewhere_and_may_be_forgotten_when_it_is_dead() {
    let cluster = Cluster::new();
    let (master, ann, [a, b, c, d], chunk) = draining(&cluster).await;
    let (_, copy) = order(&[&a, &b, &c, &d], |order| matches!(order, Order::Copy { .. })).await;
    let Order::Copy { targets, .. } = copy else { panic!("a copy") };
    assert_eq!(targets.iter().map(|target| target.id).collect::<Vec<_>>(), [d.id]);
    until("counted", async || {
        alive(&[&a, &b, &c, &d]).await;
        node(&ann, 3).await.expect("there").left == Some(1)
    })
    .await;
    let health = ann.cluster.status(context()).await.answer().expect("status");
    assert_eq!((health.replication.under, health.replication.at_risk, health.nodes_draining), (0, 0, 1));
    let planned = ann.files.plan_write(context(), plan(&path("/new"))).await.answer().expect("planned");
    assert!(planned.chunks[0].pipeline.iter().all(|place| place.id != c.id), "{planned:?}");

    let mut news = d.news();
    news.added = vec![replica(chunk)];
    d.heartbeat(news).await;
    let mut writing = c.news();
    writing.load.writes_in_flight = 1;
    until("all chunks are moved", async || {
        alive(&[&a, &b, &d]).await;
        c.heartbeat(writing.clone()).await;
        node(&ann, 3).await.expect("there").left == Some(0)
    })
    .await;
    assert!(node(&ann, 3).await.expect("there").is_draining(), "it is written to");
    until("drained", async || {
        alive(&[&a, &b, &c, &d]).await;
        node(&ann, 3).await.expect("there").is_drained() && events(&ann, 3).await.len() == 2
    })
    .await;

    drop(c);
    assert_eq!(code(set_admin_state(&ann, 3, AdminState::Removed).await), ErrorCode::InvalidArgument, "not dead yet");
    until("forgotten", async || {
        alive(&[&a, &b, &d]).await;
        set_admin_state(&ann, 3, AdminState::Removed).await.is_ok()
    })
    .await;
    assert!(node(&ann, 3).await.is_none());
    let c = cluster.datanode(&master, 3, &[]).await;
    until("in service again", async || {
        alive(&[&a, &b, &c, &d]).await;
        node(&ann, 3).await.expect("there").admin_state == AdminState::InService && events(&ann, 3).await.len() == 4
    })
    .await;
    let expected = [
        "drain requested by ann: 1 chunk to re-replicate",
        "drained: it can be stopped",
        "removed by ann",
        "in service again after its removal",
    ];
    assert_eq!(events(&ann, 3).await, expected);
}

#[tokio::test]
async fn a_master_that_starts_again_counts_what_is_left_when_it_was_reported() {
    let cluster = Cluster::new();
    let (master, _, [a, b, c, d], chunk) = draining(&cluster).await;
    drop((a, b, c, d));
    master.stop();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let held = [replica(chunk)];
    let a = cluster.datanode(&master, 1, &held).await;
    let b = cluster.datanode(&master, 2, &held).await;
    let c = cluster.register(&master, 3, load(1 << 40)).await;
    let d = cluster.datanode(&master, 4, &[]).await;
    let seen = Cell::new(0);
    until("ten checks", async || {
        alive(&[&a, &b, &c, &d]).await;
        seen.set(seen.get() + 1);
        let status = node(&ann, 3).await.expect("there");
        assert_eq!((status.admin_state, status.left), (AdminState::Draining, None), "it has not reported its replicas");
        seen.get() > 10
    })
    .await;
    c.report(&held).await;
    until("counted", async || {
        alive(&[&a, &b, &c, &d]).await;
        node(&ann, 3).await.expect("there").left == Some(1)
    })
    .await;
    set_admin_state(&ann, 3, AdminState::InService).await.expect("resumed");
    let status = node(&ann, 3).await.expect("there");
    assert_eq!((status.admin_state, status.left, status.is_draining()), (AdminState::InService, None, false));
    until("the event", async || events(&ann, 3).await == ["put back in service by ann"]).await;
}
