//! Finding the program under test: `dfs-shell`, which is also `dfsd` when it is told so, built by cargo with the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of `dfs-shell`.
pub fn dfs_shell() -> Command {
    Command::new(program())
}

/// A command of `dfsd`.
pub fn dfsd() -> Command {
    let mut command = dfs_shell();
    command.arg("__dfsd");
    command
}

/// Cargo builds the programs of a package beside its tests: `target/PROFILE/PROGRAM`, `target/PROFILE/deps/TEST`.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
    directory.join("dfs-shell-under-test")
}
