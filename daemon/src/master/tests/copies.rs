//! Tests of copies inside the cluster, attributes `user.*` and ids of entries, over the wire.

use super::harness::{Answer, Cluster, code, context, path, put, request};
use dfs_rpc::wire::{Copied, CopyEntry, ListDirectory};
use dfs_rpc::{COPIED_PER_CALL_MAX, USER_ATTRIBUTES_BYTES_MAX};
use dfs_types::{DfsPath, ErrorCode, Stat};

fn copy(from: &str, to: &str) -> CopyEntry {
    let (from, to) = (path(from), path(to));
    CopyEntry { request: request(), from, to, recursive: true, overwrite: false, after: None }
}

#[tokio::test]
async fn a_copy_names_the_same_chunk_and_outlives_the_original() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    let nodes = cluster.datanodes(&master).await;
    let (stat, chunk) = put(&ann, "/a", &nodes.each_ref()).await;
    let again = copy("/a", "/b");
    for _ in 0..2 {
        let copied = ann.files.copy(context(), again.clone()).await.answer();
        assert_eq!(
            copied,
            Ok(Copied { files: 1, bytes: 1000, ..Copied::default() }),
            "copied once, and reported again"
        );
    }
    ann.files.delete(context(), request(), path("/a"), false).await.answer().expect("deleted");
    let located = ann.cluster.chunk(context(), chunk).await.answer().expect("a file names it");
    assert_eq!(located.path, Some(path("/b")));
    let b: Stat = ann.files.stat_v9(context(), path("/b")).await.answer().expect("there").into();
    assert_eq!((b.size, b.mode, b.replication), (stat.size, stat.mode, stat.replication));
}

#[tokio::test]
async fn ids_are_sent_from_version_9_on_and_kept_by_a_rename() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    ann.files.mkdir(context(), request(), path("/d/a"), true).await.answer().expect("made");
    let id = async |at: &str| Stat::from(ann.files.stat_v9(context(), path(at)).await.answer().expect("there")).id;
    let (before, list) =
        (id("/d/a").await, ListDirectory { path: path("/d"), after: None, prefix: "".into(), limit: 9 });
    let page = ann.files.list_v9(context(), list).await.answer().expect("listed");
    assert_eq!(page.entries[0].stat.id, before);
    ann.files.rename(context(), request(), path("/d/a"), path("/b"), false).await.answer().expect("moved");
    ann.files.mkdir(context(), request(), path("/d/a"), false).await.answer().expect("made");
    assert_eq!((id("/b").await, id("/d/a").await > before), (before, true));
}

#[tokio::test]
async fn a_large_tree_is_copied_in_several_calls() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let ann = cluster.user(&master, "ann").await;
    // Directories with 1, 2, 4, … entries.
    ann.files.mkdir(context(), request(), path("/t/x"), true).await.answer().expect("made");
    for doubling in 0..7 {
        for name in (0..1 << doubling).map(|number| format!("/t/x/{}", (1 << doubling) + number)) {
            ann.files.mkdir(context(), request(), path(&name), false).await.answer().expect("made");
        }
    }
    for number in 0..64 {
        let copied = ann.files.copy(context(), copy("/t/x", &format!("/t/{number}"))).await.answer().expect("copied");
        assert_eq!((copied.directories, copied.next), (128, None));
    }
    let whole = 2 + 127 + 64 * 128;
    let (mut after, mut sums): (Option<DfsPath>, Vec<u64>) = (None, Vec::new());
    loop {
        let asked = CopyEntry { after, ..copy("/t", "/u") };
        let copied = ann.files.copy(context(), asked).await.answer().expect("copied");
        sums.push(copied.directories);
        after = copied.next;
        if after.is_none() {
            break;
        }
    }
    assert!(sums.len() == 3 && sums.iter().all(|sum| *sum <= COPIED_PER_CALL_MAX as u64), "{sums:?}");
    assert_eq!(sums.iter().sum::<u64>(), whole);
    let u: Stat = ann.files.stat_v9(context(), path("/u")).await.answer().expect("there").into();
    assert_eq!(u.directories, whole - 1);
}

#[tokio::test]
async fn a_refused_copy_names_the_path_that_it_is_about() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    ann.files.mkdir(context(), request(), path("/a/b"), true).await.answer().expect("made");
    for (asked, expected, at) in [
        (CopyEntry { recursive: false, ..copy("/a", "/x") }, ErrorCode::IsADirectory, "/a"),
        (copy("/none", "/x"), ErrorCode::NotFound, "/none"),
        (copy("/a/b", "/a"), ErrorCode::AlreadyExists, "/a"),
        (copy("/a", "/a/b/c"), ErrorCode::InvalidArgument, "/a"),
        (CopyEntry { after: Some(path("/elsewhere")), ..copy("/a", "/x") }, ErrorCode::NotFound, "/a"),
    ] {
        let error = ann.files.copy(context(), asked.clone()).await.answer().expect_err("refused");
        assert_eq!((error.code, error.path.as_deref()), (expected, Some(at)), "{asked:?}");
    }
    assert_eq!(code(bob.files.copy(context(), copy("/a", "/x")).await.answer()), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn attributes_of_users_are_set_read_and_bounded() {
    let cluster = Cluster::new();
    let master = cluster.start();
    let (ann, bob) = (cluster.user(&master, "ann").await, cluster.user(&master, "bob").await);
    ann.files.mkdir(context(), request(), path("/a"), false).await.answer().expect("made");
    let set = async |name: &str, value: Option<Vec<u8>>| {
        ann.files.set_user_attributes(context(), request(), path("/a"), vec![(name.to_owned(), value)]).await.answer()
    };
    assert_eq!(set("user.a", Some(b"1".to_vec())).await, Ok(()));
    assert_eq!(set("user.b", Some(Vec::new())).await, Ok(()));
    assert_eq!(set("user.b", None).await, Ok(()));
    assert_eq!(code(set("user.b", None).await), ErrorCode::NotFound);
    assert_eq!(code(set("colour", Some(Vec::new())).await), ErrorCode::InvalidArgument);
    for length in [USER_ATTRIBUTES_BYTES_MAX, 1 << 20] {
        let error = set("user.c", Some(vec![7; length])).await.expect_err("too large");
        let sentence = "the attributes of one entry would take more than 64 KiB";
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidArgument, sentence));
    }
    let read = bob.files.user_attributes(context(), path("/a")).await.answer();
    assert_eq!(read, Ok(vec![("user.a".to_owned(), b"1".to_vec())]));
    let changes = vec![("user.a".to_owned(), None)];
    let refused = bob.files.set_user_attributes(context(), request(), path("/a"), changes).await.answer();
    assert_eq!(code(refused), ErrorCode::PermissionDenied);
}
