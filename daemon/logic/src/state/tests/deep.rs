use super::{Tree, path, pieces, restore};
use crate::command::{FsOp, Outcome, Refusal};
use dfs_types::AttributeChange;
use dfs_types::path::PATH_BYTES_MAX;

/// The stack of a thread of the runtime is sixteen times as large.
const STACK_BYTES: usize = 128 << 10;

fn on_a_small_stack(work: fn()) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread");
    assert!(thread.join().is_ok());
}

#[test]
fn the_deepest_tree_needs_no_deep_stack() {
    on_a_small_stack(|| {
        let mut tree = Tree::new();
        let deepest = "/d".repeat(PATH_BYTES_MAX / 2);
        assert_eq!(tree.mkdirs("root", &deepest), Ok(Outcome::Done));
        assert_eq!(tree.space.totals().directories, 2048);
        let version = tree.space.clone();
        let dump = pieces(&tree.space);
        let restored = restore(&dump).expect("whole");
        assert_eq!(pieces(&restored), dump);
        let mut half = crate::state::Decoder::new();
        dump.iter().take(3).for_each(|piece| half.piece(piece).expect("good"));
        drop(half);
        let change = AttributeChange { mode: Some(0o700), recursive: true, ..Default::default() };
        assert_eq!(tree.run("root", FsOp::SetAttributes { path: path("/d"), change }), Ok(Outcome::Done));
        assert_eq!(tree.space.stat(&path(&deepest), "root").map(|stat| stat.mode), Ok(0o700));
        assert_eq!(tree.mv("root", "/d", "/e", false), Ok(Outcome::Done));
        assert!(tree.rm("root", "/e", true).is_ok());
        drop(restored);
        drop(version);
        drop(tree);
    });
}

#[test]
fn a_wide_and_deep_tree_is_dropped_as_well() {
    on_a_small_stack(|| {
        let mut tree = Tree::new();
        for first in 0..20 {
            for second in 0..20 {
                let below = "/d".repeat(100);
                assert!(tree.mkdirs("root", &format!("/{first}/{second}{below}")).is_ok());
            }
        }
        assert_eq!(tree.space.totals().directories, 20 + 400 + 40_000);
        drop(tree);
    });
}

#[test]
fn a_move_may_not_make_a_path_too_long() {
    let mut tree = Tree::new();
    let below = "/d".repeat(PATH_BYTES_MAX / 2 - 1);
    assert!(tree.mkdirs("root", &format!("/x{below}")).is_ok());
    assert_eq!(tree.mv("root", "/x", "/xy", false), Err(Refusal::PathTooLong));
    assert_eq!(tree.mv("root", "/x", "/y", false), Ok(Outcome::Done));
    // After the longest path is removed, there is room, although the reach of the directory still
    // covers it.
    let longest = format!("/y{below}");
    assert!(tree.rm("root", &longest, false).is_ok());
    assert_eq!(tree.mv("root", "/y", "/yz", false), Ok(Outcome::Done));
    assert_eq!(tree.mv("root", "/yz", "/yzzz", false), Err(Refusal::PathTooLong));
    assert!(path("/yz").is_within(&path("/")) && tree.has("/yz"));
}
