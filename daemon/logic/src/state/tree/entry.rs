//! Files and directories.

use super::attrs::{Attrs, PackedAttrs};
use super::names::Names;
use super::sums::Sums;
use crate::state::principals::known::Principals;
use dfs_types::{ChunkId, Kind, Layout, Stat};
use std::cell::RefCell;
use std::sync::Arc;

/// The file or directory of a name. Files are stored inline, because there are so many of them.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    File(File),
    Dir(Arc<Dir>),
}

/// A file with its chunks, in their order. Most files have one. One tag for all variants of a file
/// keeps it small.
#[derive(Debug, Clone)]
pub(crate) enum File {
    Empty(PackedAttrs),
    One(PackedAttrs, ChunkId),
    /// Stored behind one pointer.
    Many(PackedAttrs, Arc<Vec<ChunkId>>),
}

#[derive(Debug, Clone)]
pub(crate) struct Dir {
    pub(crate) attrs: Attrs,
    pub(crate) sums: Sums,
    /// An upper bound for the length in bytes of the longest path below, relative to here (with its
    /// first `/`). It only grows: it avoids a walk before nearly every move, and if it is too high
    /// the walk decides.
    pub(crate) reach: u32,
    pub(crate) children: Names<Node>,
}

impl File {
    /// Makes a file with these chunks. It must have a layout; attributes without one are treated as
    /// those of one replica.
    pub(crate) fn new(attrs: Attrs, chunks: impl IntoIterator<Item = ChunkId>) -> Self {
        debug_assert!(attrs.layout.is_some(), "a file has a layout: {attrs:?}");
        let attrs = PackedAttrs::of(attrs, attrs.layout.unwrap_or(Layout::Replicated { replicas: 1 }));
        let mut chunks: Vec<ChunkId> = chunks.into_iter().collect();
        match chunks.as_slice() {
            [] => Self::Empty(attrs),
            [chunk] => Self::One(attrs, *chunk),
            _ => {
                chunks.shrink_to_fit();
                Self::Many(attrs, Arc::new(chunks))
            }
        }
    }

    fn packed(&self) -> PackedAttrs {
        match self {
            Self::Empty(attrs) | Self::One(attrs, _) | Self::Many(attrs, _) => *attrs,
        }
    }

    pub(crate) fn attrs(&self) -> Attrs {
        self.packed().get()
    }

    pub(crate) fn layout(&self) -> Layout {
        self.packed().layout
    }

    /// Changes the attributes.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut Attrs)) {
        let mut attrs = self.attrs();
        change(&mut attrs);
        let packed = PackedAttrs::of(attrs, attrs.layout.unwrap_or(self.layout()));
        match self {
            Self::Empty(attrs) | Self::One(attrs, _) | Self::Many(attrs, _) => *attrs = packed,
        }
    }

    /// Returns the same chunks with other attributes.
    pub(crate) fn with(&self, attrs: Attrs) -> Self {
        let mut copy = self.clone();
        copy.update(|own| *own = attrs);
        copy
    }

    pub(crate) fn chunks(&self) -> &[ChunkId] {
        match self {
            Self::Empty(_) => &[],
            Self::One(_, chunk) => std::slice::from_ref(chunk),
            Self::Many(_, chunks) => chunks,
        }
    }

    pub(crate) fn weight(&self) -> Sums {
        let attrs = self.attrs();
        let bytes = attrs.size();
        let replica_bytes = bytes.wrapping_mul(u64::from(attrs.replicas()));
        Sums { files: 1, directories: 0, bytes, replica_bytes }
    }

    pub(crate) fn stat(&self, principals: &Principals) -> Stat {
        self.attrs().stat(principals, Kind::File, self.weight(), self.chunks().len() as u64)
    }

    /// Returns the chunks that hold `offset..offset + length`, at most `max` of them, each with the
    /// offset in the file at which it begins. All chunks but the last are full, so the first one is
    /// found by division.
    pub(crate) fn range(&self, offset: u64, length: u64, max: usize) -> Vec<(u64, ChunkId)> {
        let attrs = self.attrs();
        let chunk_size = u64::from(attrs.chunk_size.max(1));
        let end = offset.saturating_add(length).min(attrs.size());
        if offset >= end {
            return Vec::new();
        }
        let first = offset / chunk_size;
        let chunks = self.chunks().iter().skip(usize::try_from(first).unwrap_or(usize::MAX));
        let placed = (first..).map(|index| index * chunk_size).zip(chunks.copied());
        placed.take_while(|(begin, _)| *begin < end).take(max).collect()
    }
}

impl Dir {
    /// Makes an empty directory.
    pub(crate) fn new(attrs: Attrs) -> Self {
        Self { attrs, sums: Sums::default(), reach: 0, children: Names::default() }
    }

    pub(crate) fn stat(&self, principals: &Principals) -> Stat {
        self.attrs.stat(principals, Kind::Directory, self.sums, 0)
    }

    /// Inserts a child whose name is free, and counts it here.
    pub(crate) fn adopt(&mut self, name: &str, node: Node) {
        self.sums = self.sums.plus(node.weight());
        self.reach = self.reach.max(1 + name.len() as u32 + node.reach());
        self.children.insert(name, node);
    }
}

impl Node {
    pub(crate) fn attrs(&self) -> Attrs {
        match self {
            Self::File(file) => file.attrs(),
            Self::Dir(dir) => dir.attrs,
        }
    }

    /// Returns the contribution of the entry to the sums of the directories above it.
    pub(crate) fn weight(&self) -> Sums {
        match self {
            Self::File(file) => file.weight(),
            Self::Dir(dir) => dir.sums.plus(Sums { directories: 1, ..Sums::default() }),
        }
    }

    pub(crate) fn reach(&self) -> u32 {
        match self {
            Self::File(_) => 0,
            Self::Dir(dir) => dir.reach,
        }
    }

    pub(crate) fn stat(&self, principals: &Principals) -> Stat {
        match self {
            Self::File(file) => file.stat(principals),
            Self::Dir(dir) => dir.stat(principals),
        }
    }

    /// Visits this entry and everything below it, in no stated order. Without recursion:
    /// directories are nested up to 2,048 deep.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Node)) {
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            visit(node);
            if let Self::Dir(dir) = node {
                waiting.extend(dir.children.iter().map(|(_, child)| child));
            }
        }
    }
}

thread_local! {
    /// Maps waiting to be dropped; none while nothing is being dropped on this thread.
    static DROPPING: RefCell<Option<Vec<Names<Node>>>> = const { RefCell::new(None) };
}

/// Directories are nested up to 2,048 deep, and a recursive drop would need a stack to match. So
/// only the outermost drop does the work: the inner ones leave their entries in a list for it.
impl Drop for Dir {
    fn drop(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let map = std::mem::take(&mut self.children);
        // While the thread ends, the list may no longer exist; then the map is dropped right here,
        // with the closure.
        let _ = DROPPING.try_with(|dropping| {
            if let Some(waiting) = &mut *dropping.borrow_mut() {
                waiting.push(map);
                return;
            }
            *dropping.borrow_mut() = Some(Vec::new());
            let mut next = Some(map);
            while let Some(map) = next {
                drop(map);
                next = dropping.borrow_mut().as_mut().and_then(Vec::pop);
            }
            *dropping.borrow_mut() = None;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_small() {
        // Ten million files are held in memory: one more field here costs a hundred megabytes.
        assert_eq!((size_of::<PackedAttrs>(), size_of::<Node>()), (45, 56));
    }
}
