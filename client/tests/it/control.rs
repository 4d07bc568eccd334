//! Calls to the masters.

use crate::cluster::{Cluster, content, path};
use dfs_client::{
    CancellationToken, Client, ClientOptions, Copied, CopyOptions, ListDirectory, Outlook, Progress, PutOptions,
    Source, Waited,
};
use dfs_rpc::view::{ClusterView, LogStatus, ViewVersion};
use dfs_rpc::wire::ClusterStatus;
use dfs_types::{ClusterId, Detail, EntryId, Error, ErrorCode, Timestamp};
use futures::TryStreamExt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[tokio::test]
async fn simple_calls() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    client.ping().await.expect("ping");
    assert_eq!(client.whoami().await.as_deref(), Ok("ann"));
    client.mkdir(&path("/a"), false).await.expect("mkdir");
    let again = client.mkdir(&path("/a"), false).await.expect_err("it exists");
    assert_eq!((again.code, again.path.as_deref()), (ErrorCode::AlreadyExists, Some("/a")));
    let none = client.stat(&path("/b")).await.expect_err("it does not exist");
    assert_eq!(none.code, ErrorCode::NotFound);
    assert_eq!(client.nodes().await.map(|nodes| nodes.len()), Ok(0));
    let garbage = client.snapshot(None).await.expect_err("no view");
    assert_eq!(garbage.code, ErrorCode::Internal);
    assert!(garbage.message.starts_with("the master sent an invalid view of the cluster: "), "{garbage:?}");
}

/// An empty view of an epoch: a delta to the view `since`, or a whole one.
fn view(epoch: u64, seq: u64, since: Option<u64>) -> ClusterView {
    let version = |seq| ViewVersion { epoch, seq };
    let status = ClusterStatus { term: seq, ..ClusterStatus::empty(ClusterId([1; 16]), Timestamp(seq)) };
    let (copies, log) = (Vec::new(), LogStatus::default());
    let (nodes, gone, events, curve) = Default::default();
    ClusterView { version: version(seq), since: since.map(version), status, copies, log, nodes, gone, events, curve }
}

#[tokio::test]
async fn a_delta_that_does_not_apply_is_replaced_by_a_whole_view() {
    let cluster = Cluster::start(0).await;
    let client = cluster.client().await;
    // The last answers come from another master: its first delta is relative to a view of its own.
    let sent = [view(1, 1, None), view(1, 2, Some(1)), view(2, 9, Some(8)), view(2, 9, None)];
    cluster.table.views.lock().expect("lock").extend(sent);
    let first = client.snapshot(None).await.expect("a picture");
    let second = client.snapshot(Some(&first)).await.expect("the next");
    let third = client.snapshot(Some(&second)).await.expect("one of the other master");
    assert_eq!([&first, &second, &third].map(|picture| picture.status.term), [1, 2, 9]);
    let asked = cluster.table.since.lock().expect("lock").clone();
    assert_eq!(asked, [None, Some(first.version), Some(second.version), None]);
}

#[tokio::test]
async fn a_directory_of_several_pages_is_listed_once() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let (progress, cancel) = (Progress::new(), CancellationToken::new());
    for name in ["a1", "a2", "a3", "a4", "a5", "b1"] {
        let file = path("/").join(name).expect("path");
        let source = Source::Bytes(content(10).into());
        client.put(source, &file, PutOptions::default(), &progress, &cancel).await.expect("put");
    }
    let names = |prefix: &'static str| {
        let client = client.clone();
        async move {
            let entries: Vec<_> = client.list_all(&path("/"), prefix).try_collect().await.expect("list");
            entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
        }
    };
    assert_eq!(names("").await, ["a1", "a2", "a3", "a4", "a5", "b1"]);
    assert_eq!(names("a").await, ["a1", "a2", "a3", "a4", "a5"]);
    assert!(names("c").await.is_empty());
    let list = ListDirectory { path: path("/"), after: Some("a4".into()), prefix: String::new(), limit: 10 };
    assert_eq!(client.list(list).await.map(|page| page.entries.len()), Ok(2));
}

#[tokio::test]
async fn transient_errors_are_retried() {
    let cluster = Cluster::start(0).await;
    let client = cluster.client().await;
    for code in [ErrorCode::SafeMode, ErrorCode::NotLeader, ErrorCode::Unreachable, ErrorCode::Timeout] {
        *cluster.table.refusals.lock().expect("lock") = (3, Some(code));
        assert!(client.whoami().await.is_ok(), "{code}");
        assert_eq!(cluster.table.refusals.lock().expect("lock").0, 0);
    }
    *cluster.table.refusals.lock().expect("lock") = (3, Some(ErrorCode::PermissionDenied));
    assert_eq!(client.whoami().await.map_err(|error| error.code), Err(ErrorCode::PermissionDenied));
    assert_eq!(cluster.table.refusals.lock().expect("lock").0, 2);
    *cluster.table.refusals.lock().expect("lock") = (3, Some(ErrorCode::SafeMode));
    let refused = client.clone().fail_fast().whoami().await;
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::SafeMode));
    assert_eq!(cluster.table.refusals.lock().expect("lock").0, 2);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_happens_once() {
    let cluster = Cluster::start(0).await;
    let mut options = cluster.options();
    options.settings.rpc_timeout = Duration::from_secs(3);
    let client = Client::connect(options).await.expect("connect");
    cluster.table.lost_answers.store(1, Ordering::Relaxed);
    // A second mkdir would fail with `already_exists`.
    client.mkdir(&path("/once"), false).await.expect("mkdir");
    assert_eq!(cluster.table.lost_answers.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_leader_is_found_among_unreachable_masters_and_followers() {
    let cluster = Cluster::start(0).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("address");
    let follower = cluster.start_master(Some(cluster.master.to_string())).await;
    // A name may have several addresses; the first one here is not reachable.
    let by_name = cluster.start_master(Some(format!("localhost:{}", cluster.master.port()))).await;
    for masters in
        [vec![gone, follower], vec![follower, gone], vec![gone, cluster.master], vec![follower], vec![by_name]]
    {
        let client = Client::connect(ClientOptions { masters, ..cluster.options() }).await.expect("connect");
        assert_eq!(client.whoami().await.as_deref(), Ok("ann"));
    }
}

#[tokio::test]
async fn an_unreachable_cluster_is_reported_with_address_attempt_and_deadline() {
    let cluster = Cluster::start(0).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("address");
    let options = ClientOptions { masters: vec![gone], ..cluster.options() };
    let client = Client::new(options).with_timeout(Duration::from_millis(300));
    let error = client.ready().await.expect_err("nobody is there");
    assert_eq!(error.code, ErrorCode::Unreachable);
    for part in [gone.to_string(), "attempt ".to_owned(), "deadline 300ms".to_owned()] {
        assert!(error.message.contains(&part), "{error}");
    }
    assert!(matches!(error.detail.as_deref(), Some(Detail::MastersUnreachable { limit_ms: 300, .. })), "{error:?}");
    let error = client.fail_fast().ready().await.expect_err("nobody is there");
    assert!(error.message.contains("attempt 1,"), "{error}");
}

fn gone() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("address")
}

#[tokio::test]
async fn a_call_ends_when_its_outlook_says_that_waiting_is_of_no_use() {
    let cluster = Cluster::start(0).await;
    let cause = || Error::new(ErrorCode::Unreachable, "master-1 has crashed");
    // Refused, it ends with the first look; a master that takes the connection is heard out.
    let gone_for_good = Outlook::new(move |waited: Waited| (!waited.connected).then(cause));
    let options = || ClientOptions { masters: vec![gone()], ..cluster.options() };
    let client = Client::with_outlook(options(), Some(gone_for_good.clone()));
    let begun = Instant::now();
    assert_eq!(client.whoami().await, Err(cause()));
    assert!(begun.elapsed() < Duration::from_secs(1));
    let client = Client::with_outlook(cluster.options(), Some(gone_for_good));
    assert_eq!(client.whoami().await.as_deref(), Ok("ann"));
    // One that hopes for a while is asked again and again.
    let later = Outlook::new(move |waited: Waited| (waited.span >= Duration::from_millis(600)).then(cause));
    let client = Client::with_outlook(options(), Some(later));
    let begun = Instant::now();
    assert_eq!(client.whoami().await, Err(cause()));
    assert!(begun.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn a_brief_call_names_the_masters_that_did_not_answer() {
    let cluster = Cluster::start(0).await;
    let masters = vec![gone(), gone()];
    let options = ClientOptions { masters: masters.clone(), ..cluster.options() };
    let begun = Instant::now();
    let error = Client::new(options).brief().status().await.expect_err("nobody is there");
    assert!(begun.elapsed() < Duration::from_secs(3), "{error}");
    assert!(error.code == ErrorCode::Unreachable && error.message.starts_with("no master answers: "), "{error}");
    for master in masters {
        assert_eq!(error.message.matches(&master.to_string()).count(), 1, "{error}");
    }
    assert!(Client::new(cluster.options()).brief().whoami().await.is_ok());
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused_at_once() {
    let (ours, theirs) = (Cluster::start(0).await, Cluster::start(0).await);
    let options = ClientOptions { identity: ours.user.clone(), ..theirs.options() };
    let error = Client::connect(options).await.expect_err("another authority");
    assert_eq!(error.code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_copy_continues_until_everything_is_copied() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    cluster.table.lost_answers.store(1, Ordering::Relaxed);
    let options = CopyOptions { recursive: true, overwrite: false };
    let copied = client.with_timeout(Duration::from_secs(6)).copy(&path("/a"), &path("/b"), options).await;
    assert_eq!(copied, Ok(Copied { files: 6, directories: 2, bytes: 200, next: None }), "two calls");
    assert_eq!(cluster.table.lost_answers.load(Ordering::Relaxed), 0, "an answer was lost");
}

#[tokio::test]
async fn a_current_master_has_ids_and_attributes() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    client.mkdir(&path("/a"), false).await.expect("mkdir");
    assert_eq!(client.stat(&path("/a")).await.map(|stat| stat.id), Ok(EntryId(8)));
    client.set_user_attributes(&path("/a"), &[("user.a".to_owned(), None)]).await.expect("set");
    assert_eq!(client.user_attributes(&path("/a")).await, Ok(vec![("user.a".to_owned(), b"1".to_vec())]));
}

#[tokio::test]
async fn calls_that_wait_for_one_connection_end_at_their_own_deadline() {
    const CALLS: usize = 16;
    let cluster = Cluster::start(0).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let silent = listener.local_addr().expect("address");
    let options = ClientOptions { masters: vec![silent], ..cluster.options() };
    let client = Client::new(options).with_timeout(Duration::from_secs(1));
    let calls = futures::future::join_all((0..CALLS).map(|_| client.whoami()));
    let mut tried = Vec::new();
    let answers = tokio::select! {
        answers = calls => answers,
        _ = async {
            while let Ok((tcp, _)) = listener.accept().await {
                tried.push(tcp);
            }
        } => panic!("the listener ended"),
    };
    for answer in answers {
        let error = answer.expect_err("nobody answers");
        assert!(matches!(error.code, ErrorCode::Timeout | ErrorCode::Unreachable), "{error:?}");
    }
    // Most calls time out while they wait for the connection that another one opens.
    assert!(tried.len() < CALLS / 2, "{} connections for {CALLS} calls", tried.len());
}
