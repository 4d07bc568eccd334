//! Builds the tree from a sequence of items.

use super::SnapshotError;
use crate::state::chunks::{ChunkMeta, Listing};
use crate::state::principals::Users;
use crate::state::tree::{Attrs, Dir, File, Node, check_shape};
use crate::stored::snapshot::ItemV1;
use dfs_types::path::{PATH_BYTES_MAX, check_name};
use dfs_types::{ChunkId, EntryId};
use smol_str::SmolStr;
use std::sync::Arc;

/// A tree that is being filled.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// The directories from the root to the one that is being filled.
    directories: Vec<Open>,
    /// The length of the path of that directory in bytes.
    path_bytes: usize,
    /// A file whose list of chunks continues.
    file: Option<(SmolStr, Attrs, Vec<ChunkId>)>,
    /// The ids of all entries so far; sorted once the tree is complete.
    ids: Vec<EntryId>,
}

/// A directory that is not complete.
#[derive(Debug)]
struct Open {
    name: SmolStr,
    dir: Dir,
    /// The name of the last entry in it.
    last: SmolStr,
}

/// The data that an item is checked against.
pub(super) struct Known<'a> {
    pub(super) users: &'a Users,
    /// The chunks that are listed, and those of them that files have named so far.
    pub(super) listing: &'a mut Listing,
    pub(super) next_entry: u64,
}

impl Filling {
    /// Begins with the root.
    pub(super) fn begin(&mut self, root: Attrs) {
        self.ids.push(root.id);
        self.directories.push(Open { name: SmolStr::default(), dir: Dir::new(root), last: SmolStr::default() });
    }

    /// Returns the root, if all opened directories were closed.
    pub(super) fn root(&self) -> Option<&Dir> {
        match self.directories.as_slice() {
            [root] if self.file.is_none() => Some(&root.dir),
            _ => None,
        }
    }

    pub(super) fn into_root(mut self) -> Option<Dir> {
        self.directories.pop().map(|root| root.dir)
    }

    /// Sorts the ids of a complete tree; returns true if no two entries have the same id.
    pub(super) fn sort_ids(&mut self) -> bool {
        self.ids.sort_unstable();
        self.ids.is_sorted_by(|a, b| a < b)
    }

    /// Returns true if there is an entry with this id, in a complete tree.
    pub(super) fn has(&self, id: EntryId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    pub(super) fn item(&mut self, item: ItemV1, known: &mut Known<'_>) -> Result<(), SnapshotError> {
        let ids = |chunks: Vec<u64>| chunks.into_iter().map(ChunkId);
        match (item, self.file.take()) {
            (ItemV1::Directory { name, attrs }, None) => {
                let attrs = self.check_entry(&name, attrs.into(), known)?;
                if attrs.layout.is_some() || attrs.size() > 0 || attrs.chunk_size > 0 {
                    return Err(SnapshotError::Tree);
                }
                self.path_bytes += 1 + name.len();
                self.directories.push(Open { name, dir: Dir::new(attrs), last: SmolStr::default() });
                Ok(())
            }
            (ItemV1::File { name, attrs, chunks, more }, None) => {
                let attrs = self.check_entry(&name, attrs.into(), known)?;
                self.chunks_of(name, attrs, ids(chunks).collect(), more, known)
            }
            (ItemV1::Chunks { chunks, more }, Some((name, attrs, mut all))) => {
                all.extend(ids(chunks));
                self.chunks_of(name, attrs, all, more, known)
            }
            (ItemV1::Up, None) => self.close(),
            _ => Err(SnapshotError::Tree),
        }
    }

    /// Checks that an entry can come next in the directory that is being filled. The depth of the
    /// tree is bounded by the length of its paths.
    fn check_entry(&mut self, name: &str, attrs: Attrs, known: &Known<'_>) -> Result<Attrs, SnapshotError> {
        // No name is empty, so the first one is always greater.
        let fine = check_name(name).is_ok()
            && self.directories.last().is_some_and(|open| open.last.as_str() < name)
            && self.path_bytes + 1 + name.len() <= PATH_BYTES_MAX
            && known.users.has(attrs.owner)
            && known.users.has(attrs.group)
            && (1..known.next_entry).contains(&attrs.id.0);
        self.ids.push(attrs.id);
        if fine { Ok(attrs) } else { Err(SnapshotError::Tree) }
    }

    /// Adds a file once all its chunks are there.
    fn chunks_of(
        &mut self,
        name: SmolStr,
        attrs: Attrs,
        chunks: Vec<ChunkId>,
        more: bool,
        known: &mut Known<'_>,
    ) -> Result<(), SnapshotError> {
        if more {
            self.file = Some((name, attrs, chunks));
            return Ok(());
        }
        let layout = attrs.layout.ok_or(SnapshotError::Tree)?;
        let listed: Option<Vec<ChunkMeta>> = chunks.iter().map(|id| known.listing.get(*id)).collect();
        let listed = listed.ok_or(SnapshotError::Tree)?;
        let lengths = listed.iter().map(|meta| meta.length);
        let size: u64 = lengths.clone().map(u64::from).sum();
        check_shape(attrs.chunk_size, layout, lengths).map_err(|_| SnapshotError::Tree)?;
        // The first name replaces the listed layout.
        let too_few = |meta: &ChunkMeta| meta.references == 0 && meta.replicas() < layout.replicas();
        if size != attrs.size() || listed.iter().any(too_few) {
            return Err(SnapshotError::Tree);
        }
        chunks.iter().for_each(|id| known.listing.name(*id, layout));
        self.adopt(&name, Node::File(File::new(attrs, chunks)))
    }

    fn close(&mut self) -> Result<(), SnapshotError> {
        let open = self.directories.pop().ok_or(SnapshotError::Tree)?;
        self.path_bytes = self.path_bytes.saturating_sub(1 + open.name.len());
        self.adopt(&open.name, Node::Dir(Arc::new(open.dir)))
    }

    fn adopt(&mut self, name: &SmolStr, node: Node) -> Result<(), SnapshotError> {
        // If no directory is left, the root itself was closed.
        let parent = self.directories.last_mut().ok_or(SnapshotError::Tree)?;
        parent.dir.adopt(name, node);
        parent.last = name.clone();
        Ok(())
    }
}
