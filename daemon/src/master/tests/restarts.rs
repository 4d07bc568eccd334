//! Tests of the data that survives a restart.

use super::harness::{Answer, Cluster, code, context, file_names, path, put, replica, request, until};
use dfs_types::{ByteSize, ErrorCode};

#[tokio::test]
async fn a_restart_keeps_everything_and_recognises_retries() {
    let cluster = Cluster::new();
    let id = request();
    for round in 0..3 {
        let master = cluster.start();
        let ann = cluster.user(&master, "ann").await;
        assert_eq!(ann.files.mkdir(context(), id, path("/first"), false).await.answer(), Ok(()));
        let name = format!("/round-{round}");
        assert_eq!(ann.files.mkdir(context(), request(), path(&name), false).await.answer(), Ok(()));
        let root = ann.files.stat(context(), path("/")).await.answer().expect("there");
        assert_eq!(root.directories, 2 + round);
        master.stop();
    }
}

#[tokio::test]
async fn a_second_start_on_the_same_directory_is_refused() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let error = cluster.try_start().err().expect("refused");
    assert!(error.contains("in use by another process"), "{error}");
    master.stop();
    cluster.start().stop();
}

#[tokio::test]
async fn snapshots_bound_the_log_and_restart_from_it() {
    let mut cluster = Cluster::new();
    cluster.settings.log_segment = ByteSize(16 << 10);
    cluster.settings.snapshot_every = ByteSize(128 << 10);
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let long = "x".repeat(200);
    let snapshot = cluster.directory.path().join("master/snapshot/current.snapshot");
    let mut made = 0;
    // One at a time: each command is an entry of its own, and the log keeps the last thousand
    // entries.
    while !snapshot.exists() || made < 3000 {
        let name = format!("/{made}-{long}");
        assert_eq!(ann.files.mkdir(context(), request(), path(&name), false).await.answer(), Ok(()));
        made += 1;
    }
    let segments = || file_names(&cluster.log_directory()).iter().filter(|name| name.starts_with("segment-")).count();
    until("the log is cut", async || segments() < 40).await;
    master.stop();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let root = ann.files.stat(context(), path("/")).await.answer().expect("there");
    assert_eq!(root.directories, made);
    assert_eq!(ann.files.mkdir(context(), request(), path("/after"), false).await.answer(), Ok(()));
}

#[tokio::test]
async fn corruption_in_the_log_keeps_the_master_down() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    for n in 0..50 {
        ann.files.mkdir(context(), request(), path(&format!("/{n}")), false).await.answer().expect("made");
    }
    master.stop();
    let segment = cluster.log_directory().join("segment-0000000000000001.log");
    let good = std::fs::read(&segment).expect("readable");
    let end = good.iter().rposition(|byte| *byte != 0).expect("not empty");
    // In the middle, and in the very last record: after a clean stop no record can be torn.
    for at in [6000, end - 2] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&segment, &bad).expect("written");
        let error = cluster.try_start().err().expect("refused");
        assert!(
            error.contains("segment-0000000000000001.log at byte")
                && error.contains("restore the newest version of this file"),
            "{error}"
        );
    }
    std::fs::write(&segment, &good).expect("written");
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let root = ann.files.stat(context(), path("/")).await.answer().expect("there");
    assert_eq!(root.directories, 50);
}

#[tokio::test]
async fn after_a_restart_writing_waits_until_enough_chunks_are_reported() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (_, chunk) = put(&ann, "/file", &nodes.each_ref()).await;
    master.stop();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    assert_eq!(code(ann.files.mkdir(context(), request(), path("/a"), false).await.answer()), ErrorCode::SafeMode);
    let status = ann.cluster.status(context()).await.answer().expect("status");
    assert_eq!(status.safe_mode.map(|safe| (safe.chunks_reported, safe.chunks_total)), Some((0, 1)));
    assert!(ann.files.stat(context(), path("/file")).await.answer().is_ok(), "names can still be read");
    let node = cluster.datanode(&master, 2, &[replica(chunk)]).await;
    until("safe mode ends", async || {
        node.heartbeat(node.news()).await;
        ann.cluster.status(context()).await.answer().expect("status").safe_mode.is_none()
    })
    .await;
    assert_eq!(ann.files.mkdir(context(), request(), path("/a"), false).await.answer(), Ok(()));
}
