//! Walks through a directory and everything below it, a stretch at a time.

use super::base::Tree;
use super::entry::{Dir, Node};
use super::names::Range;
use super::spine::{Found, find};
use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, READ, Who};
use crate::state::principals::known::Principals;
use dfs_types::{ChunkId, DfsPath, Kind, Stat, Timestamp};
use std::ops::ControlFlow;

/// An entry that a walk visits.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// The whole path.
    pub path: &'a str,
    found: Found<'a>,
    principals: &'a Principals,
    /// True for a directory that the caller may not read: the walk skips its content.
    pub closed: bool,
}

impl<'a> Met<'a> {
    /// Returns the last name of the path; empty for the root.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub fn kind(&self) -> Kind {
        if self.found.dir().is_some() { Kind::Directory } else { Kind::File }
    }

    /// Returns the bytes of a file, or of all files below a directory.
    pub fn size(&self) -> u64 {
        match self.found.dir() {
            Some(dir) => dir.sums.bytes,
            None => self.found.attrs().size(),
        }
    }

    pub fn modified(&self) -> Timestamp {
        self.found.attrs().modified()
    }

    /// Returns the number of replicas wanted of a file's chunks; 0 for a directory.
    pub fn replicas(&self) -> u8 {
        self.found.attrs().replicas()
    }

    /// Returns the chunks of a file; none for a directory.
    pub fn chunks(&self) -> &'a [ChunkId] {
        match self.found {
            Found::Node(Node::File(file)) => file.chunks(),
            Found::Root(_) | Found::Node(Node::Dir(_)) => &[],
        }
    }

    /// Returns all attributes.
    pub fn stat(&self) -> Stat {
        match self.found {
            Found::Root(dir) => dir.stat(self.principals),
            Found::Node(node) => node.stat(self.principals),
        }
    }
}

/// The position of a walk: the directories from its start down, each with its remaining entries.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) path: String,
    who: &'a Who,
    /// Each with the length of its path.
    open: Vec<(usize, Range<'a, Node>)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(from: &DfsPath, who: &'a Who) -> Self {
        Self { path: from.as_str().to_owned(), who, open: Vec::new() }
    }

    /// Opens the directory at `path`, for the entries after `after`. Returns true if it may be
    /// read.
    fn enter(&mut self, dir: &'a Dir, after: Option<&str>) -> bool {
        let readable = self.who.may(&dir.attrs, READ | EXECUTE);
        if readable {
            let length = if self.path == "/" { 0 } else { self.path.len() };
            self.open.push((length, dir.children.behind(after)));
        }
        readable
    }

    /// Opens the entry at `path`, if it is a directory. Returns true if it may not be read.
    pub(super) fn open(&mut self, found: Found<'a>) -> bool {
        found.dir().is_some_and(|dir| !self.enter(dir, None))
    }

    /// Descends to the position after the entry whose names below `path` are `parts`, as far as it
    /// still exists.
    pub(super) fn resume<'p>(&mut self, mut found: Found<'a>, parts: impl Iterator<Item = &'p str>) {
        for name in parts {
            let Some(dir) = found.dir() else { return };
            if !self.enter(dir, Some(name)) {
                return;
            }
            let Some(next) = dir.children.get(name) else { return };
            if self.path != "/" {
                self.path.push('/');
            }
            self.path.push_str(name);
            found = Found::Node(next);
        }
        if let Some(dir) = found.dir() {
            self.enter(dir, None);
        }
    }

    /// Returns the next entry; `path` is then its path.
    pub(super) fn next(&mut self) -> Option<Found<'a>> {
        loop {
            let (length, rest) = self.open.last_mut()?;
            self.path.truncate(*length);
            if let Some((name, node)) = rest.next() {
                self.path.push('/');
                self.path.push_str(name);
                return Some(Found::Node(node));
            }
            self.open.pop();
        }
    }
}

/// Visits the entry at `from` and everything below it, each directory before its content, sorted by
/// the bytes of the names; with `after` only entries after that path. Ends when `visit` breaks, and
/// then returns the path after which to continue.
///
/// Entries that change between two calls may or may not be visited; entries that stay are visited
/// once.
///
/// # Errors
/// Returns an error if there is no entry at `from`, `who` may not pass a directory on the way to
/// it, or `after` is not below it.
pub(crate) fn walk(
    tree: &Tree,
    principals: &Principals,
    from: &DfsPath,
    after: Option<&DfsPath>,
    who: &Who,
    mut visit: impl FnMut(&Met<'_>) -> ControlFlow<()>,
) -> Result<Option<DfsPath>, Refusal> {
    let start = find(&tree.root, from, who)?;
    let mut walk = Walk::new(from, who);
    let mut meet = |walk: &mut Walk<'_>, found, closed| visit(&Met { path: &walk.path, found, principals, closed });
    let mut flow = ControlFlow::Continue(());
    match after {
        None => {
            let closed = walk.open(start);
            flow = meet(&mut walk, start, closed);
        }
        Some(after) if after.is_within(from) => walk.resume(start, after.parts().skip(from.parts().count())),
        Some(_) => return Err(Refusal::NotFound),
    }
    while flow.is_continue() {
        let Some(found) = walk.next() else { return Ok(None) };
        let closed = walk.open(found);
        flow = meet(&mut walk, found, closed);
    }
    // The path was assembled from a path and names of this tree.
    DfsPath::parse(&walk.path).map(Some).map_err(|_| Refusal::PathTooLong)
}
