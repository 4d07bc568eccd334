use crate::command::{Command, Refusal};
use crate::namespace::access::{EXECUTE, WRITE, Who};
use crate::namespace::node::{Dir, Node};
use crate::namespace::spine::{Change, find_parent};
use crate::namespace::state::Namespace;
use crate::namespace::window::Remembered;
use dfs_types::{Deleted, DfsPath};

impl Namespace {
    /// Deletes a file, an empty folder, or with `recursive` a whole one.
    pub(in crate::namespace) fn delete(
        &mut self,
        command: &Command,
        path: &DfsPath,
        recursive: bool,
    ) -> Result<Remembered, Refusal> {
        let who = self.who(&command.caller)?;
        let (parent, name) = find_parent(&self.root, path, who)?;
        let node = parent.children.get(name).ok_or(Refusal::NotFound)?;
        if let Node::Dir(dir) = node {
            if !recursive && !dir.children.is_empty() {
                return Err(Refusal::NotEmpty);
            }
            may_clear(dir, who)?;
        }
        who.need(&parent.attrs, WRITE)?;

        let removed = node.weight();
        let change =
            Change { path, added: Default::default(), removed, reach: 0, at: command.at, version: self.version + 1 };
        let node = change.open(&mut self.root)?.children.remove(name).ok_or(Refusal::NotFound)?;
        self.forget_chunks(&node);
        Ok(Remembered::Deleted(Deleted {
            files: removed.files,
            directories: removed.directories,
            bytes: removed.bytes,
        }))
    }

    /// No file names the chunks in and below `node` any more.
    fn forget_chunks(&mut self, node: &Node) {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            match node {
                Node::File(file) => self.drop_chunks(file.chunks.iter()),
                Node::Dir(dir) => waiting.extend(dir.children.iter().map(|(_, child)| child)),
            }
        }
    }
}

/// Whether `who` may empty `dir` and every folder below it. The superuser is not kept waiting for the walk.
fn may_clear(dir: &Dir, who: Who) -> Result<(), Refusal> {
    if who == Who::Super {
        return Ok(());
    }
    let mut waiting = vec![dir];
    while let Some(dir) = waiting.pop() {
        if !dir.children.is_empty() {
            who.need(&dir.attrs, WRITE | EXECUTE)?;
        }
        if dir.sums.directories > 0 {
            let folders = dir
                .children
                .iter()
                .filter_map(|(_, node)| if let Node::Dir(inner) = node { Some(&**inner) } else { None });
            waiting.extend(folders);
        }
    }
    Ok(())
}
