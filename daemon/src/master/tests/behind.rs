//! Tests of a master whose state is older than the data: datanodes hold chunks that it has not
//! handed out.

use super::harness::{Answer, Cluster, code, context, path, plan, put, request, until};
use dfs_rpc::services::UserClient;
use dfs_rpc::wire::{Heartbeat, SafeMode, SafeModeChange};
use dfs_types::{ChunkId, ErrorCode};

async fn safe_mode(user: &UserClient) -> Option<SafeMode> {
    user.cluster.status(context()).await.answer().expect("status").safe_mode
}

fn one(id: ChunkId) -> dfs_types::StoredReplica {
    super::harness::replica(id)
}

#[tokio::test]
async fn chunks_that_were_not_handed_out_stop_writing_until_a_user_gives_up_what_is_missing() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (_, chunk) = put(&ann, "/file", &nodes.each_ref()).await;
    let planned = ann.files.plan_write(context(), plan(&path("/next"))).await.answer().expect("planned").chunks[0].id;
    // Neither chunks that were handed out nor a repeated report prove anything.
    nodes[0].report(&[one(chunk), one(planned)]).await;
    assert_eq!(ann.files.mkdir(context(), request(), path("/a"), false).await.answer(), Ok(()));
    assert_eq!(safe_mode(&ann).await, None);
    let lost = [one(chunk), one(ChunkId(planned.0 + 3)), one(ChunkId(planned.0 + 5_000))];
    nodes[1].report(&lost).await;
    until("safe mode", async || safe_mode(&ann).await.is_some()).await;
    let found = safe_mode(&ann).await.expect("safe mode");
    assert_eq!(found.by.as_deref(), Some("master-1"));
    assert!(found.reason.starts_with("datanode-2 holds 2 chunks with ids that this master has not handed out yet"));
    let refused = ann.files.mkdir(context(), request(), path("/b"), false).await.answer();
    assert!(refused.as_ref().is_err_and(|error| error.message.contains("has not handed out yet")), "{refused:?}");
    assert_eq!(code(refused), ErrorCode::SafeMode);
    assert!(ann.files.plan_write(context(), plan(&path("/next"))).await.answer().is_err(), "no ids are handed out");
    assert_eq!(nodes[1].heartbeat(nodes[1].news()).await.orders, [], "nothing is deleted");
    // A user accepts the loss; no id is handed out a second time.
    ann.admin.set_safe_mode(context(), SafeModeChange::Leave).await.answer().expect("left");
    assert_eq!(safe_mode(&ann).await, None);
    let (_, next) = put(&ann, "/next", &nodes.each_ref()).await;
    assert!(next.0 > planned.0 + 5_000, "{next} after {planned}");
    nodes[1].report(&lost).await;
    until("the worker has looked", async || ann.cluster.status(context()).await.answer().is_ok()).await;
    assert_eq!(safe_mode(&ann).await, None, "the loss was accepted");
}

#[tokio::test]
async fn an_empty_master_beside_data_is_behind() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let mut chunks = Vec::new();
    for number in 0..3 {
        chunks.push(put(&ann, &format!("/{number}"), &nodes.each_ref()).await.1);
    }
    master.stop();
    std::fs::remove_dir_all(cluster.log_directory()).expect("removed");
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let node = cluster.datanode(&master, 1, &chunks.into_iter().map(one).collect::<Vec<_>>()).await;
    until("safe mode", async || safe_mode(&ann).await.is_some_and(|found| found.by.is_some())).await;
    assert!(safe_mode(&ann).await.expect("safe mode").reason.starts_with("datanode-1 holds 3 chunks with ids"));
    assert_eq!(node.heartbeat(node.news()).await.orders, []);
}

/// A message that is refused proves nothing.
#[tokio::test]
async fn a_refused_message_has_no_effect() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let far = vec![one(ChunkId(u64::MAX))];
    let of_another_boot = Heartbeat { boot: nodes[0].boot ^ 1, added: far.clone(), ..nodes[0].news() };
    let refused = nodes[0].client.heartbeat(context(), of_another_boot).await.answer();
    assert_eq!(code(refused), ErrorCode::InvalidArgument);
    nodes[1].report(&far).await;
    until("safe mode", async || safe_mode(&ann).await.is_some()).await;
    let reason = safe_mode(&ann).await.expect("safe mode").reason;
    assert!(reason.starts_with("datanode-2 holds 1 chunk"), "{reason}");
}
