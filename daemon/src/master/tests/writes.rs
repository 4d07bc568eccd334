//! Tests of planning and committing.

use super::harness::{Answer, Cluster, code, commit, context, key, path, plan, put, replica, request, stored};
use dfs_rpc::capability::{CapabilityError, KeyRing, Operation};
use dfs_rpc::services::UserClient;
use dfs_rpc::wire::{Committed, CommittedChunk, DirectoryTraffic, PlanRead};
use dfs_types::{AttributeChange, DatanodeId, ErrorCode, Generation, Principal};

#[tokio::test]
async fn a_file_appears_with_its_replicas() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (stat, chunk) = put(&ann, "/file", &nodes.each_ref()).await;
    assert_eq!((stat.size, stat.chunks, stat.replication), (1000, 1, 3));
    let read = PlanRead { path: path("/file"), offset: 0, length: u64::MAX };
    let found = ann.files.plan_read(context(), read).await.answer().expect("planned");
    assert_eq!((found.chunks[0].chunk.id, found.chunks[0].chunk.generation), (chunk, Generation(1)));
    let mut replicas: Vec<_> = found.chunks[0].replicas.iter().map(|replica| replica.id.0).collect();
    replicas.sort_unstable();
    assert_eq!(replicas, [1, 2, 3]);
    let keys = nodes[0].heartbeat(nodes[0].news()).await.keys;
    let capability = KeyRing::new(&keys).open(&found.chunks[0].capability).expect("sealed by the master");
    assert_eq!((capability.operation, capability.principal), (Operation::Read, Principal::User("ann".into())));
}

#[tokio::test]
async fn what_is_planned_to_be_read_and_what_was_written_counts_as_traffic() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    let nodes = cluster.datanodes(&master).await;
    let traffic = async |user: &UserClient, at: &str| user.files.traffic(context(), path(at)).await.answer();
    for directory in ["/hot", "/cold"] {
        ann.files.mkdir(context(), request(), path(directory), false).await.answer().expect("made");
    }
    put(&ann, "/hot/file", &nodes.each_ref()).await;
    // 600 of its 1,000 bytes each time, until the rate is not zero.
    for _ in 0..1_000 {
        let read = PlanRead { path: path("/hot/file"), offset: 400, length: u64::MAX };
        ann.files.plan_read(context(), read).await.answer().expect("planned");
    }
    let root = traffic(&ann, "/").await.expect("answered");
    assert_eq!(root.directories.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["hot"]);
    let (hot, bytes_max) = (root.whole.read, 600 * 1_000);
    assert!((1..=bytes_max / 60).contains(&hot), "{hot} of {bytes_max} bytes in a minute");
    assert!((1..=17).contains(&root.whole.written), "{} of 1,000 bytes in a minute", root.whole.written);
    assert_eq!(traffic(&ann, "/cold").await, Ok(DirectoryTraffic::default()));
    assert_eq!(code(traffic(&ann, "/none").await), ErrorCode::NotFound);
    let change = AttributeChange { mode: Some(0o700), ..AttributeChange::default() };
    ann.files.set_attributes(context(), request(), path("/hot"), change.into()).await.answer().expect("set");
    assert_eq!(code(traffic(&bob, "/hot").await), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn receipts_must_be_real_enough_and_of_different_datanodes() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let [a, b, _] = nodes.each_ref();
    let file = path("/file");
    let planned = ann.files.plan_write(context(), plan(&file)).await.answer().expect("planned");
    assert_eq!((planned.replicas_min, planned.chunks[0].pipeline.len()), (2, 3));
    let planned = &planned.chunks[0];
    let good = stored(planned, 1000, &[a, b]);
    let mut forged = good.clone();
    forged.receipts[1].seal[0] ^= 1;
    let mut posing = good.clone();
    posing.receipts[1].node = DatanodeId(3);
    let mut longer = good.clone();
    longer.chunk.length += 1;
    let mut other_sum = good.clone();
    other_sum.chunk.checksum += 1;
    let twice = stored(planned, 1000, &[a, a]);
    let alone = stored(planned, 1000, &[a]);
    for bad in [forged, posing, longer, other_sum, twice, alone] {
        let refused = ann.files.commit_write(context(), commit(&file, vec![bad.clone()])).await.answer();
        assert_eq!(code(refused), ErrorCode::InsufficientDatanodes, "{bad:?}");
    }
    let two_of_three = ann.files.commit_write(context(), commit(&file, vec![good.clone()])).await.answer();
    assert!(two_of_three.is_ok());
    let again = ann.files.commit_write(context(), commit(&path("/other"), vec![good])).await.answer();
    assert_eq!(code(again), ErrorCode::InvalidArgument, "a chunk belongs to one file");
}

/// Receipts are valid for the process of the datanode that issued them, as long as the replica
/// exists.
#[tokio::test]
async fn receipts_of_lost_replicas_are_void() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let [a, b, c] = cluster.datanodes(&master).await;
    let planned = ann.files.plan_write(context(), plan(&path("/file"))).await.answer().expect("planned");
    let chunk = stored(&planned.chunks[0], 1000, &[&a, &b, &c]);
    let id = planned.chunks[0].id;
    let commit = async |chunk: &CommittedChunk| {
        ann.files.commit_write(context(), commit(&path("/file"), vec![chunk.clone()])).await.answer()
    };
    // Two datanodes lose the replica: one reports it, one restarts without it.
    let mut news = a.news();
    news.removed = vec![key(id)];
    a.heartbeat(news).await;
    let b = {
        drop(b);
        cluster.datanode(&master, 2, &[]).await
    };
    assert_eq!(commit(&chunk).await, Ok(Committed::Lost(vec![id])));
    assert_eq!(code(ann.files.stat(context(), path("/file")).await.answer()), ErrorCode::NotFound);
    // A datanode that restarts with the replica reports it: its earlier receipt is valid.
    drop(b);
    let _b = cluster.datanode(&master, 2, &[replica(id)]).await;
    assert!(matches!(commit(&chunk).await, Ok(Committed::File(_))));
}

#[tokio::test]
async fn a_write_begins_with_all_replicas_and_continues_with_a_majority() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let _two = (cluster.datanode(&master, 1, &[]).await, cluster.datanode(&master, 2, &[]).await);
    let file = path("/file");
    let error = ann.files.plan_write(context(), plan(&file)).await.answer().expect_err("too few");
    assert_eq!(error.code, ErrorCode::InsufficientDatanodes);
    assert_eq!(error.message, "replication 3 needs 3 live datanodes; only 2 are live");
    let mut lower = plan(&file);
    lower.replication = Some(2);
    assert!(ann.files.plan_write(context(), lower).await.answer().is_ok());
    let mut going_on = plan(&file);
    going_on.begun = true;
    let planned = ann.files.plan_write(context(), going_on.clone()).await.answer().expect("planned");
    assert_eq!(planned.chunks[0].pipeline.len(), 2);
    going_on.exclude = vec![DatanodeId(1)];
    assert_eq!(code(ann.files.plan_write(context(), going_on).await.answer()), ErrorCode::InsufficientDatanodes);
}

#[tokio::test]
async fn plans_are_checked_before_anything_is_sent() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    put(&ann, "/file", &nodes.each_ref()).await;
    ann.files.mkdir(context(), request(), path("/directory"), false).await.answer().expect("made");
    let check = async |name: &str, change: fn(&mut dfs_rpc::wire::PlanWrite)| {
        let mut plan = plan(&path(name));
        change(&mut plan);
        code(ann.files.plan_write(context(), plan).await.answer())
    };
    assert_eq!(check("/file", |_| {}).await, ErrorCode::AlreadyExists);
    assert_eq!(check("/directory", |_| {}).await, ErrorCode::IsADirectory);
    assert_eq!(check("/none/x", |_| {}).await, ErrorCode::NotFound);
    assert_eq!(check("/x", |plan| plan.chunks = 0).await, ErrorCode::InvalidArgument);
    assert_eq!(check("/x", |plan| plan.chunks = 65).await, ErrorCode::InvalidArgument);
    assert_eq!(check("/x", |plan| plan.replication = Some(0)).await, ErrorCode::InvalidArgument);
    assert_eq!(check("/x", |plan| plan.chunk_size = Some(1000)).await, ErrorCode::InvalidArgument);
    let bob = cluster.user(&master, "bob").await;
    assert_eq!(code(bob.files.plan_write(context(), plan(&path("/x"))).await.answer()), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn a_capability_is_for_its_chunk_its_pipeline_and_its_user() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let planned = ann.files.plan_write(context(), plan(&path("/x"))).await.answer().expect("planned");
    let keys = KeyRing::new(&nodes[0].heartbeat(nodes[0].news()).await.keys);
    let chunk = &planned.chunks[0];
    let capability = keys.open(&chunk.capability).expect("sealed");
    assert_eq!((capability.chunk, &capability.pipeline, capability.length_max), (chunk.id, &chunk.pipeline, 64 << 20));
    assert_eq!(capability.checksum, None, "it is not known yet");
    assert_eq!(capability.operation, Operation::Write);
    let mut forged = chunk.capability.to_vec();
    forged[10] ^= 1;
    assert_eq!(keys.open(&forged), Err(CapabilityError::Forged));
}
