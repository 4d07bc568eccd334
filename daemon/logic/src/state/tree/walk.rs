//! Going through a directory and all below it, a stretch at a time.

use super::base::Tree;
use super::entry::{Dir, Node};
use super::names::Range;
use super::spine::{Found, find};
use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, READ, Who};
use crate::state::principals::known::Principals;
use dfs_types::{ChunkId, DfsPath, Kind, Stat, Timestamp};
use std::ops::ControlFlow;

/// An entry that a walk came to.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// The whole path.
    pub path: &'a str,
    found: Found<'a>,
    principals: &'a Principals,
    /// It is a directory that the caller may not read: the walk goes around what is in it.
    pub closed: bool,
}

impl<'a> Met<'a> {
    /// The last name of the path; empty for the root.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub fn kind(&self) -> Kind {
        if self.found.dir().is_some() { Kind::Directory } else { Kind::File }
    }

    /// Bytes of a file, or of all files below a directory.
    pub fn size(&self) -> u64 {
        match self.found.dir() {
            Some(dir) => dir.sums.bytes,
            None => self.found.attrs().size(),
        }
    }

    pub fn modified(&self) -> Timestamp {
        self.found.attrs().modified()
    }

    /// Replicas wanted of a file's chunks; 0 for a directory.
    pub fn replicas(&self) -> u8 {
        self.found.attrs().replicas()
    }

    /// The chunks of a file; none for a directory.
    pub fn chunks(&self) -> &'a [ChunkId] {
        match self.found {
            Found::Node(Node::File(file)) => file.chunks(),
            Found::Root(_) | Found::Node(Node::Dir(_)) => &[],
        }
    }

    /// All attributes.
    pub fn stat(&self) -> Stat {
        match self.found {
            Found::Root(dir) => dir.stat(self.principals),
            Found::Node(node) => node.stat(self.principals),
        }
    }
}

/// The position of a walk: the directories from its start down, each with the entries that are still to come.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) path: String,
    who: &'a Who,
    /// With the length of the path of each.
    open: Vec<(usize, Range<'a, Node>)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(from: &DfsPath, who: &'a Who) -> Self {
        Self { path: from.as_str().to_owned(), who, open: Vec::new() }
    }

    /// Opens a directory that stands at `path`, for the entries behind `after`. Says whether it may be read.
    fn enter(&mut self, dir: &'a Dir, after: Option<&str>) -> bool {
        let readable = self.who.may(&dir.attrs, READ | EXECUTE);
        if readable {
            let length = if self.path == "/" { 0 } else { self.path.len() };
            self.open.push((length, dir.children.behind(after)));
        }
        readable
    }

    /// Goes into the entry that stands at `path`, where it is a directory. Says whether it is one that may not be read.
    pub(super) fn open(&mut self, found: Found<'a>) -> bool {
        found.dir().is_some_and(|dir| !self.enter(dir, None))
    }

    /// Goes down to behind the entry whose names below `path` are `parts`, as far as it is still there.
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

    /// The next entry; `path` is its path then.
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

/// Shows `visit` what is at `from` and below it, each directory before what is in it, names in the order of their
/// bytes; with `after` only what comes behind that path. Ends when `visit` breaks, and then says behind which path to
/// go on.
///
/// What changes between two stretches is met or not; what stays is met once.
///
/// # Errors
/// When nothing is at `from`, `who` may not pass a directory on the way to it, or `after` is not in it.
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
    // It was put together from a path and names of this tree.
    DfsPath::parse(&walk.path).map(Some).map_err(|_| Refusal::PathTooLong)
}
