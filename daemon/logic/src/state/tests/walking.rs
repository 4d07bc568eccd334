use super::{Tree, path};
use crate::command::{FsOp, Refusal};
use dfs_types::{AttributeChange, DfsPath};
use std::ops::ControlFlow;

fn walked(tree: &Tree, from: &str, after: Option<&str>, most: usize, caller: &str) -> (Vec<String>, Option<DfsPath>) {
    let mut met = Vec::new();
    let visit = |found: &crate::state::Met<'_>| {
        met.push(format!("{}{}", found.path, if found.closed { " closed" } else { "" }));
        if met.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let next = tree.space.walk(&path(from), after.map(path).as_ref(), caller, visit).expect("walked");
    (met, next)
}

fn tree() -> Tree {
    let mut tree = Tree::new();
    for directory in ["/a/b/c", "/a/b-", "/d"] {
        assert!(tree.mkdirs("root", directory).is_ok());
    }
    assert!(tree.put("root", "/a/b/f", &[1], 10).is_ok());
    tree
}

#[test]
fn directories_come_before_what_is_in_them() {
    let tree = tree();
    assert_eq!(walked(&tree, "/", None, 99, "root").0, ["/", "/a", "/a/b", "/a/b/c", "/a/b/f", "/a/b-", "/d"]);
    assert_eq!(walked(&tree, "/a/b", None, 99, "root").0, ["/a/b", "/a/b/c", "/a/b/f"]);
    assert_eq!(walked(&tree, "/a/b/f", None, 99, "root").0, ["/a/b/f"]);
    let (met, next) = walked(&tree, "/", Some("/a/b"), 2, "root");
    assert_eq!((met, next), (vec!["/a/b/c".into(), "/a/b/f".into()], Some(path("/a/b/f"))));
}

#[test]
fn it_continues_where_the_last_entry_was_deleted() {
    let mut tree = tree();
    assert!(tree.rm("root", "/a/b", true).is_ok());
    assert_eq!(walked(&tree, "/", Some("/a/b/c"), 99, "root").0, ["/a/b-", "/d"]);
    assert!(tree.rm("root", "/a", true).is_ok());
    assert!(tree.put("root", "/a", &[2], 10).is_ok());
    assert_eq!(walked(&tree, "/", Some("/a/b/c"), 99, "root").0, ["/d"]);
    let elsewhere = tree.space.walk(&path("/a"), Some(&path("/d")), "root", |_| ControlFlow::Continue(()));
    assert_eq!(elsewhere, Err(Refusal::NotFound));
}

#[test]
fn directories_that_may_not_be_read_are_skipped() {
    let mut tree = tree();
    let change = AttributeChange { mode: Some(0o711), ..Default::default() };
    assert!(tree.run("root", FsOp::SetAttributes { path: path("/a/b"), change }).is_ok());
    assert_eq!(walked(&tree, "/a", None, 99, "bob").0, ["/a", "/a/b closed", "/a/b-"]);
    assert_eq!(walked(&tree, "/a", Some("/a/b/c"), 99, "bob").0, ["/a/b-"], "closed while it was being walked");
}
