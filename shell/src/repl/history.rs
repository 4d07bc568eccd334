//! The history: lines typed, kept for their user alone.

use super::helper::Assistant;
use crate::connect;
use crate::options::Options;
use rustyline::Editor;
use rustyline::history::FileHistory;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Lines that are kept.
pub(super) const LINES_MAX: usize = 10_000;

/// Reads the history of former sessions. Without a place for it there is none, and that is no reason to fail.
pub(super) fn open(options: &Options, editor: &mut Editor<Assistant, FileHistory>) -> Option<PathBuf> {
    let folder = connect::state_folder(options).ok()?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    let path = folder.join("history");
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).ok()?;
    file.set_permissions(Permissions::from_mode(0o600)).ok()?;
    let _ = editor.load_history(&path);
    Some(path)
}

/// Adds the newest line at once, so that sessions at the same time do not lose each other's lines.
pub(super) fn append(path: Option<&Path>, editor: &mut Editor<Assistant, FileHistory>) {
    if let Some(path) = path {
        let _ = editor.append_history(path);
    }
}
