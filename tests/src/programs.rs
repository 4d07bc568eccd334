//! Finding the programs under test: those beside the test itself, built from the same sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// `dfs-shell`, freshly built.
pub fn dfs_shell() -> PathBuf {
    folder().join("dfs-shell")
}

/// `dfsd`, freshly built.
pub fn dfsd() -> PathBuf {
    folder().join("dfsd")
}

/// The folder of the built programs. They are built once per test process: a test must never run an old binary.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("path of the test");
        let folder = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST").to_owned();
        build(&folder);
        folder
    })
}

fn build(folder: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--bin", "dfs-shell", "--bin", "dfsd"]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.env("CARGO_TARGET_DIR", folder.parent().expect("target folder"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("top of the checkout"));
    let status = cargo.status().expect("run cargo");
    assert!(status.success(), "the programs under test do not build");
}
