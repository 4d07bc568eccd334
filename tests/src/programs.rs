//! Finding the programs under test, built by cargo with the tests: `dfs-shell`, which is also `dfsd` when it is told so,
//! and `dfs-top`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of `dfs-shell`.
pub fn dfs_shell() -> Command {
    Command::new(program("dfs-shell-under-test"))
}

/// A command of `dfs-top`.
pub fn dfs_top() -> Command {
    Command::new(program("dfs-top-under-test"))
}

/// A command of `dfsd`.
pub fn dfsd() -> Command {
    let mut command = dfs_shell();
    command.arg("__dfsd");
    command
}

/// Cargo builds the programs of a package beside its tests: `target/PROFILE/PROGRAM`, `target/PROFILE/deps/TEST`.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    let directory = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
    directory.join(name)
}
