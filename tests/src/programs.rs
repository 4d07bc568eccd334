//! Finds the programs under test, built by cargo with the tests: `dfs-shell`, which also acts as
//! `dfsd`, and `dfs-top`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a command of `dfs-shell`.
pub fn dfs_shell() -> Command {
    Command::new(program("dfs-shell-under-test"))
}

/// A command of `dfs-top`.
pub fn dfs_top() -> Command {
    Command::new(program("dfs-top-under-test"))
}

/// Returns a command of `dfsd`.
pub fn dfsd() -> Command {
    let mut command = dfs_shell();
    command.arg("__dfsd");
    command
}

/// Cargo builds the programs of a package next to its tests: `target/PROFILE/PROGRAM`,
/// `target/PROFILE/deps/TEST`.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
    directory.join(name)
}
