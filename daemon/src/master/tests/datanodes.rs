//! Tests of datanodes that register, report and disconnect.

use super::harness::{Answer, Cluster, code, context, key, load, path, put, until};
use bytes::Bytes;
use dfs_rpc::services::UserClient;
use dfs_rpc::wire::{NodeState, PlanRead};
use dfs_types::{DatanodeId, ErrorCode};
use std::time::Duration;

async fn states(user: &UserClient) -> Vec<(DatanodeId, NodeState)> {
    let nodes = user.cluster.nodes(context()).await.answer().expect("nodes");
    nodes.into_iter().map(|node| (node.id, node.state)).collect()
}

#[tokio::test]
async fn a_closed_connection_makes_a_datanode_stale_and_silence_makes_it_dead() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let node = cluster.datanode(&master, 7, &[]).await;
    assert_eq!(states(&ann).await, [(DatanodeId(7), NodeState::Live)]);
    drop(node);
    until("stale", async || states(&ann).await == [(DatanodeId(7), NodeState::Stale)]).await;
    until("dead", async || states(&ann).await == [(DatanodeId(7), NodeState::Dead)]).await;
    let _again = cluster.datanode(&master, 7, &[]).await;
    assert_eq!(states(&ann).await, [(DatanodeId(7), NodeState::Live)]);
}

#[tokio::test]
async fn an_older_connection_and_an_older_start_are_not_listened_to() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let old = cluster.datanode(&master, 1, &[]).await;
    let twin = cluster.register_as(&master, 1, load(1 << 40), old.boot ^ 1).await;
    assert_eq!(twin.err().expect("another process is connected").code, ErrorCode::AlreadyExists);
    let new = cluster.register_as(&master, 1, load(1 << 40), old.boot).await.expect("the same process");
    let refused = old.client.heartbeat(context(), old.news()).await.answer();
    assert_eq!(refused.expect_err("old connection").code, ErrorCode::InvalidArgument);
    let mut other_boot = new.news();
    other_boot.boot ^= 1;
    assert!(new.client.heartbeat(context(), other_boot).await.answer().is_err());
    // The old connection closes, which has no effect on the new one.
    drop(old);
    new.heartbeat(new.news()).await;
    assert_eq!(states(&ann).await, [(DatanodeId(1), NodeState::Live)]);
}

#[tokio::test]
async fn reported_corruption_is_verified_first() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (_, chunk) = put(&ann, "/file", &nodes.each_ref()).await;
    let read = PlanRead { path: path("/file"), offset: 0, length: u64::MAX };
    let capability = ann.files.plan_read(context(), read).await.answer().expect("planned").chunks[0].capability.clone();
    let report = async |user: &UserClient, node, capability: &Bytes| {
        user.files.report_corrupt(context(), DatanodeId(node), capability.clone()).await.answer()
    };
    assert!(report(&ann, 9, &capability).await.is_err());
    // A reader proves with a capability that it may read the chunk.
    let bob = cluster.user(&master, "bob").await;
    for (user, capability) in [(&bob, &capability), (&ann, &Bytes::from_static(b"mine"))] {
        assert_eq!(code(report(user, 2, capability).await), ErrorCode::PermissionDenied);
    }
    for _ in 0..3 {
        assert_eq!(report(&ann, 2, &capability).await, Ok(()));
    }
    let reply = nodes[1].heartbeat(nodes[1].news()).await;
    assert_eq!(reply.orders, [dfs_rpc::wire::Order::Verify { key: key(chunk) }], "reported three times, ordered once");
}

#[tokio::test]
async fn keys_are_replaced_in_time_and_the_newest_three_kept() {
    let mut cluster = Cluster::new();
    cluster.settings.key_rotation = Duration::from_millis(100);
    let master = cluster.start();
    let node = cluster.datanode(&master, 1, &[]).await;
    until("the fourth key", async || {
        let keys = node.heartbeat(node.news()).await.keys;
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        ids.len() == 3 && ids.last() >= Some(&4) && ids.is_sorted()
    })
    .await;
}
