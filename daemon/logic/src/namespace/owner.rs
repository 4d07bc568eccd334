//! Which file names a chunk. The tree keeps no way back from a chunk, because only people ask for it: the files are
//! looked through.

use super::access::{EXECUTE, READ};
use super::node::Node;
use super::state::Namespace;
use crate::command::Refusal;
use dfs_types::{ChunkId, DfsPath};

impl Namespace {
    /// The file that names a chunk; none if no file does, or none in a folder that `caller` may look into.
    ///
    /// # Errors
    /// When `caller` is nobody.
    pub fn file_of(&self, chunk: ChunkId, caller: &str) -> Result<Option<DfsPath>, Refusal> {
        let who = self.who(caller)?;
        let mut open = vec![(DfsPath::root(), &self.root)];
        while let Some((path, dir)) = open.pop() {
            if !who.may(&dir.attrs, READ | EXECUTE) {
                continue;
            }
            for (name, node) in dir.children.iter() {
                match node {
                    Node::Dir(below) => open.extend(path.join(name).map(|path| (path, below))),
                    Node::File(file) => {
                        if file.chunks.iter().any(|own| own.id == chunk) {
                            return Ok(path.join(name).ok());
                        }
                    }
                }
            }
        }
        Ok(None)
    }
}
