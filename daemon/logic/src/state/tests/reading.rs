use super::{Tree, path};
use crate::command::Refusal;
use dfs_types::Kind;

fn page(tree: &Tree, after: Option<&str>, prefix: &str, limit: usize) -> (Vec<String>, bool) {
    let (entries, more) = tree.space.list(&path("/d"), after, prefix, limit, "root").expect("listable");
    (entries.into_iter().map(|entry| entry.name).collect(), more)
}

#[test]
fn pages_go_through_a_directory_in_order() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/d").is_ok());
    for name in ["b", "a", "ab", "abc", "ac", "é", "B"] {
        assert!(tree.mkdir("root", &format!("/d/{name}")).is_ok());
    }
    for (after, prefix, limit, expected, more) in [
        (None, "", 100, vec!["B", "a", "ab", "abc", "ac", "b", "é"], false),
        (None, "", 2, vec!["B", "a"], true),
        (Some("a"), "", 2, vec!["ab", "abc"], true),
        (Some("aaa"), "", 1, vec!["ab"], true),
        (Some("b"), "", 1, vec!["é"], false),
        (Some("é"), "", 1, vec![], false),
        (None, "ab", 100, vec!["ab", "abc"], false),
        (Some("ab"), "ab", 1, vec!["abc"], false),
        (Some("a"), "ab", 1, vec!["ab"], true),
        (Some("ac"), "ab", 9, vec![], false),
        (None, "", 0, vec![], true),
    ] {
        let found = page(&tree, after, prefix, limit);
        assert_eq!(found, (expected.into_iter().map(str::to_owned).collect(), more), "{after:?} {prefix} {limit}");
    }
}

#[test]
fn a_file_lists_as_itself() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/d", &[1], 7).is_ok());
    assert_eq!(page(&tree, None, "", 9), (vec!["d".to_owned()], false));
    assert_eq!(page(&tree, Some("d"), "", 9), (vec![], false));
    let (entries, _) = tree.space.list(&path("/d"), None, "", 9, "root").expect("listable");
    assert!(entries.iter().all(|entry| entry.stat.kind == Kind::File && entry.stat.size == 7));
}

#[test]
fn a_range_touches_the_chunks_that_hold_it() {
    let mut tree = Tree::new();
    assert!(tree.put("root", "/f", &[11, 12, 13], 50).is_ok());
    for (offset, length, max, expected) in [
        (0, 1, 9, vec![(0, 11)]),
        (0, 100, 9, vec![(0, 11)]),
        (0, 101, 9, vec![(0, 11), (100, 12)]),
        (99, 2, 9, vec![(0, 11), (100, 12)]),
        (100, u64::MAX, 9, vec![(100, 12), (200, 13)]),
        (100, u64::MAX, 1, vec![(100, 12)]),
        (249, 1, 9, vec![(200, 13)]),
        (250, 1, 9, vec![]),
        (u64::MAX, u64::MAX, 9, vec![]),
        (0, 0, 9, vec![]),
    ] {
        let (stat, chunks) = tree.space.chunks(&path("/f"), offset, length, max, "root").expect("readable");
        assert_eq!((stat.size, stat.chunks), (250, 3));
        let places: Vec<(u64, u64)> = chunks.iter().map(|(at, chunk)| (*at, chunk.id.0)).collect();
        assert_eq!(places, expected, "{offset} {length} {max}");
    }
    assert_eq!(tree.space.chunks(&path("/"), 0, 1, 1, "root"), Err(Refusal::IsADirectory));
}

#[test]
fn a_write_is_checked_as_its_commit_will_be() {
    let mut tree = Tree::new();
    assert!(tree.mkdir("root", "/d").is_ok());
    assert!(tree.put("root", "/f", &[1], 7).is_ok());
    for (at, overwrite, expected) in [
        ("/d", true, Err(Refusal::IsADirectory)),
        ("/", true, Err(Refusal::IsADirectory)),
        ("/f", false, Err(Refusal::AlreadyExists)),
        ("/f", true, Ok(())),
        ("/f/g", true, Err(Refusal::NotADirectory)),
        ("/x/g", true, Err(Refusal::NotFound)),
        ("/d/g", false, Ok(())),
    ] {
        assert_eq!(tree.space.check_write(&path(at), overwrite, "root"), expected, "{at} {overwrite}");
    }
}
