//! Tests of invalid bytes and unauthorised peers.

use super::harness::{Cluster, context};
use dfs_rpc::hello::Service;
use dfs_rpc::tls::Expected;
use dfs_rpc::transport::{self, ConnectError};
use dfs_types::{DatanodeId, Principal, Protection};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn garbage_on_the_port_does_no_harm() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    for length in [0, 1, 5, 100, 70_000] {
        let mut socket = TcpStream::connect(master.address).await.expect("accepted");
        let garbage: Vec<u8> = (0..length).map(|_| fastrand::u8(..)).collect();
        let _ = socket.write_all(&garbage).await;
        let _ = socket.shutdown().await;
        // It may answer with a TLS alert; it must close the connection.
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
    ann.cluster.ping(context()).await.expect("the master lives").expect("answered");
}

#[tokio::test]
async fn garbage_behind_the_hello_ends_that_connection_only() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let identity = cluster.identity(&Principal::User("ann".into()));
    for garbage in [&b"\xff\xff\xff\xff"[..], b"\x05\0\0\0\xff\xff\xff\xff\xff", b"\x01\0\0\0\x09"] {
        let limit = Duration::from_secs(10);
        let connect = transport::connect(
            &identity,
            master.address,
            Expected::AnyMaster,
            Service::Client,
            Protection::Private,
            limit,
        );
        let mut stream = connect.await.expect("connected").stream;
        stream.write_all(garbage).await.expect("sent");
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    ann.cluster.ping(context()).await.expect("the master lives").expect("answered");
}

#[tokio::test]
async fn services_are_for_their_roles() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let user = Principal::User("ann".into());
    let node = Principal::Datanode(DatanodeId(1));
    for (who, service) in
        [(&user, Service::Node), (&user, Service::Raft), (&node, Service::Client), (&node, Service::Raft)]
    {
        let identity = cluster.identity(who);
        let limit = Duration::from_secs(10);
        let refused =
            transport::connect(&identity, master.address, Expected::AnyMaster, service, Protection::Private, limit)
                .await;
        assert!(matches!(refused, Err(ConnectError::Refused { .. })), "{who} {service:?}");
    }
    let stranger = Cluster::new().identity(&user);
    let limit = Duration::from_secs(10);
    let refused =
        transport::connect(&stranger, master.address, Expected::AnyMaster, Service::Client, Protection::Private, limit);
    assert!(refused.await.is_err());
}
