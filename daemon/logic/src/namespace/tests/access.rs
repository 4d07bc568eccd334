use super::{Tree, path};
use crate::command::{Op, Outcome, Refusal};
use crate::namespace::node::Node;
use dfs_types::ChunkId;
use std::sync::Arc;

/// Gives the folder or file `/NAME` to `owner` with these bits; there is no command for it yet.
fn give(tree: &mut Tree, name: &str, owner: &str, mode: u16) {
    let id = Arc::make_mut(&mut tree.space.users).intern(owner);
    let attrs = match Arc::make_mut(&mut tree.space.root).children.get_mut(name) {
        Some(Node::Dir(dir)) => &mut Arc::make_mut(dir).attrs,
        Some(Node::File(file)) => &mut file.attrs,
        None => panic!("{name} is not there"),
    };
    (attrs.owner, attrs.mode) = (id, mode);
}

#[test]
fn strangers_change_nothing_in_the_folders_of_others() {
    let mut tree = Tree::new();
    let no = Err(Refusal::PermissionDenied);
    assert!(tree.mkdir("root", "/a").is_ok());
    assert!(tree.put("root", "/a/f", &[1], 10).is_ok());
    for caller in ["ann", "bob"] {
        assert_eq!(tree.mkdir(caller, "/b"), no);
        assert_eq!(tree.mkdirs(caller, "/a/b/c"), no);
        assert_eq!(tree.put(caller, "/a/g", &[2], 10), no);
        assert_eq!(tree.rm(caller, "/a", true), no);
        assert_eq!(tree.rm(caller, "/a/f", false), no);
        assert_eq!(tree.mv(caller, "/a/f", "/a/g", false), no);
        assert_eq!(tree.space.check_write(&path("/a/g"), false, caller), Err(Refusal::PermissionDenied));
        assert!(tree.space.list(&path("/a"), None, "", 10, caller).is_ok(), "reading is for all");
        assert!(tree.space.chunks(&path("/a/f"), 0, 10, 10, caller).is_ok());
    }
}

#[test]
fn a_folder_of_ones_own() {
    let mut tree = Tree::new();
    for folder in ["/home", "/shop"] {
        assert!(tree.mkdir("root", folder).is_ok());
    }
    give(&mut tree, "home", "ann", 0o700);
    assert_eq!(tree.mkdirs("ann", "/home/a/b"), Ok(Outcome::Done));
    assert!(tree.put("ann", "/home/a/f", &[1], 10).is_ok());
    let made = tree.space.stat(&path("/home/a"), "ann").expect("there");
    assert_eq!((made.owner.as_str(), made.group.as_str()), ("ann", "root"), "the group is that of the folder above");
    assert_eq!(tree.mv("ann", "/home/a/f", "/shop/f", false), Err(Refusal::PermissionDenied));
    assert_eq!(tree.space.stat(&path("/home/a"), "bob"), Err(Refusal::PermissionDenied), "bob may not even pass");
    assert_eq!(tree.space.list(&path("/home"), None, "", 10, "bob"), Err(Refusal::PermissionDenied));
    assert!(tree.space.stat(&path("/home"), "bob").is_ok(), "the folder itself stands in the root");
    assert_eq!(tree.rm("ann", "/home/a", true).map(|_| ()), Ok(()));
}

#[test]
fn a_folder_of_another_goes_only_when_it_is_empty() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/shared").is_ok());
    give(&mut tree, "shared", "ann", 0o777);
    assert!(tree.mkdirs("bob", "/shared/empty").is_ok());
    assert!(tree.mkdirs("bob", "/shared/full/deeper").is_ok());
    assert_eq!(tree.rm("ann", "/shared/full", true), Err(Refusal::PermissionDenied));
    assert!(tree.rm("ann", "/shared/empty", true).is_ok());
    assert!(tree.rm("bob", "/shared/full", true).is_ok());
}

#[test]
fn owner_group_and_others_each_have_their_bits() {
    for (caller, mode, allowed) in [
        ("ann", 0o400, true),
        ("ann", 0o377, false),
        ("root", 0o000, true),
        ("bob", 0o004, true),
        ("bob", 0o773, false),
    ] {
        let mut tree = Tree::new();
        assert!(tree.put("root", "/f", &[1], 10).is_ok());
        give(&mut tree, "f", "ann", mode);
        let read = tree.space.chunks(&path("/f"), 0, 10, 10, caller);
        assert_eq!(read.is_ok(), allowed, "{caller} with {mode:o}: {read:?}");
    }
}

#[test]
fn the_commands_of_masters_are_not_for_users() {
    let mut tree = Tree::new();
    for op in [Op::ReserveChunks { count: 1 }, Op::RaiseFloor { floor: ChunkId(7) }] {
        assert_eq!(tree.run("ann", op), Err(Refusal::PermissionDenied));
    }
    assert_eq!(tree.space.floor(), ChunkId(1));
}
