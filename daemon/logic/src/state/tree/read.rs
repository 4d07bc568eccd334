//! Queries about single entries and directories.

use super::base::Tree;
use super::entry::{File, Node};
use super::spine::{Found, find, find_parent};
use crate::command::Refusal;
use crate::state::principals::access::{EXECUTE, READ, WRITE, Who};
use crate::state::principals::known::Principals;
use dfs_types::{ChunkId, DfsPath, Entry, EntryId, Stat};

impl Tree {
    pub(crate) fn stat(&self, principals: &Principals, path: &DfsPath, who: &Who) -> Result<Stat, Refusal> {
        Ok(match find(&self.root, path, who)? {
            Found::Root(dir) => dir.stat(principals),
            Found::Node(node) => node.stat(principals),
        })
    }

    pub(crate) fn entry_id(&self, path: &DfsPath, who: &Who) -> Result<EntryId, Refusal> {
        find(&self.root, path, who).map(|found| found.attrs().id)
    }

    /// Returns at most `limit` entries of a directory whose names begin with `prefix` and come
    /// after `after`, sorted by the bytes of their names, and true if there are more. A file lists
    /// as itself.
    pub(crate) fn list(
        &self,
        principals: &Principals,
        path: &DfsPath,
        after: Option<&str>,
        prefix: &str,
        limit: usize,
        who: &Who,
    ) -> Result<(Vec<Entry>, bool), Refusal> {
        let found = find(&self.root, path, who)?;
        let entry = |(name, node): (&str, &Node)| Entry { name: name.to_owned(), stat: node.stat(principals) };
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

    /// Returns a file that `who` may read.
    pub(crate) fn readable(&self, path: &DfsPath, who: &Who) -> Result<&File, Refusal> {
        let Found::Node(Node::File(file)) = find(&self.root, path, who)? else { return Err(Refusal::IsADirectory) };
        who.need(&file.attrs(), READ)?;
        Ok(file)
    }

    /// Returns the file that a write to `path` would replace; none if it would be new.
    pub(crate) fn write_target(&self, path: &DfsPath, overwrite: bool, who: &Who) -> Result<Option<&File>, Refusal> {
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

    /// Returns a file that names a chunk; none if no file does, or none in a directory that `who`
    /// may look into. The tree has no index from chunks to files, because only people ask for it:
    /// all files are searched.
    pub(crate) fn file_of(&self, chunk: ChunkId, who: &Who) -> Option<DfsPath> {
        let mut open = vec![(DfsPath::root(), &self.root)];
        while let Some((path, dir)) = open.pop() {
            if !who.may(&dir.attrs, READ | EXECUTE) {
                continue;
            }
            for (name, node) in dir.children.iter() {
                match node {
                    Node::Dir(below) => open.extend(path.join(name).map(|path| (path, below))),
                    Node::File(file) if file.chunks().contains(&chunk) => return path.join(name).ok(),
                    Node::File(_) => {}
                }
            }
        }
        None
    }
}
