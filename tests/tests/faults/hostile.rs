//! Invalid data on every port: the sender loses its connection, the daemon keeps running, its
//! memory stays bounded.

use dfs_rpc::hello::Service;
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{ConnectError, Connected, connect};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::Protection;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The maximum memory of a daemon in a test that sends it invalid data, in bytes.
const MEMORY_MAX: u64 = 200 << 20;

fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

fn all_well(cluster: &Cluster) {
    let daemons = cluster.daemons();
    assert_eq!(daemons.len(), 4);
    for daemon in daemons {
        let pid = daemon.pid.unwrap_or_else(|| panic!("{} died", daemon.id));
        let bytes = resident(pid);
        assert!(bytes < MEMORY_MAX, "{} uses {bytes} bytes", daemon.id);
    }
    cluster.ok(&["ls", "/"]);
}

#[test]
fn unauthenticated_callers_get_no_access() {
    let cluster = Cluster::start(Spec::default());
    let addresses: Vec<SocketAddr> =
        cluster.daemons().iter().map(|daemon| daemon.address.parse().expect("address")).collect();
    let garbage = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        vec![0xff; 70_000],
        content::bytes(4, 100_000),
        b"dfsH\x01\x01\x01\0\x01\0".to_vec(),
        // A TLS record with the maximum length in its header, truncated.
        vec![0x16, 3, 3, 0xff, 0xff, 1, 0, 0xff, 0xff],
    ];
    for address in &addresses {
        for bytes in &garbage {
            let mut stranger = TcpStream::connect(address).expect("connect");
            stranger.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
            // The daemon may close the connection before it has read everything.
            let _ = stranger.write_all(bytes);
            let mut answer = Vec::new();
            let _ = stranger.read_to_end(&mut answer);
            assert!(answer.len() < 100, "a stranger was told {} bytes", answer.len());
        }
    }
    // Silent connections cost little and do not block others.
    let idle: Vec<_> = (0..300).map(|index| TcpStream::connect(addresses[index % addresses.len()])).collect();
    all_well(&cluster);
    drop(idle);
}

async fn open(cluster: &Cluster, daemon: &str, service: Service) -> Result<Connected, ConnectError> {
    let identity = Identity::from_pem(&std::fs::read(cluster.credential()).expect("read")).expect("credential");
    let address = cluster.daemon(daemon).address;
    let expected = match daemon.parse() {
        Ok(id) => Expected::Datanode(id),
        Err(_) => Expected::AnyMaster,
    };
    connect(&identity, address, expected, service, Protection::Private, Duration::from_secs(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_no_datanode_and_no_master() {
    let cluster = Cluster::start(Spec::default());
    for (daemon, service) in [
        ("master-1", Service::Node),
        ("master-1", Service::Raft),
        ("master-1", Service::Data),
        ("datanode-1", Service::Client),
    ] {
        let refused = open(&cluster, daemon, service).await;
        assert!(matches!(refused, Err(ConnectError::Refused { .. })), "{daemon} {service:?}: {refused:?}");
    }
    all_well(&cluster);
}

/// A user with a valid credential sends invalid data after the hello.
#[tokio::test(flavor = "multi_thread")]
async fn senders_of_invalid_data_lose_their_connection() {
    let cluster = Cluster::start(Spec::default());
    let oversized = [u32::MAX.to_le_bytes().to_vec(), vec![0; 1000]].concat();
    let masters_lies = [oversized.clone(), content::bytes(5, 300_000), vec![1, 0, 0, 0, 0xff]];
    // Half a frame is not invalid yet.
    let datanodes_lies = [oversized, content::bytes(5, 300_000), vec![0xff; 64]];
    for (daemon, service, lies) in
        [("master-1", Service::Client, masters_lies), ("datanode-1", Service::Data, datanodes_lies)]
    {
        for lie in &lies {
            let mut connection = open(&cluster, daemon, service).await.expect("a good credential");
            let _ = connection.stream.write_all(lie).await;
            let _ = connection.stream.flush().await;
            let mut answer = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(20), connection.stream.read_to_end(&mut answer)).await;
            assert!(ended.is_ok(), "{daemon} kept a connection that sends nonsense");
        }
    }
    all_well(&cluster);
}
