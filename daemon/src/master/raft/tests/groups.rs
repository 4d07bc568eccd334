//! Tests of three masters over real connections.

use super::super::network::RaftServer;
use super::super::node::{RaftNode, RaftOptions};
use super::super::types::Raft;
use crate::authority::{Authority, draw_cluster_id};
use crate::master::log::RealDisk;
use dfs_logic::command::{AdminOp, Caller, Command, FsOp, KeyRecord};
use dfs_rpc::hello::Service;
use dfs_rpc::raft::RaftService;
use dfs_rpc::tls::Identity;
use dfs_rpc::transport;
use dfs_types::{DfsPath, MasterId, Principal, Protection, RequestId, Timestamp};
use futures::StreamExt;
use openraft::BasicNode;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tarpc::server::{BaseChannel, Channel};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(60);

struct Member {
    node: RaftNode,
    address: String,
    serving: tokio::task::JoinHandle<()>,
}

/// Answers the calls of other masters.
async fn serve(listener: TcpListener, identity: Identity, raft: Raft) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        let (identity, server) = (identity.clone(), RaftServer { raft: raft.clone() });
        connections.spawn(async move {
            let Ok(connected) = transport::accept(&identity, tcp, &[Service::Raft], Protection::Private).await else {
                return;
            };
            let channel = BaseChannel::with_defaults(transport::framed(connected.stream));
            channel.execute(server.serve()).for_each_concurrent(16, |call| call).await;
        });
    }
}

async fn member(authority: &Authority, directory: &Path, number: u16) -> Member {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let pem = authority.issue(&Principal::Master(MasterId(number)), SystemTime::now()).expect("issued");
    let identity = Identity::from_pem(pem.as_bytes()).expect("good");
    let options = RaftOptions {
        id: MasterId(number),
        identity: identity.clone(),
        data_dir: PathBuf::from(directory).join(number.to_string()),
        segment_bytes: 64 << 10,
        snapshot_every: 64 << 10,
        address,
        busy_wait: false,
        begin: number == 1,
        disk: Arc::new(RealDisk),
    };
    let node = tokio::task::spawn_blocking(|| RaftNode::start(options)).await.expect("no panic").expect("starts");
    let serving = tokio::spawn(serve(listener, identity, node.raft.clone()));
    Member { node, address: address.to_string(), serving }
}

fn mkdir(n: u32) -> Command {
    let path = DfsPath::parse(&format!("/{n}")).expect("valid");
    let op = FsOp::Mkdir { path, parents: false };
    Command { request: RequestId(u128::from(n) + 10), caller: Caller::user("ann"), at: Timestamp(1), op: op.into() }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

fn directories(member: &Member) -> u64 {
    member.node.published.look().namespace.totals().directories
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_catch_up_by_snapshot_and_log_and_one_takes_over() {
    let directory = tempfile::tempdir().expect("temp directory");
    let cluster = draw_cluster_id().expect("random");
    let authority = Authority::create(cluster, SystemTime::now()).expect("authority");
    let first = member(&authority, directory.path(), 1).await;
    let key = KeyRecord { id: 1, secret: [0; 32], made_at: Timestamp(1) };
    let op = AdminOp::Init { cluster, superuser: "ann".into(), key };
    let init = Command { request: RequestId(1), caller: Caller::master(), at: Timestamp(1), op: op.into() };
    first.node.proposer.propose(init).await.expect("proposed").expect("applied");
    // Enough entries that a snapshot is taken, and that some entries are only in the snapshot.
    let snapshot = directory.path().join("1/snapshot/current.snapshot");
    let mut made = 0;
    while made < 2500 || !snapshot.exists() || first.node.log.ends().0.is_none() {
        first.node.proposer.propose(mkdir(made)).await.expect("proposed").expect("applied");
        made += 1;
    }
    let others = [member(&authority, directory.path(), 2).await, member(&authority, directory.path(), 3).await];
    for (id, other) in [2, 3].into_iter().zip(&others) {
        first.node.raft.add_learner(id, BasicNode::new(&other.address), true).await.expect("learns");
    }
    first.node.raft.change_membership(BTreeSet::from([1, 2, 3]), false).await.expect("three voters");
    first.node.proposer.propose(mkdir(made)).await.expect("proposed").expect("applied");
    let expected = u64::from(made) + 1;
    for other in &others {
        until("a follower has everything", || directories(other) == expected).await;
        let refused = other.node.proposer.propose(mkdir(made + 1)).await;
        assert!(refused.is_err(), "a follower accepts no commands");
    }
    first.serving.abort();
    tokio::task::spawn_blocking(|| first.node.stop()).await.expect("stops");
    let leads = |other: &Member| other.node.raft.server_metrics().borrow().state == openraft::ServerState::Leader;
    let leader = || others.iter().position(leads);
    until("another master is the leader", || leader().is_some()).await;
    let leader = &others[leader().expect("one leads")];
    leader.node.proposer.propose(mkdir(made + 2)).await.expect("proposed").expect("applied");
    assert_eq!(directories(leader), expected + 1);
    for other in others {
        other.serving.abort();
        tokio::task::spawn_blocking(|| other.node.stop()).await.expect("stops");
    }
}
