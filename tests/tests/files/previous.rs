//! Peers of the previous protocol version: a client and a datanode with a current master, a current
//! client with a previous master.

use dfs_client::{Client, ClientOptions, CopyOptions, ListDirectory};
use dfs_rpc::conn::DataConn;
use dfs_rpc::hello::{Service, VERSIONS, Verdict};
use dfs_rpc::request::{next_request, next_write};
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::ConnectError;
use dfs_rpc::wire::{
    Committed, DirectoryLoad, Heartbeat, ListPage, NodeAddress, NodeLoad, NodeState, PlanRead, Register, ReportPage,
};
use dfs_tests::hostile::{Peer, Reply, Stored, commit, context, plan};
use dfs_tests::previous::{
    self, ClusterServiceRequest, ClusterServiceResponse, FileServiceRequest as Q, FileServiceResponse as A,
    UserRequest, UserResponse,
};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::{DfsPath, Entry, EntryId, ErrorCode, Kind, Stat, Timestamp};
use std::net::SocketAddr;
use std::time::Duration;

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a path")
}

fn credential(file: std::path::PathBuf) -> Identity {
    Identity::from_pem(&std::fs::read(file).expect("read")).expect("credential")
}

fn address_of(cluster: &Cluster, daemon: &str) -> SocketAddr {
    cluster.daemon(daemon).address.parse().expect("an address")
}

fn list(path: DfsPath) -> ListDirectory {
    ListDirectory { path, after: None, prefix: String::new(), limit: 10 }
}

/// The present version and the previous one are accepted, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn peers_of_the_present_and_the_previous_version_are_accepted() {
    assert_eq!(VERSIONS, 8..=9);
    let cluster = Cluster::start(Spec::default());
    let user = credential(cluster.credential());
    let master = address_of(&cluster, "master-1");
    for (versions, agreed) in [(8..=8, 8), (7..=8, 8), (8..=9, 9), (9..=10, 9)] {
        let connected = previous::connect(versions.clone(), &user, master, Expected::AnyMaster, Service::Client).await;
        assert_eq!(connected.expect("taken").version, agreed, "{versions:?}");
    }
    for versions in [7..=7, 10..=11] {
        let refused = previous::connect(versions.clone(), &user, master, Expected::AnyMaster, Service::Client).await;
        let Err(ConnectError::Refused { verdict: Verdict::Version, text }) = refused else { panic!("{refused:?}") };
        let (from, to) = (versions.start(), versions.end());
        assert_eq!(text, format!("this side speaks protocol versions 8 to 9, the other {from} to {to}"));
    }
    a_client(&cluster, &user, master).await;
    a_datanode(&cluster, master).await;
}

/// A client of the previous version writes, lists and reads.
async fn a_client(cluster: &Cluster, user: &Identity, master: SocketAddr) {
    let client = previous::Client::connect(user, master).await;
    let made = client.files(Q::Mkdir { request: next_request(), path: path("/a"), parents: false }).await;
    assert!(matches!(made, A::Mkdir(Ok(()))), "{made:?}");

    let (file, bytes, write) = (path("/a/f"), content::bytes(3, 300_000), next_write());
    let planned = client.files(Q::PlanWrite { plan: plan(write, &file) }).await;
    let A::PlanWrite(Ok(planned)) = planned else { panic!("{planned:?}") };
    let planned = planned.chunks.into_iter().next().expect("a chunk");
    let peer = data(user, planned.pipeline[0]).await;
    let (capability, content) = (planned.capability.clone(), bytes.clone());
    let reply = tokio::task::spawn_blocking(move || peer.write(1, &capability, &content)).await.expect("no panic");
    let stored = Stored { write, planned, data: bytes.clone(), receipts: reply.receipts() };
    let committed = client.files(Q::CommitWrite { commit: commit(write, &file, vec![stored.committed()]) }).await;
    let A::CommitWrite(Ok(Committed::File(stat))) = committed else { panic!("{committed:?}") };
    assert_eq!((stat.size, stat.id), (300_000, EntryId::UNKNOWN));

    let seen = client.files(Q::Stat { path: file.clone() }).await;
    let A::Stat(Ok(seen)) = seen else { panic!("{seen:?}") };
    assert_eq!(Stat::from(seen), stat);
    let page = client.files(Q::List { list: list(path("/a")) }).await;
    let A::List(Ok(page)) = page else { panic!("{page:?}") };
    assert_eq!(page, ListPage { entries: vec![Entry { name: "f".to_owned(), stat: stat.clone() }], more: false });
    // A current client sees the same, and the id too.
    let now = cluster.client().await.stat(&file).await.expect("there");
    assert!(now.id > EntryId::UNKNOWN, "{now:?}");
    assert_eq!(Stat { id: EntryId::UNKNOWN, ..now }, stat);

    let reading = client.files(Q::PlanRead { plan: PlanRead { path: file, offset: 0, length: u64::MAX } }).await;
    let A::PlanRead(Ok(reading)) = reading else { panic!("{reading:?}") };
    let [chunk] = &*reading.chunks else { panic!("{reading:?}") };
    let (capability, length) = (chunk.capability.clone(), chunk.chunk.length);
    let peer = data(user, chunk.replicas[0]).await;
    let reply = tokio::task::spawn_blocking(move || peer.read(1, &capability, 0, length)).await.expect("no panic");
    let Reply::Bytes(read) = reply else { panic!("{reply:?}") };
    assert!(read == bytes, "what was read is not what was written");
}

/// Opens a data connection as the previous version does.
async fn data(user: &Identity, node: NodeAddress) -> Peer {
    let expected = Expected::Datanode(node.id);
    let connected = previous::connect(previous::VERSIONS, user, node.address, expected, Service::Data).await;
    let connected = connected.expect("connect to a datanode");
    assert_eq!(connected.version, 8);
    let conn = DataConn::new(connected).expect("take over");
    conn.set_timeout(Some(Duration::from_secs(20))).expect("set timeout");
    Peer(conn)
}

/// A datanode of the previous version replaces a real one: it registers, reports and sends
/// heartbeats.
async fn a_datanode(cluster: &Cluster, master: SocketAddr) {
    cluster.dfsd_ok(&["stop", "datanode-3"]);
    let node = previous::datanode(&credential(cluster.home().join("credentials/datanode-3.pem")), master).await;
    let directory =
        DirectoryLoad { path: "/then".into(), capacity: 1 << 40, free: 1 << 40, ..DirectoryLoad::default() };
    let load = NodeLoad { directories: vec![directory], ..NodeLoad::default() };
    let (boot, address) = (88, SocketAddr::from(([127, 0, 0, 1], 9)));
    let register = || Register { boot, address, load: load.clone(), version: "of then".into() };
    let registered = loop {
        // It waits for its registration as a real one does.
        match node.register(context(), register()).await.expect("an answer") {
            Ok(registered) => break registered,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    assert!(!registered.keys.is_empty());
    let page = ReportPage { boot, first: true, last: true, chunks: Vec::new() };
    node.chunk_report(context(), page).await.expect("an answer").expect("reported");
    node.heartbeat(context(), Heartbeat::new(boot, load.clone())).await.expect("an answer").expect("heard");
    let nodes = cluster.client().await.nodes().await.expect("nodes");
    let seen = nodes.iter().find(|node| node.id.0 == 3).expect("listed");
    assert_eq!((seen.version.as_str(), seen.state, seen.address), ("of then", NodeState::Live, address));
}

fn stat_of_then() -> Stat {
    let (owner, group) = ("ann".to_owned(), "ann".to_owned());
    let (modified, created) = (Timestamp(2), Timestamp(1));
    let (size, replication, chunk_size, chunks, space) = (10, 3, 1 << 20, 1, 30);
    let (files, directories, version, mode) = (0, 0, 5, 0o644);
    let (kind, id) = (Kind::File, EntryId::UNKNOWN);
    Stat {
        kind,
        size,
        modified,
        created,
        owner,
        group,
        mode,
        replication,
        chunk_size,
        chunks,
        files,
        directories,
        version,
        space,
        id,
    }
}

/// Returns the answers of a master of the previous version.
fn answer_of_then(request: UserRequest) -> UserResponse {
    match request {
        UserRequest::Cluster(ClusterServiceRequest::Ping { .. }) => {
            UserResponse::Cluster(Box::new(ClusterServiceResponse::Ping(Ok(()))))
        }
        UserRequest::Files(Q::Stat { .. }) => UserResponse::Files(A::Stat(Ok(stat_of_then().into()))),
        UserRequest::Files(Q::List { .. }) => {
            let entries = vec![Entry { name: "f".to_owned(), stat: stat_of_then() }];
            UserResponse::Files(A::List(Ok(ListPage { entries, more: false })))
        }
        other => panic!("not asked here: {other:?}"),
    }
}

/// With a master of the previous version, a current client makes the previous calls, and reports
/// missing ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_current_client_works_with_a_master_of_the_previous_version() {
    let cluster = Cluster::start(Spec::default());
    let identity = credential(cluster.home().join("credentials/master-1.pem"));
    let masters = vec![previous::master(identity, answer_of_then).await];
    let settings = dfs_config::ClientSettings { rpc_timeout: Duration::from_secs(20), ..Default::default() };
    let options = ClientOptions { masters, identity: credential(cluster.credential()), settings };
    let client = Client::connect(options).await.expect("connect");
    assert_eq!(client.stat(&path("/f")).await, Ok(stat_of_then()));
    let page = client.list(list(path("/"))).await.expect("listed");
    assert_eq!(page.entries, [Entry { name: "f".to_owned(), stat: stat_of_then() }]);

    let refused = [
        client.copy(&path("/f"), &path("/g"), CopyOptions::default()).await.map(drop),
        client.set_user_attributes(&path("/f"), &[("user.a".to_owned(), None)]).await,
        client.user_attributes(&path("/f")).await.map(drop),
    ];
    for (refused, what) in
        refused.into_iter().zip(["copies inside the cluster", "attributes user.*", "attributes user.*"])
    {
        let error = refused.expect_err("the master does not have it");
        let sentence = format!("the master speaks protocol version 8; {what} came with version 9");
        assert_eq!((error.code, error.message), (ErrorCode::Unsupported, sentence));
    }
}
