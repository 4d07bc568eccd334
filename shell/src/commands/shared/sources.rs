//! The arguments of `put` and `get`: the sources and the destination.

use dfs_types::{Error, ErrorCode};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs::DirEntry;

/// Splits the arguments into sources and destination. The destination of a single argument is the
/// working directory of the other side.
pub(crate) fn split(paths: &[OsString]) -> (&[OsString], &OsStr) {
    match paths {
        [sources @ .., last] if !sources.is_empty() => (sources, last),
        only => (only, OsStr::new(".")),
    }
}

/// Returns the name of a local entry, and true if it is a directory.
pub(crate) fn named(entry: &DirEntry) -> Option<(OsString, bool)> {
    Some((entry.file_name(), entry.file_type().ok()?.is_dir()))
}

/// Returns the error for a directory that would be filled as the copy of another one but has other
/// content. `line` is the command that copies into it.
pub(crate) fn no_copy(source: &str, target: impl Display, line: &str) -> Error {
    let what = format!("is not empty and holds nothing of {source}, so it is no copy of it");
    Error::new(ErrorCode::NotEmpty, what).at(target).hint(format!("to copy into it: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_is_the_destination() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let three = words(&["a", "b", "/d"]);
        assert_eq!(split(&three), (&three[..2], OsStr::new("/d")));
        let one = words(&["a"]);
        assert_eq!(split(&one), (&one[..], OsStr::new(".")));
    }
}
