//! Names over the wire.

use super::harness::{Cluster, code, context, path, request};
use dfs_rpc::client::ListFolder;
use dfs_types::{AttributeChange, Deleted, ErrorCode, Kind};

fn list(name: &str, after: Option<&str>, limit: u32) -> ListFolder {
    ListFolder { path: path(name), after: after.map(str::to_owned), prefix: String::new(), limit }
}

#[tokio::test]
async fn names_come_move_and_go() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    ann.ping(context()).await.expect("ping");
    assert_eq!(ann.whoami(context()).await.expect("call"), Ok("ann".to_owned()));
    for name in ["/a", "/a/b", "/a/c"] {
        assert_eq!(ann.mkdir(context(), request(), path(name), false).await.expect("call"), Ok(()));
    }
    assert_eq!(ann.mkdir(context(), request(), path("/x/y/z"), true).await.expect("call"), Ok(()));
    let stat = ann.stat(context(), path("/a")).await.expect("call").expect("there");
    assert_eq!((stat.kind, stat.directories, stat.owner.as_str()), (Kind::Directory, 2, "ann"));
    let page = ann.list(context(), list("/a", None, 1)).await.expect("call").expect("listed");
    assert_eq!((page.entries[0].name.as_str(), page.more), ("b", true));
    let page = ann.list(context(), list("/a", Some("b"), 9)).await.expect("call").expect("listed");
    assert_eq!((page.entries[0].name.as_str(), page.more), ("c", false));
    let moved = ann.rename(context(), request(), path("/a/b"), path("/x/b"), false).await.expect("call");
    assert_eq!(moved, Ok(()));
    let error = ann.delete(context(), request(), path("/x"), false).await.expect("call").expect_err("not empty");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::NotEmpty, Some("/x")));
    let deleted = ann.delete(context(), request(), path("/x"), true).await.expect("call");
    assert_eq!(deleted, Ok(Deleted { files: 0, directories: 4, bytes: 0 }));
    assert_eq!(code(ann.stat(context(), path("/x")).await.expect("call")), ErrorCode::NotFound);
    let error = ann.rename(context(), request(), path("/a"), path("/a/c/d"), false).await.expect("call");
    assert_eq!(error.expect_err("into itself").code, ErrorCode::InvalidArgument);
    master.stop();
}

#[tokio::test]
async fn others_may_look_but_not_touch() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let bob = cluster.user(&master, "bob").await;
    assert!(bob.list(context(), list("/", None, 10)).await.expect("call").is_ok());
    let refused = bob.mkdir(context(), request(), path("/bob"), false).await.expect("call");
    assert_eq!(code(refused), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn attributes_are_set_and_names_of_nobody_refused() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    ann.mkdir(context(), request(), path("/home/bob"), true).await.expect("call").expect("made");
    let owner = |name: &str| AttributeChange { owner: Some(name.into()), ..Default::default() };
    let set = ann.set_attributes(context(), request(), path("/home/bob"), owner("no name")).await.expect("call");
    let error = set.expect_err("no user");
    assert_eq!((error.code, error.path.as_deref()), (ErrorCode::InvalidArgument, Some("no name")));
    assert_eq!(ann.set_attributes(context(), request(), path("/home/bob"), owner("bob")).await.expect("call"), Ok(()));
    assert_eq!(bob.mkdir(context(), request(), path("/home/bob/x"), false).await.expect("call"), Ok(()));
    let refused = bob.set_attributes(context(), request(), path("/home"), owner("bob")).await.expect("call");
    assert_eq!(code(refused), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn a_retry_is_recognised() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let id = request();
    for _ in 0..3 {
        assert_eq!(ann.mkdir(context(), id, path("/once"), false).await.expect("call"), Ok(()));
    }
    assert_eq!(
        code(ann.mkdir(context(), request(), path("/once"), false).await.expect("call")),
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
        // Every tenth name is there already.
        let name = format!("/d{}", if n % 10 == 9 { n - 1 } else { n });
        async move { ann.mkdir(context(), request(), path(&name), false).await.expect("call") }
    });
    let results = futures::future::join_all(calls).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 50);
    assert!(results.into_iter().filter_map(Result::err).all(|error| error.code == ErrorCode::AlreadyExists));
    let root = ann.stat(context(), path("/")).await.expect("call").expect("there");
    assert_eq!(root.directories, 450);
}
