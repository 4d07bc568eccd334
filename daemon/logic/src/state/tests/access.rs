use super::{Tree, path};
use crate::command::{ChunkOp, FsOp, Outcome, Refusal};
use crate::state::CHANGED_MAX;
use dfs_types::{AttributeChange, ChunkId, Timestamp};

fn change(tree: &mut Tree, caller: &str, at: &str, change: AttributeChange) -> Result<Outcome, Refusal> {
    tree.run(caller, FsOp::SetAttributes { path: path(at), change })
}

/// Changes the owner and the bits of the directory or file `/NAME`.
fn give(tree: &mut Tree, name: &str, owner: &str, mode: u16) {
    let all = AttributeChange { owner: Some(owner.into()), mode: Some(mode), ..Default::default() };
    assert_eq!(change(tree, "root", &format!("/{name}"), all), Ok(Outcome::Done));
}

#[test]
fn users_change_nothing_in_the_directories_of_others() {
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
fn a_directory_of_ones_own() {
    let mut tree = Tree::new();
    for directory in ["/home", "/shop"] {
        assert!(tree.mkdir("root", directory).is_ok());
    }
    give(&mut tree, "home", "ann", 0o700);
    assert_eq!(tree.mkdirs("ann", "/home/a/b"), Ok(Outcome::Done));
    assert!(tree.put("ann", "/home/a/f", &[1], 10).is_ok());
    let made = tree.space.stat(&path("/home/a"), "ann").expect("there");
    assert_eq!((made.owner.as_str(), made.group.as_str()), ("ann", "root"), "the group is that of the directory above");
    assert_eq!(tree.mv("ann", "/home/a/f", "/shop/f", false), Err(Refusal::PermissionDenied));
    assert_eq!(tree.space.stat(&path("/home/a"), "bob"), Err(Refusal::PermissionDenied), "bob may not even pass");
    assert_eq!(tree.space.list(&path("/home"), None, "", 10, "bob"), Err(Refusal::PermissionDenied));
    assert!(tree.space.stat(&path("/home"), "bob").is_ok(), "the directory itself is in the root");
    assert_eq!(tree.rm("ann", "/home/a", true).map(|_| ()), Ok(()));
}

#[test]
fn a_directory_of_another_user_is_deleted_only_when_it_is_empty() {
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
    for op in [ChunkOp::Reserve { count: 1 }, ChunkOp::RaiseFloor { floor: ChunkId(7) }] {
        assert_eq!(tree.run("ann", op), Err(Refusal::PermissionDenied));
    }
    assert_eq!(tree.space.floor(), ChunkId(1));
}

#[test]
fn owners_set_bits_and_times_and_the_superuser_owners() {
    let mut tree = Tree::new();
    assert!(tree.mkdirs("root", "/home/x").is_ok());
    give(&mut tree, "home", "ann", 0o755);
    let mode = AttributeChange { mode: Some(0o170_701), ..Default::default() };
    let time = AttributeChange { modified: Some(Timestamp(77)), ..Default::default() };
    let owner = |name: &str| AttributeChange { owner: Some(name.into()), ..Default::default() };
    let group = |name: &str| AttributeChange { group: Some(name.into()), ..Default::default() };
    for (caller, new, expected) in [
        ("bob", mode.clone(), Err(Refusal::PermissionDenied)),
        ("bob", time.clone(), Err(Refusal::PermissionDenied)),
        ("ann", mode.clone(), Ok(Outcome::Done)),
        ("ann", time, Ok(Outcome::Done)),
        ("ann", owner("ann"), Err(Refusal::PermissionDenied)),
        ("ann", group("bob"), Err(Refusal::PermissionDenied)),
        ("ann", group("ann"), Ok(Outcome::Done)),
        ("root", owner("-x"), Err(Refusal::BadUserName)),
        ("root", AttributeChange { recursive: true, ..owner("bob") }, Ok(Outcome::Done)),
        ("ann", mode, Err(Refusal::PermissionDenied)),
    ] {
        assert_eq!(change(&mut tree, caller, "/home", new.clone()), expected, "{caller} {new:?}");
    }
    let home = tree.space.stat(&path("/home"), "root").expect("there");
    assert_eq!((home.mode, home.modified, home.owner, home.group), (0o701, Timestamp(77), "bob".into(), "ann".into()));
    let inner = tree.space.stat(&path("/home/x"), "root").expect("there");
    assert_eq!((inner.owner, inner.version), ("bob".into(), home.version));
}

#[test]
fn a_change_below_holds_for_all_or_for_nothing() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/shared").is_ok());
    give(&mut tree, "shared", "ann", 0o777);
    assert!(tree.mkdirs("ann", "/shared/a/b").is_ok());
    assert!(tree.mkdir("bob", "/shared/bobs").is_ok());
    let new = AttributeChange { mode: Some(0o700), recursive: true, ..Default::default() };
    assert_eq!(change(&mut tree, "ann", "/shared", new.clone()), Err(Refusal::PermissionDenied));
    assert_eq!(tree.space.stat(&path("/shared/a"), "root").map(|stat| stat.mode), Ok(0o755));
    assert_eq!(change(&mut tree, "ann", "/shared/a", new), Ok(Outcome::Done));
    assert_eq!(tree.space.stat(&path("/shared/a/b"), "root").map(|stat| stat.mode), Ok(0o700));
}

#[test]
fn one_command_changes_only_so_many() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/many").is_ok());
    for n in 1..CHANGED_MAX {
        assert!(tree.mkdir("root", &format!("/many/{n}")).is_ok());
    }
    let new = AttributeChange { mode: Some(0o711), recursive: true, ..Default::default() };
    assert_eq!(change(&mut tree, "root", "/many", new.clone()), Ok(Outcome::Done));
    assert!(tree.mkdir("root", "/many/more").is_ok());
    assert_eq!(change(&mut tree, "root", "/many", new.clone()), Err(Refusal::TooMany));
    let one = AttributeChange { recursive: false, ..new };
    assert_eq!(change(&mut tree, "root", "/many", one), Ok(Outcome::Done));
}
