use super::{Tree, copy, path};
use crate::command::{Copied, Copy, FsOp, Outcome, Refusal};
use crate::state::COPIED_MAX;
use dfs_types::{AttributeChange, ChunkId, Layout};

fn copied(files: u64, directories: u64, bytes: u64) -> Result<Outcome, Refusal> {
    Ok(Outcome::Copied(Copied { files, directories, bytes, next: None }))
}

fn layout(at: &str, replicas: u8) -> FsOp {
    FsOp::SetLayout { path: path(at), layout: Layout::Replicated { replicas } }
}

#[test]
fn a_copy_names_the_same_chunks_and_outlives_the_original() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1, 2], 10).is_ok());
    assert_eq!(tree.cp("root", "/f", "/g", false), copied(1, 0, 110));
    let ids = |tree: &Tree, at: &str| {
        let (_, chunks) = tree.space.chunks(&path(at), 0, 1000, 10, "root").expect("readable");
        chunks.into_iter().map(|(_, chunk)| chunk.id.0).collect::<Vec<_>>()
    };
    assert_eq!((ids(&tree, "/f"), ids(&tree, "/g")), (vec![1, 2], vec![1, 2]));
    assert_eq!(tree.space.totals().bytes, 220);
    assert_eq!(tree.space.chunk_count(), 2);
    assert!(tree.rm("root", "/f", false).is_ok());
    assert!(tree.garbage().is_empty() && tree.chunk_ids() == [1, 2]);
    assert!(tree.rm("root", "/g", false).is_ok());
    assert_eq!(tree.garbage(), [1, 2]);
}

#[test]
fn entries_keep_their_ids_when_moved_and_copies_get_new_ones() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/a/f", &[1], 10).is_ok());
    let id = |tree: &Tree, at: &str| tree.space.entry_id(&path(at), "root").expect("there");
    let before = (id(&tree, "/a"), id(&tree, "/a/b"), id(&tree, "/a/f"));
    assert!(tree.mv("root", "/a", "/z", false).is_ok());
    assert_eq!((id(&tree, "/z"), id(&tree, "/z/b"), id(&tree, "/z/f")), before);
    assert_eq!(tree.cp("root", "/z", "/y", false), copied(1, 2, 10));
    let after = [id(&tree, "/y"), id(&tree, "/y/b"), id(&tree, "/y/f")];
    assert!(after.iter().all(|id| *id > before.2), "{after:?} behind {before:?}");
}

#[test]
fn a_shared_chunk_has_the_replicas_that_its_most_demanding_file_wants() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    assert!(tree.cp("root", "/f", "/g", false).is_ok());
    let wanted = |tree: &Tree| tree.space.chunk(ChunkId(1)).expect("named").replicas();
    assert!(tree.run("root", layout("/g", 2)).is_ok());
    assert_eq!(wanted(&tree), 3, "the other file wants three");
    assert!(tree.run("root", layout("/g", 5)).is_ok());
    assert_eq!(wanted(&tree), 5);
    assert!(tree.rm("root", "/g", false).is_ok());
    assert_eq!(wanted(&tree), 3, "the file that wanted five was deleted");
    assert!(tree.cp("root", "/f", "/h", false).is_ok() && tree.run("root", layout("/h", 4)).is_ok());
    assert!(tree.cp("root", "/h", "/i", false).is_ok());
    assert!(tree.run("root", layout("/h", 1)).is_ok());
    assert_eq!(wanted(&tree), 4, "one of three files wants four");
    assert!(tree.cp("root", "/f", "/i", true).is_ok());
    assert_eq!(wanted(&tree), 3, "the file that wanted four was replaced");
    assert!(tree.rm("root", "/f", false).is_ok() && tree.rm("root", "/i", false).is_ok());
    assert_eq!(wanted(&tree), 1, "this file is the only one");
    assert_eq!(tree.space.check(), Ok(()));
}

#[test]
fn a_copy_over_a_copy_of_the_same_loses_nothing() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    assert!(tree.cp("root", "/f", "/g", false).is_ok());
    assert_eq!(tree.cp("root", "/f", "/g", false), Err(Refusal::AlreadyExists));
    assert_eq!(tree.cp("root", "/f", "/g", true), copied(1, 0, 10));
    assert_eq!(tree.cp("root", "/f", "/f", true), Err(Refusal::IntoItself));
    assert!(tree.rm("root", "/f", false).is_ok());
    assert_eq!((tree.chunk_ids(), tree.garbage()), (vec![1], vec![]));
}

#[test]
fn directories_are_copied_on_demand_only_and_never_into_themselves() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    let FsOp::Copy(plain) = copy("/a", "/c") else { unreachable!() };
    assert_eq!(tree.run("root", FsOp::Copy(Copy { recursive: false, ..plain })), Err(Refusal::IsADirectory));
    assert_eq!(tree.cp("root", "/a", "/a/b/c", false), Err(Refusal::IntoItself));
    assert_eq!(tree.cp("root", "/", "/a/c", false), Err(Refusal::IntoItself));
    assert_eq!(tree.cp("root", "/none", "/c", false), Err(Refusal::NotFound));
    assert!(tree.put("root", "/c", &[1], 10).is_ok());
    assert_eq!(tree.cp("root", "/a", "/c", true), Err(Refusal::NotADirectory));
    assert_eq!(tree.cp("root", "/c", "/a", true), Err(Refusal::IsADirectory));
    assert_eq!(tree.cp("root", "/c", "/a/b", false), Err(Refusal::AlreadyExists));
}

#[test]
fn a_copy_into_a_directory_that_is_there_joins_them() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/same").is_ok() && tree.mkdirs("root", "/b/same").is_ok());
    assert!(tree.put("root", "/a/same/f", &[1], 10).is_ok());
    assert!(tree.put("root", "/b/same/f", &[2], 20).is_ok());
    assert!(tree.put("root", "/b/own", &[3], 30).is_ok());
    assert_eq!(tree.cp("root", "/a", "/b", false), Err(Refusal::AlreadyExists));
    assert_eq!(tree.cp("root", "/a", "/b", true), copied(1, 0, 10));
    assert_eq!((tree.names("/b"), tree.garbage()), (vec!["own".to_owned(), "same".to_owned()], vec![2]));
}

#[test]
fn a_large_tree_is_copied_in_stretches() {
    let mut tree = Tree::new();
    let count = COPIED_MAX + COPIED_MAX / 2;
    for number in 0..count {
        assert!(tree.mkdirs("root", &format!("/a/{:03}/{number:06}", number / 500)).is_ok());
    }
    let (mut after, mut rounds, mut made) = (None, 0, 0);
    loop {
        let FsOp::Copy(first) = copy("/a", "/b") else { unreachable!() };
        let outcome = tree.run("root", FsOp::Copy(Copy { after, ..first }));
        let Ok(Outcome::Copied(copied)) = outcome else { panic!("{outcome:?}") };
        (rounds, made) = (rounds + 1, made + copied.directories);
        match copied.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let (from, to) = (tree.space.stat(&path("/a"), "root"), tree.space.stat(&path("/b"), "root"));
    let below = from.expect("there").directories;
    assert_eq!((rounds, made, to.expect("there").directories), (2, below + 1, below));
    assert_eq!(tree.space.check(), Ok(()));
}

#[test]
fn attributes_are_kept_by_moves_and_copies_and_go_with_their_entry() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[1], 10).is_ok());
    let set = |tree: &mut Tree, at: &str, name: &str, value: Option<&[u8]>| {
        let changes = vec![(name.to_owned(), value.map(<[u8]>::to_vec))];
        tree.run("root", FsOp::SetUserAttributes { path: path(at), changes })
    };
    let get = |tree: &Tree, at: &str| tree.space.user_attributes(&path(at), "root").expect("there");
    assert!(set(&mut tree, "/f", "user.a", Some(b"1")).is_ok());
    assert_eq!(set(&mut tree, "/f", "user.b", None), Err(Refusal::NoSuchAttribute));
    for name in ["a", "user.", "trusted.a", "user.\0", &format!("user.{}", "x".repeat(251))] {
        assert_eq!(set(&mut tree, "/f", name, Some(b"1")), Err(Refusal::BadAttributeName), "{name:?}");
    }
    assert!(set(&mut tree, "/f", "user.b", Some(&[0; (64 << 10) - 13])).is_ok());
    assert_eq!(set(&mut tree, "/f", "user.c", Some(b"")), Err(Refusal::AttributesTooLarge));
    assert!(set(&mut tree, "/f", "user.b", None).is_ok());
    let one = vec![("user.a".to_owned(), b"1".to_vec())];
    assert!(tree.mv("root", "/f", "/g", false).is_ok() && tree.cp("root", "/g", "/h", false).is_ok());
    assert_eq!((get(&tree, "/g"), get(&tree, "/h")), (one.clone(), one.clone()));
    assert!(set(&mut tree, "/g", "user.a", None).is_ok());
    assert_eq!((get(&tree, "/g"), get(&tree, "/h")), (vec![], one));
    assert!(tree.rm("root", "/h", false).is_ok());
    assert!(tree.space.tree.user_attributes.is_empty());
}

#[test]
fn a_user_without_entries_copies_a_whole_tree() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/a/b").is_ok());
    assert!(tree.put("root", "/a/b/f", &[1], 10).is_ok());
    let change = AttributeChange { mode: Some(0o777), ..AttributeChange::default() };
    assert!(tree.run("root", FsOp::SetAttributes { path: path("/"), change }).is_ok());
    assert_eq!(tree.cp("ann", "/a", "/c", false), copied(1, 2, 10));
    assert_eq!(tree.space.stat(&path("/c/b/f"), "ann").expect("there").owner, "ann");
}
