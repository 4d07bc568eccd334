//! Tracks the files that one command has made, if several of its trees have the same destination.

use dfs_types::{DfsPath, Error, ErrorCode, Result};
use std::collections::HashSet;
use std::hash::Hash;
use std::path::PathBuf;

/// A path of this machine or of the DFS.
pub(crate) trait Place: Clone + Eq + Hash {
    /// Returns the path as text.
    fn shown(&self) -> String;
}

impl Place for PathBuf {
    fn shown(&self) -> String {
        self.display().to_string()
    }
}

impl Place for DfsPath {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// The files that a walk has begun. They are recorded only if trees of one command share a
/// destination, because a tree may be of any size.
#[derive(Debug)]
pub(crate) struct JustMade<P>(Option<HashSet<P>>);

impl<P: Place> JustMade<P> {
    /// Returns an empty record; `meet` is true if several trees of the walk share a destination.
    pub(crate) fn new(meet: bool) -> Self {
        Self(meet.then(HashSet::new))
    }

    /// Records that the file `to` is made from `from`.
    ///
    /// # Errors
    /// Returns `already_exists` if it was made from another source before.
    pub(super) fn file(&mut self, from: &impl Place, to: &P) -> Result<()> {
        let new = self.0.as_mut().is_none_or(|made| made.insert(to.clone()));
        if new { Ok(()) } else { Err(just_made(from, to)) }
    }

    /// Checks that no file was made at the path of a directory.
    ///
    /// # Errors
    /// Returns the error of [`JustMade::file`].
    pub(super) fn directory(&self, from: &impl Place, to: &P) -> Result<()> {
        let free = self.0.as_ref().is_none_or(|made| !made.contains(to));
        if free { Ok(()) } else { Err(just_made(from, to)) }
    }
}

/// Returns the error for a source that would overwrite a file that the same command has made.
pub(crate) fn just_made(from: &impl Place, to: &impl Place) -> Error {
    let what = format!("will not overwrite just-created '{}' with '{}'", to.shown(), from.shown());
    Error::new(ErrorCode::AlreadyExists, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_not_made_again() {
        let [a, b, to] = ["a/t/1", "b/t/1", "r/t/1"].map(PathBuf::from);
        let mut made = JustMade::new(true);
        assert_eq!(made.directory(&a, &to), Ok(()));
        assert_eq!(made.file(&a, &to), Ok(()));
        let refused = Err(just_made(&b, &to));
        assert_eq!((made.file(&b, &to), made.directory(&b, &to)), (refused.clone(), refused));
        let mut lone = JustMade::new(false);
        assert_eq!((lone.file(&a, &to), lone.file(&b, &to)), (Ok(()), Ok(())), "a lone tree never meets itself");
    }
}
