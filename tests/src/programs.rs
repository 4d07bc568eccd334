//! Finds the program under test: `dfs-shell`, which also acts as `dfsd`, built by cargo with the
//! tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a command of `dfs-shell`.
pub fn dfs_shell() -> Command {
    Command::new(program())
}

/// Returns a command of `dfsd`.
pub fn dfsd() -> Command {
    let mut command = dfs_shell();
    command.arg("__dfsd");
    command
}

/// Cargo builds the programs of a package next to its tests: `target/PROFILE/PROGRAM`,
/// `target/PROFILE/deps/TEST`.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
    directory.join("dfs-shell-under-test")
}
