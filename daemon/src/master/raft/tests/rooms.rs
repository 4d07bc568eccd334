//! Tests of a complete Raft node on a full disk, and on a failing one.

use super::super::node::{RaftNode, RaftOptions};
use super::super::proposer::ProposeError;
use crate::authority::{Authority, draw_cluster_id};
use crate::master::log::faulty_disk::FaultyDisk;
use dfs_logic::command::{AdminOp, Caller, Command, FsOp, KeyRecord, Op};
use dfs_rpc::tls::Identity;
use dfs_types::{DfsPath, MasterId, Principal, RequestId, Timestamp};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn start(directory: &Path, disk: Arc<FaultyDisk>) -> RaftNode {
    let authority = Authority::create(draw_cluster_id().expect("random"), SystemTime::now()).expect("authority");
    let pem = authority.issue(&Principal::Master(MasterId(1)), SystemTime::now()).expect("issued");
    let options = RaftOptions {
        id: MasterId(1),
        identity: Identity::from_pem(pem.as_bytes()).expect("good"),
        data_dir: directory.to_owned(),
        segment_bytes: 16 << 10,
        snapshot_every: 1 << 30,
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        busy_wait: false,
        begin: true,
        disk,
    };
    RaftNode::start(options).expect("starts")
}

fn command(op: impl Into<Op>) -> Command {
    Command { request: RequestId(fastrand::u128(..)), caller: Caller::user("ann"), at: Timestamp(1), op: op.into() }
}

fn init(node: &RaftNode) -> Command {
    let key = KeyRecord { id: 1, secret: [0; 32], made_at: Timestamp(1) };
    let cluster = node.published.look().namespace.cluster().unwrap_or(dfs_types::ClusterId([0; 16]));
    command(AdminOp::Init { cluster, superuser: "ann".into(), key })
}

fn mkdir(n: usize) -> Command {
    let path = DfsPath::parse(&format!("/{n}-{}", "x".repeat(200))).expect("valid");
    command(FsOp::Mkdir { path, parents: false })
}

#[tokio::test]
async fn commands_are_refused_while_the_disk_is_full_and_reads_go_on() {
    let directory = tempfile::tempdir().expect("temp directory");
    let disk = Arc::new(FaultyDisk::default());
    let node = start(directory.path(), disk.clone());
    node.proposer.propose(init(&node)).await.expect("proposed").expect("applied");
    disk.set_full(true);
    let mut made = 0;
    let refused = loop {
        match node.proposer.propose(mkdir(made)).await {
            Ok(result) => result.expect("applied"),
            Err(error) => break error,
        };
        made += 1;
        assert!(made < 10_000, "the disk never fills up");
    };
    assert_eq!(refused, ProposeError::DiskFull);
    assert_eq!(node.published.look().namespace.totals().directories, made as u64, "reads still work");
    assert!(node.log.failure().borrow().is_none(), "Raft never met the full disk");
    disk.set_full(false);
    while !node.proposer.has_room() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.proposer.propose(mkdir(made)).await.expect("proposed").expect("applied");
    node.stop();
}

#[tokio::test]
async fn a_failed_sync_stops_raft_and_acknowledges_nothing() {
    let directory = tempfile::tempdir().expect("temp directory");
    let disk = Arc::new(FaultyDisk::default());
    let node = start(directory.path(), disk.clone());
    node.proposer.propose(init(&node)).await.expect("proposed").expect("applied");
    disk.set_broken(true);
    assert_eq!(node.proposer.propose(mkdir(0)).await, Err(ProposeError::Stopping));
    assert!(node.log.failure().borrow().is_some());
    assert_eq!(node.published.look().namespace.totals().directories, 0);
    node.stop();
}
