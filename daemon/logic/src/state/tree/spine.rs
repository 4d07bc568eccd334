//! Ways through the tree: looking, and changing every directory from the root to the one that changes.

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

/// One step down.
fn step<'a>(at: Found<'a>, name: &str, who: &Who) -> Result<Found<'a>, Refusal> {
    let dir = at.dir().ok_or(Refusal::NotADirectory)?;
    who.need(&dir.attrs, EXECUTE)?;
    dir.children.get(name).map(Found::Node).ok_or(Refusal::NotFound)
}

/// The entry at `path`. Needs the right to pass each directory above it.
pub(crate) fn find<'a>(root: &'a Dir, path: &DfsPath, who: &Who) -> Result<Found<'a>, Refusal> {
    path.parts().try_fold(Found::Root(root), |at, name| step(at, name, who))
}

/// The entry at `path`, with the way to it this version's own, so that it can be changed. The caller has looked that it is
/// there.
pub(crate) enum FoundMut<'t> {
    Root(&'t mut Dir),
    Node(&'t mut Node),
}

impl<'t> FoundMut<'t> {
    /// # Errors
    /// When nothing is there after all.
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

/// The directory that holds, or would hold, the entry at `path`, and the entry's name in it.
///
/// # Errors
/// [`Refusal::Root`] for the root, which no directory holds.
pub(crate) fn find_parent<'a, 'p>(root: &'a Dir, path: &'p DfsPath, who: &Who) -> Result<(&'a Dir, &'p str), Refusal> {
    let mut parts = path.parts();
    let name = parts.next_back().ok_or(Refusal::Root)?;
    let directory = parts.try_fold(Found::Root(root), |at, name| step(at, name, who))?;
    let dir = directory.dir().ok_or(Refusal::NotADirectory)?;
    who.need(&dir.attrs, EXECUTE)?;
    Ok((dir, name))
}

/// How far `path` exists: the deepest directory on the way and the names that it lacks; no names when all of it exists.
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

/// A change in the directory that holds `path`, as all directorys above it feel it.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) path: &'a DfsPath,
    pub(crate) added: Sums,
    pub(crate) removed: Sums,
    /// The reach of what is put at `path`.
    pub(crate) reach: u32,
    pub(crate) at: Timestamp,
    pub(crate) version: u64,
}

impl Change<'_> {
    /// Makes the way from the root to the directory that holds `path` this version's own, keeps its sums right, and gives
    /// that directory for the change itself. The caller has looked that the way exists.
    ///
    /// # Errors
    /// When it does not exist after all.
    pub(crate) fn open<'t>(&self, root: &'t mut Arc<Dir>) -> Result<&'t mut Dir, Refusal> {
        let dir = self.way(root)?;
        dir.attrs.set_modified(self.at);
        dir.attrs.set_version(self.version);
        Ok(dir)
    }

    /// [`Change::open`] for what does not count as a change of the directory: no name comes or goes.
    ///
    /// # Errors
    /// As there.
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
