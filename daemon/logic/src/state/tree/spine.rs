//! Paths through the tree: lookups, and changes of every directory from the root to the changed
//! one.

use super::attrs::Attrs;
use super::entry::{Dir, Node};
use super::sums::Sums;
use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, Who};
use dfs_types::{DfsPath, Timestamp};
use std::sync::Arc;

/// An entry that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    Root(&'a Dir),
    Node(&'a Node),
}

impl<'a> Found<'a> {
    pub(crate) fn dir(self) -> Option<&'a Dir> {
        match self {
            Self::Root(dir) => Some(dir),
            Self::Node(Node::Dir(dir)) => Some(dir),
            Self::Node(Node::File(_)) => None,
        }
    }

    pub(crate) fn attrs(self) -> Attrs {
        match self {
            Self::Root(dir) => dir.attrs,
            Self::Node(Node::Dir(dir)) => dir.attrs,
            Self::Node(Node::File(file)) => file.attrs(),
        }
    }
}

/// Descends one level.
fn step<'a>(at: Found<'a>, name: &str, who: &Who) -> Result<Found<'a>, Refusal> {
    let dir = at.dir().ok_or(Refusal::NotADirectory)?;
    who.need(&dir.attrs, EXECUTE)?;
    dir.children.get(name).map(Found::Node).ok_or(Refusal::NotFound)
}

/// Returns the entry at `path`. Needs the right to pass each directory above it.
pub(crate) fn find<'a>(root: &'a Dir, path: &DfsPath, who: &Who) -> Result<Found<'a>, Refusal> {
    path.parts().try_fold(Found::Root(root), |at, name| step(at, name, who))
}

/// The entry at `path`, with the directories on the way unshared, so that it can be changed. The
/// caller has checked that it exists.
pub(crate) enum FoundMut<'t> {
    Root(&'t mut Dir),
    Node(&'t mut Node),
}

impl<'t> FoundMut<'t> {
    /// Returns the entry at `path`.
    ///
    /// # Errors
    /// Returns an error if there is no such entry.
    pub(crate) fn at(root: &'t mut Arc<Dir>, path: &DfsPath) -> Result<Self, Refusal> {
        path.parts().try_fold(FoundMut::Root(Arc::make_mut(root)), |at, name| {
            let dir = match at {
                FoundMut::Root(dir) => dir,
                FoundMut::Node(Node::Dir(dir)) => Arc::make_mut(dir),
                FoundMut::Node(Node::File(_)) => return Err(Refusal::NotADirectory),
            };
            dir.children.get_mut(name).map(FoundMut::Node).ok_or(Refusal::NotFound)
        })
    }
}

/// Returns the directory that holds, or would hold, the entry at `path`, and the name of the entry
/// in it.
///
/// # Errors
/// [`Refusal::Root`] for the root, which is in no directory.
pub(crate) fn find_parent<'a, 'p>(root: &'a Dir, path: &'p DfsPath, who: &Who) -> Result<(&'a Dir, &'p str), Refusal> {
    let mut parts = path.parts();
    let name = parts.next_back().ok_or(Refusal::Root)?;
    let directory = parts.try_fold(Found::Root(root), |at, name| step(at, name, who))?;
    let dir = directory.dir().ok_or(Refusal::NotADirectory)?;
    who.need(&dir.attrs, EXECUTE)?;
    Ok((dir, name))
}

/// Returns the deepest existing directory on the way to `path`, and the missing names; no names if
/// all of it exists.
pub(crate) fn find_deepest<'a, 'p>(
    root: &'a Dir,
    path: &'p DfsPath,
    who: &Who,
) -> Result<(Found<'a>, Vec<&'p str>), Refusal> {
    let mut at = Found::Root(root);
    let mut parts = path.parts();
    while let Some(name) = parts.next() {
        match step(at, name, who) {
            Ok(next) => at = next,
            Err(Refusal::NotFound) => return Ok((at, std::iter::once(name).chain(parts).collect())),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok((at, Vec::new()))
}

/// A change in the directory that holds `path`, as it affects all directories above it.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) path: &'a DfsPath,
    pub(crate) added: Sums,
    pub(crate) removed: Sums,
    /// The reach of the entry that is put at `path`.
    pub(crate) reach: u32,
    pub(crate) at: Timestamp,
    pub(crate) version: u64,
}

impl Change<'_> {
    /// Unshares the directories from the root to the one that holds `path`, updates their sums, and
    /// returns that directory for the change itself. The caller has checked that they exist.
    ///
    /// # Errors
    /// Returns an error if they do not exist.
    pub(crate) fn open<'t>(&self, root: &'t mut Arc<Dir>) -> Result<&'t mut Dir, Refusal> {
        let dir = self.way(root)?;
        dir.attrs.set_modified(self.at);
        dir.attrs.set_version(self.version);
        Ok(dir)
    }

    /// Does the same as [`Change::open`], for changes that do not count as a change of the
    /// directory: no name is added or removed.
    ///
    /// # Errors
    /// The same as for [`Change::open`].
    pub(crate) fn way<'t>(&self, root: &'t mut Arc<Dir>) -> Result<&'t mut Dir, Refusal> {
        let mut rest = self.path.as_str().len() as u32 + self.reach;
        let mut parts = self.path.parts();
        parts.next_back().ok_or(Refusal::Root)?;
        let mut dir = Arc::make_mut(root);
        self.count(dir, rest);
        for name in parts {
            rest = rest.saturating_sub(1 + name.len() as u32);
            dir = match dir.children.get_mut(name) {
                Some(Node::Dir(next)) => Arc::make_mut(next),
                Some(Node::File(_)) => return Err(Refusal::NotADirectory),
                None => return Err(Refusal::NotFound),
            };
            self.count(dir, rest);
        }
        Ok(dir)
    }

    fn count(&self, dir: &mut Dir, reach: u32) {
        dir.sums = dir.sums.plus(self.added).minus(self.removed);
        if self.added != Sums::default() {
            dir.reach = dir.reach.max(reach);
        }
    }
}
