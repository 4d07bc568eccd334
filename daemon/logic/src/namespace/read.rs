//! Questions: attributes, pages of folders, chunks of files.

use super::access::{EXECUTE, READ, WRITE, Who};
use super::node::{File, Node};
use super::spine::{Found, find, find_parent};
use super::state::Namespace;
use crate::command::Refusal;
use dfs_types::{ChunkRef, DfsPath, Entry, Stat};

impl Namespace {
    /// The attributes of what is at `path`.
    ///
    /// # Errors
    /// When nothing is there, or `caller` may not pass a folder on the way.
    pub fn stat(&self, path: &DfsPath, caller: &str) -> Result<Stat, Refusal> {
        let who = self.who(caller)?;
        Ok(match find(&self.root, path, who)? {
            Found::Root(dir) => dir.stat(&self.users),
            Found::Node(node) => node.stat(&self.users),
        })
    }

    /// At most `limit` entries of a folder whose names begin with `prefix` and come behind `after`, in the order of the
    /// bytes of their names, and whether there are more. A file lists as itself.
    ///
    /// # Errors
    /// When nothing is there, or `caller` may not read it.
    pub fn list(
        &self,
        path: &DfsPath,
        after: Option<&str>,
        prefix: &str,
        limit: usize,
        caller: &str,
    ) -> Result<(Vec<Entry>, bool), Refusal> {
        let who = self.who(caller)?;
        let found = find(&self.root, path, who)?;
        let entry = |(name, node): (&str, &Node)| Entry { name: name.to_owned(), stat: node.stat(&self.users) };
        let Some(dir) = found.dir() else {
            let name = path.name().filter(|name| name.starts_with(prefix) && after.is_none_or(|after| *name > after));
            let Found::Node(node) = found else { return Err(Refusal::NotADirectory) };
            return Ok((name.into_iter().map(|name| entry((name, node))).take(limit).collect(), false));
        };
        who.need(&dir.attrs, READ | EXECUTE)?;
        let mut page = dir.children.page(after, prefix);
        let entries = page.by_ref().take(limit).map(entry).collect();
        Ok((entries, page.next().is_some()))
    }

    /// The chunks of a file that hold `offset..offset + length`, at most `max` of them, each with the place in the file
    /// where it begins.
    ///
    /// # Errors
    /// When there is no such file, or `caller` may not read it.
    pub fn chunks(
        &self,
        path: &DfsPath,
        offset: u64,
        length: u64,
        max: usize,
        caller: &str,
    ) -> Result<(Stat, Vec<(u64, ChunkRef)>), Refusal> {
        let who = self.who(caller)?;
        let Found::Node(Node::File(file)) = find(&self.root, path, who)? else { return Err(Refusal::IsADirectory) };
        who.need(&file.attrs, READ)?;
        Ok((file.stat(&self.users), file.range(offset, length, max)))
    }

    /// What [`apply`](Namespace::apply) would say now to a commit at `path`, for asking before the data is sent.
    ///
    /// # Errors
    /// As the commit.
    pub fn check_write(&self, path: &DfsPath, overwrite: bool, caller: &str) -> Result<(), Refusal> {
        let who = self.who(caller)?;
        self.write_target(path, overwrite, who).map(|_| ())
    }

    /// The file that a write to `path` would replace; none if it would be new.
    pub(super) fn write_target(&self, path: &DfsPath, overwrite: bool, who: Who) -> Result<Option<&File>, Refusal> {
        let (parent, name) = match find_parent(&self.root, path, who) {
            Err(Refusal::Root) => return Err(Refusal::IsADirectory),
            other => other?,
        };
        match parent.children.get(name) {
            Some(Node::Dir(_)) => Err(Refusal::IsADirectory),
            Some(Node::File(_)) if !overwrite => Err(Refusal::AlreadyExists),
            existing => {
                who.need(&parent.attrs, WRITE)?;
                Ok(existing.and_then(|node| if let Node::File(file) = node { Some(file) } else { None }))
            }
        }
    }
}

impl File {
    /// See [`Namespace::chunks`]. All chunks but the last are full, so the first one is found by division.
    fn range(&self, offset: u64, length: u64, max: usize) -> Vec<(u64, ChunkRef)> {
        let chunk_size = u64::from(self.attrs.chunk_size.max(1));
        let end = offset.saturating_add(length).min(self.size());
        if offset >= end {
            return Vec::new();
        }
        let first = offset / chunk_size;
        let chunks = self.chunks.iter().skip(usize::try_from(first).unwrap_or(usize::MAX));
        let placed = (first..).map(|index| index * chunk_size).zip(chunks);
        placed.take_while(|(begin, _)| *begin < end).take(max).collect()
    }
}
