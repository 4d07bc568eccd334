//! Tests of names over the wire.

use super::harness::{Answer, Cluster, code, context, path, request};
use dfs_rpc::wire::ListDirectory;
use dfs_types::{AttributeChange, Deleted, ErrorCode, Kind, Stat};

fn list(name: &str, after: Option<&str>, limit: u32) -> ListDirectory {
    ListDirectory { path: path(name), after: after.map(str::to_owned), prefix: String::new(), limit }
}

#[tokio::test]
async fn names_come_move_and_go() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    ann.cluster.ping(context()).await.expect("ping").expect("answered");
    assert_eq!(ann.cluster.whoami(context()).await.answer(), Ok("ann".to_owned()));
    for name in ["/a", "/a/b", "/a/c"] {
        assert_eq!(ann.files.mkdir(context(), request(), path(name), false).await.answer(), Ok(()));
    }
    assert_eq!(ann.files.mkdir(context(), request(), path("/x/y/z"), true).await.answer(), Ok(()));
    let stat: Stat = ann.files.stat(context(), path("/a")).await.answer().expect("there").into();
    assert_eq!((stat.kind, stat.directories, stat.owner.as_str()), (Kind::Directory, 2, "ann"));
    let page = ann.files.list(context(), list("/a", None, 1)).await.answer().expect("listed");
    assert_eq!((page.entries[0].name.as_str(), page.more), ("b", true));
    let page = ann.files.list(context(), list("/a", Some("b"), 9)).await.answer().expect("listed");
    assert_eq!((page.entries[0].name.as_str(), page.more), ("c", false));
    let moved = ann.files.rename(context(), request(), path("/a/b"), path("/x/b"), false).await.answer();
    assert_eq!(moved, Ok(()));
    let error = ann.files.delete(context(), request(), path("/x"), false).await.answer().expect_err("not empty");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::NotEmpty, Some("/x")));
    let deleted = ann.files.delete(context(), request(), path("/x"), true).await.answer();
    assert_eq!(deleted.map(Deleted::from), Ok(Deleted { files: 0, directories: 4, bytes: 0 }));
    assert_eq!(code(ann.files.stat(context(), path("/x")).await.answer()), ErrorCode::NotFound);
    let error = ann.files.rename(context(), request(), path("/a"), path("/a/c/d"), false).await.answer();
    assert_eq!(error.expect_err("into itself").code, ErrorCode::InvalidArgument);
    master.stop();
}

#[tokio::test]
async fn others_may_look_but_not_touch() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let bob = cluster.user(&master, "bob").await;
    assert!(bob.files.list(context(), list("/", None, 10)).await.answer().is_ok());
    let refused = bob.files.mkdir(context(), request(), path("/bob"), false).await.answer();
    assert_eq!(code(refused), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn attributes_are_set_and_unknown_names_refused() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    ann.files.mkdir(context(), request(), path("/home/bob"), true).await.answer().expect("made");
    let owner = |name: &str| AttributeChange { owner: Some(name.into()), ..Default::default() };
    let set = ann.files.set_attributes(context(), request(), path("/home/bob"), owner("no name").into()).await.answer();
    let error = set.expect_err("no user");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidArgument, Some("no name")));
    assert_eq!(
        ann.files.set_attributes(context(), request(), path("/home/bob"), owner("bob").into()).await.answer(),
        Ok(())
    );
    assert_eq!(bob.files.mkdir(context(), request(), path("/home/bob/x"), false).await.answer(), Ok(()));
    let refused = bob.files.set_attributes(context(), request(), path("/home"), owner("bob").into()).await.answer();
    assert_eq!(code(refused), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn a_retry_is_recognised() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let id = request();
    for _ in 0..3 {
        assert_eq!(ann.files.mkdir(context(), id, path("/once"), false).await.answer(), Ok(()));
    }
    assert_eq!(
        code(ann.files.mkdir(context(), request(), path("/once"), false).await.answer()),
        ErrorCode::AlreadyExists
    );
}

#[tokio::test]
async fn many_at_once_share_entries_and_keep_their_own_results() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let calls = (0..500).map(|n| {
        let ann = ann.clone();
        // Every tenth name exists already.
        let name = format!("/d{}", if n % 10 == 9 { n - 1 } else { n });
        async move { ann.files.mkdir(context(), request(), path(&name), false).await.answer() }
    });
    let results = futures::future::join_all(calls).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 50);
    assert!(results.into_iter().filter_map(Result::err).all(|error| error.code == ErrorCode::AlreadyExists));
    let root = ann.files.stat(context(), path("/")).await.answer().expect("there");
    assert_eq!(root.directories, 450);
}
