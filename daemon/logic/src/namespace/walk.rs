//! Going through a folder and all below it, a stretch at a time.

use super::access::{EXECUTE, READ, Who};
use super::children::Range;
use super::node::{Dir, Node, PackedRef};
use super::spine::{Found, find};
use super::state::Namespace;
use super::users::Users;
use crate::command::Refusal;
use dfs_types::{ChunkRef, DfsPath, Kind, Stat, Timestamp};
use std::ops::ControlFlow;

/// An entry that a walk came to.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// The whole path.
    pub path: &'a str,
    found: Found<'a>,
    users: &'a Users,
    /// It is a folder that the caller may not read: the walk goes around what is in it.
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

    /// Bytes of a file, or of all files below a folder.
    pub fn size(&self) -> u64 {
        match self.found {
            Found::Node(Node::File(file)) => file.size(),
            Found::Node(Node::Dir(dir)) => dir.sums.bytes,
            Found::Root(dir) => dir.sums.bytes,
        }
    }

    pub fn modified(&self) -> Timestamp {
        self.found.attrs().modified
    }

    /// Copies wanted of a file's chunks; 0 for a folder.
    pub fn replication(&self) -> u8 {
        self.found.attrs().replication
    }

    /// The chunks of a file; none for a folder.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = ChunkRef> + 'a {
        let packed: &'a [PackedRef] = match self.found {
            Found::Node(Node::File(file)) => file.chunks.as_slice(),
            Found::Root(_) | Found::Node(Node::Dir(_)) => &[],
        };
        packed.iter().map(|chunk| (*chunk).into())
    }

    /// All attributes.
    pub fn stat(&self) -> Stat {
        match self.found {
            Found::Root(dir) => dir.stat(self.users),
            Found::Node(node) => node.stat(self.users),
        }
    }
}

/// Where a walk is: the folders from its start down, each with the entries that are still to come.
struct Walk<'a> {
    path: String,
    who: Who,
    users: &'a Users,
    /// With the length of the path of each.
    open: Vec<(usize, Range<'a>)>,
}

impl<'a> Walk<'a> {
    /// Opens a folder that stands at `path`, for the entries behind `after`. Says whether it may be read.
    fn enter(&mut self, dir: &'a Dir, after: Option<&str>) -> bool {
        let readable = self.who.may(&dir.attrs, READ | EXECUTE);
        if readable {
            let length = if self.path == "/" { 0 } else { self.path.len() };
            self.open.push((length, dir.children.behind(after)));
        }
        readable
    }

    /// Shows the entry that stands at `path`, and opens it if it is a folder.
    fn meet(&mut self, found: Found<'a>, visit: &mut impl FnMut(&Met<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let closed = found.dir().is_some_and(|dir| !self.enter(dir, None));
        visit(&Met { path: &self.path, found, users: self.users, closed })
    }

    /// Goes down to behind the entry whose names below `path` are `parts`, as far as it is still there.
    fn resume<'p>(&mut self, mut found: Found<'a>, parts: impl Iterator<Item = &'p str>) {
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

    fn next(&mut self) -> Option<Found<'a>> {
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

impl Namespace {
    /// Shows `visit` what is at `from` and below it, each folder before what is in it, names in the order of their bytes; with
    /// `after` only what comes behind that path. Ends when `visit` breaks, and then says behind which path to go on.
    ///
    /// What changes between two stretches is met or not; what stays is met once.
    ///
    /// # Errors
    /// When nothing is at `from`, `caller` may not pass a folder on the way to it, or `after` is not in it.
    pub fn walk(
        &self,
        from: &DfsPath,
        after: Option<&DfsPath>,
        caller: &str,
        mut visit: impl FnMut(&Met<'_>) -> ControlFlow<()>,
    ) -> Result<Option<DfsPath>, Refusal> {
        let who = self.who(caller)?;
        let start = find(&self.root, from, who)?;
        let mut walk = Walk { path: from.as_str().to_owned(), who, users: &self.users, open: Vec::new() };
        let mut flow = ControlFlow::Continue(());
        match after {
            None => flow = walk.meet(start, &mut visit),
            Some(after) if after.is_within(from) => walk.resume(start, after.parts().skip(from.parts().count())),
            Some(_) => return Err(Refusal::NotFound),
        }
        while flow.is_continue() {
            let Some(found) = walk.next() else { return Ok(None) };
            flow = walk.meet(found, &mut visit);
        }
        // It was put together from a path and names of this tree.
        DfsPath::parse(&walk.path).map(Some).map_err(|_| Refusal::PathTooLong)
    }
}
