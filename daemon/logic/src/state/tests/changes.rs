use super::{Tree, file, path};
use crate::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, Outcome, Refusal};
use crate::state::{RESULTS_MAX, State};
use dfs_types::{ChunkId, ClusterId, Deleted, Kind, Layout, RequestId, Timestamp};

#[test]
fn nothing_is_accepted_before_the_first_command() {
    let mut space = State::new();
    let op = FsOp::Mkdir { path: path("/a"), parents: false };
    let command = Command { request: RequestId(1), caller: Caller::user("root"), at: Timestamp(1), op: op.into() };
    assert_eq!(space.apply(&command), Err(Refusal::NotInitialised));
    assert_eq!(space.stat(&path("/"), "root"), Err(Refusal::NotInitialised));
}

#[test]
fn a_second_init_changes_nothing() {
    let mut tree = Tree::new();
    let key = KeyRecord { id: 9, secret: [9; 32], made_at: Timestamp(0) };
    let init = AdminOp::Init { cluster: ClusterId([2; 16]), superuser: "eve".to_owned(), key };
    assert_eq!(tree.run("", init), Ok(Outcome::Done));
    assert_eq!(tree.space.cluster(), Some(ClusterId([1; 16])));
    assert_eq!(tree.space.superuser(), Some("root"));
    assert_eq!(tree.space.keys().len(), 1);
}

#[test]
fn a_directory_is_made_once() {
    let mut tree = Tree::new();
    assert_eq!(tree.mkdir("root", "/a"), Ok(Outcome::Done));
    assert_eq!(tree.mkdir("root", "/a"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdir("root", "/"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdirs("root", "/"), Ok(Outcome::Done));
    assert_eq!(tree.mkdir("root", "/b/c"), Err(Refusal::NotFound));
    assert_eq!(tree.mkdirs("root", "/b/c/d"), Ok(Outcome::Done));
    assert_eq!(tree.mkdirs("root", "/b/c"), Ok(Outcome::Done));
    let root = tree.space.stat(&path("/"), "root").expect("there");
    assert_eq!((root.directories, root.files), (4, 0));
    let made = tree.space.stat(&path("/b/c/d"), "root").expect("there");
    assert_eq!((made.kind, made.mode, made.owner.as_str()), (Kind::Directory, 0o755, "root"));
}

#[test]
fn a_file_is_no_directory() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    assert_eq!(tree.mkdirs("root", "/f"), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mkdirs("root", "/f/x/y"), Err(Refusal::NotADirectory));
    assert_eq!(tree.put("root", "/f/x", &[2], 10), Err(Refusal::NotADirectory));
    assert_eq!(tree.mv("root", "/f", "/f/x", false), Err(Refusal::NotADirectory));
    assert_eq!(tree.space.stat(&path("/f/x"), "root"), Err(Refusal::NotADirectory));
}

#[test]
fn a_commit_names_each_chunk_once() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1, 2], 10).is_ok());
    assert_eq!(tree.put("root", "/f", &[3], 10), Err(Refusal::AlreadyExists));
    assert_eq!(tree.put("root", "/g", &[2], 10), Err(Refusal::ChunkInUse));
    assert_eq!(tree.put("root", "/g", &[4, 3, 4], 10), Err(Refusal::ChunkInUse));
    assert_eq!(tree.put("root", "/g", &[1001], 10), Err(Refusal::Malformed));
    assert_eq!(tree.put("root", "/", &[4], 10), Err(Refusal::IsADirectory));
    assert_eq!(tree.put("root", "/no/g", &[4], 10), Err(Refusal::NotFound));
    assert_eq!(tree.chunk_ids(), [1, 2]);
    assert!(tree.put("root", "/g", &[9, 8], 10).is_ok(), "ids need not be ascending");
    assert_eq!(tree.chunk_ids(), [1, 2, 8, 9]);
}

#[test]
fn only_whole_chunks_make_a_file() {
    let mut tree = Tree::new();
    for (change, what) in [
        ((|new| new.chunks[0].length = 99) as fn(&mut crate::command::NewFile), "a short chunk in the middle"),
        (|new| new.chunks[1].length = 0, "an empty chunk"),
        (|new| new.chunks[1].length = 101, "a chunk that is too long"),
        (|new| new.layout = Layout::Replicated { replicas: 0 }, "no replicas"),
        (|new| new.chunk_size = 0, "no chunk size"),
    ] {
        let mut new = file("/f", &[1, 2], 10);
        change(&mut new);
        assert_eq!(tree.run("root", FsOp::Commit(new)), Err(Refusal::Malformed), "{what}");
    }
    assert!(!tree.has("/f"));
    assert!(tree.put("root", "/empty", &[], 0).is_ok());
    assert!(tree.put("root", "/full", &[1, 2], 100).is_ok());
    assert_eq!(tree.space.totals().bytes, 200);
}

#[test]
fn chunks_below_the_floor_are_too_late() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/old", &[3], 10).is_ok());
    assert_eq!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(5) }), Ok(Outcome::Done));
    assert_eq!(tree.put("root", "/f", &[4], 10), Err(Refusal::TooLate));
    assert!(tree.put("root", "/f", &[5], 10).is_ok());
    assert_eq!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(2) }), Ok(Outcome::Done));
    assert_eq!(tree.space.floor(), ChunkId(5), "it never sinks");
    assert_eq!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(u64::MAX) }), Ok(Outcome::Done));
    assert_eq!(tree.space.floor(), ChunkId(1001), "nor does it pass the ids that were handed out");
    assert_eq!(tree.chunk_ids(), [3, 5]);
}

#[test]
fn what_a_file_has_given_up_is_garbage_at_once_and_for_good() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/a").is_ok());
    for (name, ids) in [("/a/f", &[1, 2][..]), ("/g", &[3]), ("/h", &[4]), ("/k", &[5])] {
        assert!(tree.put("root", name, ids, 10).is_ok());
    }
    assert_eq!(tree.garbage(), []);
    let mut over = file("/g", &[6], 10);
    over.overwrite = true;
    assert!(tree.run("root", FsOp::Commit(over)).is_ok());
    assert!(tree.mv("root", "/h", "/k", true).is_ok());
    assert_eq!(tree.garbage(), [3, 5], "the chunk of a replaced file, and of one replaced by a move");
    assert!(tree.rm("root", "/a", true).is_ok());
    assert_eq!(tree.garbage(), [1, 2, 3, 5]);
    assert_eq!(tree.put("root", "/new", &[2], 10), Err(Refusal::TooLate));
    assert_eq!(tree.put("root", "/new", &[6], 10), Err(Refusal::ChunkInUse));
    let kept: Vec<u64> = tree.space.chunks.dropped.iter().copied().collect();
    assert_eq!(kept, [1, 2, 3, 5]);
    assert!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(4) }).is_ok());
    let kept: Vec<u64> = tree.space.chunks.dropped.iter().copied().collect();
    assert_eq!(kept, [5], "the floor covers the others");
    assert_eq!(tree.garbage(), [1, 2, 3, 5]);
    assert!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(6) }).is_ok());
    assert!(tree.rm("root", "/k", false).is_ok());
    assert!(tree.space.chunks.dropped.is_empty(), "chunks below the floor need no record");
    assert_eq!(tree.garbage(), [1, 2, 3, 4, 5]);
}

#[test]
fn abandoned_chunks_are_garbage_and_can_be_named_no_more() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1, 2], 10).is_ok());
    let next = tree.space.next_chunk();
    let abandon = |chunks: &[u64]| ChunkOp::Abandon { chunks: chunks.iter().copied().map(ChunkId).collect() };
    assert_eq!(tree.run("ann", abandon(&[3])), Err(Refusal::PermissionDenied));
    // The first belongs to a file, the last was never handed out.
    assert!(tree.run("", abandon(&[2, 3, 4, next.0])).is_ok());
    assert_eq!(tree.garbage(), [3, 4]);
    assert_eq!(tree.put("root", "/late", &[4], 10), Err(Refusal::TooLate));
    assert!(tree.has("/f"));
    let mut retried = file("/g", &[6], 10);
    retried.abandoned = [1, 5, 6].map(ChunkId).to_vec();
    assert!(tree.run("root", FsOp::Commit(retried)).is_ok());
    assert_eq!(tree.garbage(), [3, 4, 5], "chunks that files name stay");
    let kept: Vec<u64> = tree.space.chunks.dropped.iter().copied().collect();
    assert_eq!(kept, [3, 4, 5]);
}

#[test]
fn a_replaced_file_leaves_nothing_behind() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1, 2], 10).is_ok());
    let mut new = file("/f", &[3], 50);
    new.overwrite = true;
    assert!(matches!(tree.run("root", FsOp::Commit(new)), Ok(Outcome::File(stat)) if stat.size == 50));
    assert_eq!(tree.chunk_ids(), [3]);
    let totals = tree.space.totals();
    assert_eq!((totals.files, totals.bytes, totals.replica_bytes), (1, 50, 150));
}

#[test]
fn a_delete_takes_all_below() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/a/b/f", &[1, 2], 10).is_ok());
    assert!(tree.put("root", "/a/g", &[3], 10).is_ok());
    assert_eq!(tree.rm("root", "/a", false), Err(Refusal::NotEmpty));
    assert_eq!(tree.rm("root", "/x", true), Err(Refusal::NotFound));
    assert_eq!(tree.rm("root", "/", true), Err(Refusal::Root));
    assert_eq!(tree.rm("root", "/a", true), Ok(Outcome::Deleted(Deleted { files: 2, directories: 2, bytes: 120 })));
    assert!(tree.chunk_ids().is_empty());
    assert_eq!(tree.space.totals(), Default::default());
}

#[test]
fn a_move_takes_all_along() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/a/b/f", &[1, 2], 10).is_ok());
    assert!(tree.mkdir("root", "/c").is_ok());
    assert_eq!(tree.mv("root", "/a/b", "/c/d", false), Ok(Outcome::Done));
    assert!(tree.has("/c/d/f") && !tree.has("/a/b"));
    let c = tree.space.stat(&path("/c"), "root").expect("there");
    assert_eq!((c.files, c.directories, c.size), (1, 1, 110));
    let a = tree.space.stat(&path("/a"), "root").expect("there");
    assert_eq!((a.files, a.directories, a.size), (0, 0, 0));
}

#[test]
fn moves_that_make_no_sense_are_refused() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    for (from, to, overwrite, expected) in [
        ("/x", "/y", false, Err(Refusal::NotFound)),
        ("/x", "/x", false, Err(Refusal::NotFound)),
        ("/", "/y", false, Err(Refusal::Root)),
        ("/a", "/", true, Err(Refusal::AlreadyExists)),
        ("/a", "/a", false, Ok(Outcome::Done)),
        ("/f", "/f", true, Ok(Outcome::Done)),
        ("/a", "/a/b/c", false, Err(Refusal::IntoItself)),
        ("/a", "/a/b", true, Err(Refusal::IntoItself)),
        ("/a/b", "/a", true, Err(Refusal::AlreadyExists)),
        ("/a", "/f", false, Err(Refusal::AlreadyExists)),
        ("/a", "/f", true, Err(Refusal::NotADirectory)),
        ("/f", "/a", true, Err(Refusal::AlreadyExists)),
        ("/f", "/n/f", false, Err(Refusal::NotFound)),
    ] {
        assert_eq!(tree.mv("root", from, to, overwrite), expected, "{from} to {to}, overwrite {overwrite}");
    }
    assert_eq!(tree.names("/"), ["a", "f"]);
}

#[test]
fn a_move_over_a_file_needs_to_be_asked_for() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    assert!(tree.put("root", "/g", &[2, 3], 10).is_ok());
    assert_eq!(tree.mv("root", "/f", "/g", false), Err(Refusal::AlreadyExists));
    assert_eq!(tree.mv("root", "/f", "/g", true), Ok(Outcome::Done));
    assert_eq!(tree.names("/"), ["g"]);
    assert_eq!(tree.chunk_ids(), [1]);
    assert_eq!(tree.space.totals().bytes, 10);
}

#[test]
fn a_retry_gets_the_first_answer() {
    let mut tree = Tree::new();
    let op = FsOp::Commit(file("/f", &[1], 10));
    let command = Command { request: RequestId(500), caller: Caller::user("root"), at: Timestamp(9), op: op.into() };
    let first = tree.space.apply(&command);
    assert!(matches!(first, Ok(Outcome::File(_))));
    assert!(tree.rm("root", "/f", false).is_ok());
    let version = tree.space.version();
    assert_eq!(tree.space.apply(&command), first);
    assert!(!tree.has("/f"), "it was not applied again");
    assert_eq!(tree.space.version(), version);
}

#[test]
fn callers_do_not_get_the_answers_of_others() {
    let mut tree = Tree::new();
    let make = |caller: &str, at: &str| {
        let op = FsOp::Mkdir { path: path(at), parents: false };
        Command { request: RequestId(500), caller: Caller::user(caller), at: Timestamp(9), op: op.into() }
    };
    assert_eq!(tree.space.apply(&make("root", "/a")), Ok(Outcome::Done));
    assert_eq!(tree.space.apply(&make("ann", "/b")), Err(Refusal::PermissionDenied));
    assert_eq!(tree.space.apply(&make("", "/c")), Ok(Outcome::Done));
    assert_eq!(tree.names("/"), ["a", "c"]);
    // Each caller has a result of its own, and keeps it.
    assert_eq!(tree.space.apply(&make("root", "/a")), Ok(Outcome::Done));
    assert_eq!(tree.space.apply(&make("ann", "/b")), Err(Refusal::PermissionDenied));
    assert_eq!(tree.space.apply(&make("", "/c")), Ok(Outcome::Done));
    let restored = super::restore(&super::pieces(&tree.space)).expect("whole");
    assert_eq!(super::pieces(&restored), super::pieces(&tree.space));
}

#[test]
fn the_window_forgets_the_oldest() {
    let mut tree = Tree::new();
    let make = Command {
        request: RequestId(u128::MAX),
        caller: Caller::master(),
        at: Timestamp(0),
        op: ChunkOp::Reserve { count: 1 }.into(),
    };
    let first = tree.space.apply(&make);
    for _ in 1..RESULTS_MAX {
        assert!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(0) }).is_ok());
    }
    assert_eq!(tree.space.apply(&make), first);
    assert!(tree.run("", ChunkOp::RaiseFloor { floor: ChunkId(0) }).is_ok());
    assert_ne!(tree.space.apply(&make), first, "its result is dropped by now, and it is applied again");
}

#[test]
fn three_keys_are_kept_and_only_newer_ones_taken() {
    let mut tree = Tree::new();
    for id in [2, 2, 3, 4, 1] {
        let key = KeyRecord { id, secret: [id as u8; 32], made_at: Timestamp(0) };
        assert_eq!(tree.run("", AdminOp::AddKey { key }), Ok(Outcome::Done));
    }
    let ids: Vec<u32> = tree.space.keys().iter().map(|key| key.id).collect();
    assert_eq!(ids, [2, 3, 4]);
}

#[test]
fn ids_are_handed_out_once() {
    let mut tree = Tree::new();
    let next = Outcome::Reserved { first: ChunkId(1001), count: 5 };
    assert_eq!(tree.run("", ChunkOp::Reserve { count: 5 }), Ok(next));
    assert_eq!(tree.space.next_chunk(), ChunkId(1006));
}

#[test]
fn a_version_does_not_change_any_more() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/a/f", &[1], 10).is_ok());
    let before = tree.space.clone();
    assert!(tree.rm("root", "/a", true).is_ok());
    assert_eq!(before.stat(&path("/a"), "root").map(|stat| (stat.files, stat.directories)), Ok((1, 1)));
    assert_eq!(before.chunk_count(), 1);
    assert_eq!(tree.space.chunk_count(), 0);
}
