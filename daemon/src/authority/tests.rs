//! Tests of real handshakes over loopback: which callers pass the handshake, and which are refused.

use super::*;
use dfs_rpc::hello::{HELLO_BYTES, Hello, HelloReply, Service, VERSIONS, Verdict};
use dfs_rpc::tls::{Expected, Identity};
use dfs_rpc::transport::{ConnectError, Connected, HELLO_TIMEOUT, accept, connect};
use dfs_types::{DatanodeId, MasterId, Protection};
use std::net::SocketAddr;
use std::sync::Arc;
use strum::VariantArray;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

const ALL: &[Service] = Service::VARIANTS;
const CLIENT: &[Service] = &[Service::Client, Service::Node, Service::Raft];

fn new_authority() -> Authority {
    Authority::create(draw_cluster_id().expect("random"), SystemTime::now()).expect("authority")
}

fn user() -> Principal {
    Principal::User("ann".to_owned())
}

const MASTER: Principal = Principal::Master(MasterId(1));
const DATANODE: Principal = Principal::Datanode(DatanodeId(2));

fn identity(authority: &Authority, principal: &Principal) -> Identity {
    let pem = authority.issue(principal, SystemTime::now()).expect("issued");
    Identity::from_pem(pem.as_bytes()).expect("reads back")
}

type Taken = JoinHandle<Result<Connected, ConnectError>>;

/// A server that accepts one connection.
async fn server(identity: Identity, offered: &'static [Service]) -> (SocketAddr, Taken) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let taken = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a caller");
        accept(&identity, tcp, offered, Protection::Auto).await
    });
    (address, taken)
}

async fn call(
    caller: &Identity,
    address: SocketAddr,
    expected: Expected,
    service: Service,
) -> Result<Connected, ConnectError> {
    connect(caller, address, expected, service, Protection::Auto, HELLO_TIMEOUT).await
}

/// Returns the results of both sides of one connection.
async fn meet(
    caller: Identity,
    server_identity: Identity,
    expected: Expected,
    service: Service,
) -> (Result<Connected, ConnectError>, Result<Connected, ConnectError>) {
    let (address, taken) = server(server_identity, ALL).await;
    let called = call(&caller, address, expected, service).await;
    (called, taken.await.expect("no panic"))
}

#[tokio::test]
async fn authorised_callers_get_in_and_are_known() {
    let authority = new_authority();
    let datanode = Expected::Datanode(DatanodeId(2));
    for (caller, server, expected, service) in [
        (user(), MASTER, Expected::AnyMaster, Service::Client),
        (DATANODE, MASTER, Expected::AnyMaster, Service::Node),
        (Principal::Master(MasterId(2)), MASTER, Expected::AnyMaster, Service::Raft),
        (user(), DATANODE, datanode, Service::Data),
        (Principal::Datanode(DatanodeId(3)), DATANODE, datanode, Service::Data),
    ] {
        let (called, taken) =
            meet(identity(&authority, &caller), identity(&authority, &server), expected, service).await;
        let (called, taken) = (called.expect("welcome"), taken.expect("welcome"));
        assert_eq!((called.peer, taken.peer), (server, caller));
        assert_eq!((taken.service, taken.plain), (service, service == Service::Data));
        assert_eq!((called.version, taken.version), (*VERSIONS.end(), *VERSIONS.end()));
    }
}

#[tokio::test]
async fn roles_may_do_only_what_the_table_says() {
    let authority = new_authority();
    for (caller, service) in
        [(user(), Service::Node), (user(), Service::Raft), (DATANODE, Service::Client), (MASTER, Service::Data)]
    {
        let (called, taken) =
            meet(identity(&authority, &caller), identity(&authority, &MASTER), Expected::AnyMaster, service).await;
        for side in [called, taken] {
            let refused = side.expect_err("refused");
            assert!(
                matches!(refused, ConnectError::Refused { verdict: Verdict::Role, .. }),
                "{caller} {service:?}: {refused}"
            );
        }
    }
}

#[tokio::test]
async fn users_and_other_datanodes_cannot_pose_as_servers() {
    let authority = new_authority();
    let second = Expected::Datanode(DatanodeId(2));
    for (impostor, expected) in [
        (user(), Expected::AnyMaster),
        (user(), second),
        (DATANODE, Expected::AnyMaster),
        (MASTER, second),
        (Principal::Datanode(DatanodeId(3)), second),
    ] {
        let service = if expected == second { Service::Data } else { Service::Client };
        let (called, _) = meet(identity(&authority, &user()), identity(&authority, &impostor), expected, service).await;
        let error = called.expect_err("must not be believed");
        assert!(
            matches!(&error, ConnectError::Io(io) if io.kind() == std::io::ErrorKind::InvalidData),
            "{impostor}: {error}"
        );
    }
}

#[tokio::test]
async fn credentials_of_another_authority_are_worth_nothing() {
    let (ours, theirs) = (new_authority(), new_authority());
    let (called, taken) =
        meet(identity(&theirs, &user()), identity(&ours, &MASTER), Expected::AnyMaster, Service::Client).await;
    assert!(called.is_err() && taken.is_err());
    // The same cluster id does not help: the key differs.
    let forged = Authority::create(ours.cluster(), SystemTime::now()).expect("authority");
    let pem = forged.issue(&user(), SystemTime::now()).expect("issued");
    let (own, key) = (pem.find("-----END CERT").expect("own"), pem.find("-----BEGIN PRIV").expect("key"));
    let own = &pem[..own + "-----END CERTIFICATE-----\n".len()];
    // The forger trusts our master, so only the check of the master is left.
    let caller = Identity::from_pem(format!("{own}{}{}", ours.certificate, &pem[key..]).as_bytes()).expect("reads");
    let (address, taken) = server(identity(&ours, &MASTER), CLIENT).await;
    assert!(call(&caller, address, Expected::AnyMaster, Service::Client).await.is_err());
    assert!(taken.await.expect("no panic").is_err());
}

#[tokio::test]
async fn expired_credentials_are_refused() {
    let authority = new_authority();
    let long_ago = SystemTime::now() - 2 * VALIDITY;
    let pem = authority.issue(&user(), long_ago).expect("issued");
    let expired = Identity::from_pem(pem.as_bytes()).expect("reads");
    let (called, taken) = meet(expired, identity(&authority, &MASTER), Expected::AnyMaster, Service::Client).await;
    assert!(called.is_err() && taken.is_err());
}

/// Returns TLS that trusts our authority, with or without a credential of the caller.
fn bare_connector(authority: &Authority, credential: Option<&str>) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_root_certificates(roots);
    let config = match credential {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let own = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("key");
            builder.with_client_auth_cert(vec![own], key).expect("fits")
        }
    };
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn no_certificate_no_hello() {
    let authority = new_authority();
    let (address, taken) = server(identity(&authority, &MASTER), CLIENT).await;
    let tcp = TcpStream::connect(address).await.expect("connected");
    let name = MASTER_NAME.try_into().expect("a name");
    // In TLS 1.3 the caller may believe that the handshake succeeded; the server never does.
    if let Ok(mut stream) = bare_connector(&authority, None).connect(name, tcp).await {
        let mut byte = [0];
        assert!(stream.read(&mut byte).await.map_or(true, |count| count == 0));
    }
    assert!(matches!(taken.await.expect("no panic"), Err(ConnectError::Io(_))));
}

/// Sends these bytes over valid TLS, and returns the answer of the server.
async fn say(words: &[u8]) -> (Option<HelloReply>, Result<Connected, ConnectError>) {
    let authority = new_authority();
    let credential = authority.issue(&user(), SystemTime::now()).expect("issued");
    let (address, taken) = server(identity(&authority, &MASTER), CLIENT).await;
    let tcp = TcpStream::connect(address).await.expect("connected");
    let name = MASTER_NAME.try_into().expect("a name");
    let mut stream = bare_connector(&authority, Some(&credential)).connect(name, tcp).await.expect("handshake");
    let mut words = words.to_vec();
    if words.len() == HELLO_BYTES {
        // The cluster id is random in each test, and the checksum covers it.
        words[12..28].copy_from_slice(&authority.cluster().0);
        let crc = crc32c::crc32c(&words[..28]);
        words[28..].copy_from_slice(&crc.to_le_bytes());
    }
    stream.write_all(&words).await.expect("sent");
    stream.shutdown().await.expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let reply = answer.first_chunk().map(|head| HelloReply::decode(head).expect("a reply").0);
    (reply, taken.await.expect("no panic"))
}

#[tokio::test]
async fn another_version_gets_its_error() {
    let mut newer = Hello::new(Service::Client, ClusterId([0; 16]), false, &VERSIONS).encode();
    newer[6..8].copy_from_slice(&700_u16.to_le_bytes());
    newer[8..10].copy_from_slice(&701_u16.to_le_bytes());
    let (reply, taken) = say(&newer).await;
    assert_eq!(reply.expect("an answer").verdict, Verdict::Version);
    assert!(matches!(taken, Err(ConnectError::Refused { verdict: Verdict::Version, .. })));
}

#[tokio::test]
async fn what_is_no_hello_is_dropped() {
    for words in [&b"GET / HTTP/1.1\r\nHost: dfs.internal\r\n\r\n"[..], b"dfsH", b""] {
        let (reply, taken) = say(words).await;
        assert_eq!(reply, None);
        assert!(matches!(taken, Err(ConnectError::Hello(_) | ConnectError::Io(_))));
    }
}

#[tokio::test]
async fn the_wrong_cluster_gets_its_error() {
    let authority = new_authority();
    // The caller has `identity`, but a wrong cluster id, as with a credential assembled from
    // different clusters.
    let mut caller = identity(&authority, &user());
    caller.cluster = ClusterId([1; 16]);
    let (address, taken) = server(identity(&authority, &MASTER), CLIENT).await;
    let called = call(&caller, address, Expected::AnyMaster, Service::Client).await;
    assert!(matches!(called, Err(ConnectError::Nobody)), "{called:?}");
    assert!(taken.await.expect("no panic").is_err());
}

#[tokio::test]
async fn garbage_in_place_of_tls_ends_the_connection() {
    for garbage in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], &[0xff; 64], &[0x16, 0x03, 0x01, 0xff, 0xff]] {
        let (address, taken) = server(identity(&new_authority(), &MASTER), CLIENT).await;
        let mut tcp = TcpStream::connect(address).await.expect("connected");
        tcp.write_all(garbage).await.expect("sent");
        tcp.shutdown().await.expect("sent");
        assert!(matches!(taken.await.expect("no panic"), Err(ConnectError::Io(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_waited_for() {
    let (address, taken) = server(identity(&new_authority(), &MASTER), CLIENT).await;
    let silent = TcpStream::connect(address).await.expect("connected");
    assert!(matches!(taken.await.expect("no panic"), Err(ConnectError::Timeout(_))));
    drop(silent);

    // The other way round: a server that accepts the connection and sends nothing.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let caller = identity(&new_authority(), &user());
    assert!(matches!(
        call(&caller, address, Expected::AnyMaster, Service::Client).await,
        Err(ConnectError::Timeout(_))
    ));
}

#[test]
fn an_authority_reads_back_and_issues_on() {
    let first = new_authority();
    let again = Authority::from_pem(first.to_pem().as_bytes()).expect("reads");
    assert_eq!((again.cluster(), &again.certificate), (first.cluster(), &first.certificate));
    let pem = again.issue(&DATANODE, SystemTime::now()).expect("issued");
    let identity = Identity::from_pem(pem.as_bytes()).expect("reads");
    assert_eq!((identity.cluster, identity.principal), (first.cluster(), DATANODE));
    // A credential cannot be read as an authority.
    assert!(matches!(Authority::from_pem(pem.as_bytes()), Err(AuthorityError::NotAuthority)));
    assert!(Authority::from_pem(b"").is_err());
}

#[tokio::test]
async fn credentials_of_a_reread_authority_are_accepted() {
    let first = new_authority();
    let again = Authority::from_pem(first.to_pem().as_bytes()).expect("reads");
    let (called, taken) =
        meet(identity(&again, &user()), identity(&first, &MASTER), Expected::AnyMaster, Service::Client).await;
    assert!(called.is_ok() && taken.is_ok());
}
