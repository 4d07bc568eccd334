//! Tests of searching, safe mode and replication over the wire.

use super::harness::{Answer, Cluster, code, context, path, put, request, until};
use dfs_rpc::services::UserClient;
use dfs_rpc::wire::{Find, FoundPage, SafeModeChange, UnderReplicated, Wanted};
use dfs_types::{AttributeChange, ErrorCode, Kind, Timestamp};

async fn page(user: &UserClient, from: &str, wanted: Wanted) -> FoundPage {
    let find = Find { path: path(from), after: None, wanted };
    user.files.find(context(), find).await.answer().expect("searched")
}

async fn paths(user: &UserClient, from: &str, wanted: Wanted) -> Vec<String> {
    let found = page(user, from, wanted).await;
    assert_eq!(found.next, None);
    found.entries.into_iter().map(|found| found.path.to_string()).collect()
}

#[tokio::test]
async fn each_criterion_finds_its_own() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let [a, b, c] = nodes.each_ref();
    ann.files.mkdir(context(), request(), path("/d/Reports"), true).await.answer().expect("made");
    for name in ["/d/a.csv", "/d/Reports/b.csv", "/d/Reports/été.pdf"] {
        put(&ann, name, &[a, b, c]).await;
    }
    let old = AttributeChange { modified: Some(Timestamp(5)), ..Default::default() };
    ann.files.set_attributes(context(), request(), path("/d/a.csv"), old.into()).await.answer().expect("set");
    let all = Wanted::default;
    for (wanted, expected) in [
        (Wanted { name: Some("*.csv".into()), ..all() }, vec!["/d/Reports/b.csv", "/d/a.csv"]),
        (Wanted { text: Some("REPORT".into()), ..all() }, vec!["/d/Reports"]),
        (Wanted { text: Some("ÉT".into()), ..all() }, vec!["/d/Reports/été.pdf"]),
        (Wanted { kind: Some(Kind::Directory), ..all() }, vec!["/d", "/d/Reports"]),
        (Wanted { size: Some((1001, u64::MAX)), ..all() }, vec![]),
        (Wanted { size: Some((0, 1000)), name: Some("a*".into()), ..all() }, vec!["/d/a.csv"]),
        (Wanted { modified: Some((Timestamp(0), Timestamp(5))), ..all() }, vec!["/d/a.csv"]),
        (Wanted { under_replicated: true, ..all() }, vec![]),
    ] {
        assert_eq!(paths(&ann, "/d", wanted.clone()).await, expected, "{wanted:?}");
    }
    let nothing = Find { path: path("/none"), after: None, wanted: all() };
    assert_eq!(code(ann.files.find(context(), nothing).await.answer()), ErrorCode::NotFound);
    let long = Wanted { name: Some("x".repeat(2_000)), ..all() };
    let long = Find { path: path("/"), after: None, wanted: long };
    assert_eq!(code(ann.files.find(context(), long).await.answer()), ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn pages_end_and_go_on() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let calls = (0..1_500).map(|n| {
        let ann = ann.clone();
        async move { ann.files.mkdir(context(), request(), path(&format!("/d{n:04}")), false).await.answer() }
    });
    assert!(futures::future::join_all(calls).await.into_iter().all(|made| made.is_ok()));
    let first = page(&ann, "/", Wanted::default()).await;
    assert_eq!((first.entries.len(), first.next.clone()), (1_000, Some(path("/d0998"))));
    let rest = Find { path: path("/"), after: first.next, wanted: Wanted::default() };
    let rest = ann.files.find(context(), rest).await.answer().expect("searched");
    assert_eq!((rest.entries.len(), rest.next, rest.looked.directories), (501, None, 501));
}

#[tokio::test]
async fn under_replicated_chunks_are_found_and_counted() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let [a, b, c] = nodes.each_ref();
    put(&ann, "/two", &[a, b]).await;
    put(&ann, "/three", &[a, b, c]).await;
    let wanted = Wanted { under_replicated: true, ..Wanted::default() };
    let found = page(&ann, "/", wanted.clone()).await;
    let under_replicated: Vec<_> =
        found.entries.iter().map(|found| (found.path.as_str(), found.under_replicated)).collect();
    assert_eq!(under_replicated, [("/two", UnderReplicated { under: 1, ..UnderReplicated::default() })]);
    assert_eq!((found.looked.files, found.looked.directories, found.looked.chunks), (2, 1, 2));

    ann.files.set_replication(context(), request(), path("/two"), 2).await.answer().expect("set");
    assert_eq!(paths(&ann, "/", wanted.clone()).await, Vec::<String>::new());
    ann.files.set_replication(context(), request(), path("/three"), 4).await.answer().expect("set");
    assert_eq!(paths(&ann, "/", wanted).await, ["/three"]);
    let stat = ann.files.stat(context(), path("/three")).await.answer().expect("there");
    assert_eq!((stat.replication, stat.space), (4, 4_000));
    let root = ann.files.stat(context(), path("/")).await.answer().expect("there");
    assert_eq!(root.space, 6_000);
    for (name, copies, expected) in
        [("/", 2, ErrorCode::IsADirectory), ("/two", 0, ErrorCode::InvalidArgument), ("/no", 2, ErrorCode::NotFound)]
    {
        let set = ann.files.set_replication(context(), request(), path(name), copies).await.answer();
        assert_eq!(code(set), expected, "{name} {copies}");
    }
    let bob = cluster.user(&master, "bob").await;
    let set = bob.files.set_replication(context(), request(), path("/two"), 1).await.answer();
    assert_eq!(code(set), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn the_superuser_enters_and_leaves_safe_mode() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    until("out of the first safe mode", async || {
        ann.cluster.status(context()).await.answer().expect("status").safe_mode.is_none()
    })
    .await;
    let enter = || SafeModeChange::Enter { reason: "moving house".into() };
    assert_eq!(code(bob.admin.set_safe_mode(context(), enter()).await.answer()), ErrorCode::PermissionDenied);
    ann.admin.set_safe_mode(context(), enter()).await.answer().expect("entered");
    let made = ann.files.mkdir(context(), request(), path("/a"), false).await.answer();
    let error = made.expect_err("held");
    assert_eq!((error.code, error.is_transient()), (ErrorCode::SafeMode, false));
    assert!(error.message.contains("ann") && error.message.contains("moving house"), "{error}");
    assert!(ann.files.stat(context(), path("/")).await.answer().is_ok());
    let mode = ann.cluster.status(context()).await.answer().expect("status").safe_mode.expect("in it");
    assert_eq!((mode.by.as_deref(), mode.reason.as_str()), (Some("ann"), "moving house"));
    ann.admin.set_safe_mode(context(), SafeModeChange::Leave).await.answer().expect("left");
    assert_eq!(ann.files.mkdir(context(), request(), path("/a"), false).await.answer(), Ok(()));
}
