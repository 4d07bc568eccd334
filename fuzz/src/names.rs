//! Paths and other names in text form: of chunk files, of principals in certificates.

use dfs_logic::chunk_file;
use dfs_types::path::check_name;
use dfs_types::{DfsPath, Principal};

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(path) = DfsPath::parse(text) {
        assert_eq!(path.as_str(), text);
        rebuilt(&path);
    }
    let base = DfsPath::parse("/a/b").expect("it is one");
    if let Ok(path) = DfsPath::resolve(&base, text) {
        assert_eq!(DfsPath::parse(path.as_str()).as_ref(), Ok(&path), "a resolved path is in normal form");
        rebuilt(&path);
    }
    if let Some(key) = chunk_file::parse_file_name(text) {
        assert_eq!(chunk_file::file_name(key), text, "one replica has one name");
    }
    if let Some((cluster, principal)) = Principal::from_uri(text) {
        assert_eq!(principal.to_uri(cluster), text, "one principal has one name");
    }
}

/// A path consists of its names from the root down, and is within each directory on the way.
fn rebuilt(path: &DfsPath) {
    let mut walked = DfsPath::root();
    for name in path.parts() {
        check_name(name).expect("a part of a path is a name");
        walked = walked.join(name).expect("a part of a path can be joined");
        assert!(path.is_within(&walked));
    }
    assert_eq!(&walked, path);
    assert_eq!(path.parent().is_none(), path.is_root());
}
