//! Namespace to pieces.

use super::PIECE_BYTES_MAX;
use super::record::{CHUNKS_PER_ITEM, Head, Item, MAGIC, Record, VERSION};
use crate::namespace::children::Entries;
use crate::namespace::node::{File, Node, PackedRef};
use crate::namespace::state::Namespace;
use crate::namespace::window::{Asked, Remembered};
use dfs_types::ChunkRef;
use smol_str::SmolStr;

/// A piece is sent once its content may have this many bytes; the rest is room for one more item.
const PIECE_BYTES_AIM: usize = PIECE_BYTES_MAX / 2;
/// An upper bound for an item without its name and chunks, and for a remembered result without its caller.
const ITEM_BYTES: usize = 96;
/// An upper bound for a number, and for a datanode with its duty.
const NUMBER_BYTES: usize = 10;
/// An upper bound for a datanode with a time.
const MEMBER_BYTES: usize = 13;
/// An upper bound for a chunk in an item.
const CHUNK_BYTES: usize = 25;

impl Namespace {
    /// Hands this version to `sink`, piece by piece, in the form that the [`Decoder`](super::Decoder) takes. Holds one
    /// piece at a time in memory; other versions may change meanwhile.
    ///
    /// # Errors
    /// The first error of `sink`.
    pub fn encode<E>(&self, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut out = Pieces { sink, crc: 0 };
        out.send(&Record::Start { magic: MAGIC, version: VERSION })?;
        out.send(&Record::Head(self.head()))?;
        let names = self.users.names().map(|name| (name.len() + ITEM_BYTES, name.to_owned()));
        out.send_all(names, Record::Users)?;
        let result =
            |(asked, result): (&Asked, &Remembered)| (asked.caller.len() + ITEM_BYTES, (asked.clone(), result.clone()));
        out.send_all(self.window.iter().map(result), Record::Results)?;
        out.send_all(self.dropped.iter().map(|id| (NUMBER_BYTES, *id)), Record::Dropped)?;
        out.send_all(self.duties().map(|duty| (NUMBER_BYTES, duty)), Record::Duties)?;
        out.send_all(self.members().map(|member| (MEMBER_BYTES, member)), Record::Members)?;
        let items = Preorder { folders: vec![self.root.children.iter()], rest: &[] };
        out.send_all(items.map(|item| (item.bytes(), item)), Record::Items)?;
        let totals = self.totals();
        out.send(&Record::End {
            files: totals.files,
            directories: totals.directories,
            bytes: totals.bytes,
            chunks: self.chunk_count(),
            crc: out.crc,
        })
    }

    fn head(&self) -> Head {
        Head {
            setup: self.setup.as_ref().map(|setup| (setup.cluster, setup.superuser.clone())),
            keys: self.keys.to_vec(),
            next_chunk: self.next_chunk,
            floor: self.floor,
            version: self.version,
            root: self.root.attrs,
        }
    }
}

struct Pieces<'a, S> {
    sink: &'a mut S,
    crc: u32,
}

impl<S> Pieces<'_, S> {
    fn send<E>(&mut self, record: &Record) -> Result<(), E>
    where
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        // Writing plain data into memory has no way to fail.
        let piece = postcard::to_stdvec(record).unwrap_or_default();
        self.crc = crc32c::crc32c_append(self.crc, &piece);
        (self.sink)(&piece)
    }

    /// Sends `parts`, each with an upper bound for its bytes, joined to pieces.
    fn send_all<T, E>(
        &mut self,
        parts: impl Iterator<Item = (usize, T)>,
        join: impl Fn(Vec<T>) -> Record,
    ) -> Result<(), E>
    where
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        let mut batch = Vec::new();
        let mut filled = 0;
        for (bytes, part) in parts {
            batch.push(part);
            filled += bytes;
            if filled >= PIECE_BYTES_AIM {
                self.send(&join(std::mem::take(&mut batch)))?;
                filled = 0;
            }
        }
        if batch.is_empty() { Ok(()) } else { self.send(&join(batch)) }
    }
}

/// Walks the tree without recursion. Its memory is one place per level.
struct Preorder<'a> {
    folders: Vec<Entries<'a>>,
    /// What the last item left of its file's chunks.
    rest: &'a [PackedRef],
}

impl<'a> Preorder<'a> {
    fn next_chunks(&mut self) -> (Vec<ChunkRef>, bool) {
        let (now, later) = self.rest.split_at_checked(CHUNKS_PER_ITEM).unwrap_or((self.rest, &[]));
        self.rest = later;
        (now.iter().map(|chunk| (*chunk).into()).collect(), !later.is_empty())
    }

    fn file(&mut self, name: SmolStr, file: &'a File) -> Item {
        self.rest = file.chunks.as_slice();
        let (chunks, more) = self.next_chunks();
        Item::File { name, attrs: file.attrs, chunks, more }
    }
}

impl Iterator for Preorder<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if !self.rest.is_empty() {
            let (chunks, more) = self.next_chunks();
            return Some(Item::Chunks { chunks, more });
        }
        match self.folders.last_mut()?.next() {
            Some((name, Node::File(file))) => Some(self.file(name.clone(), file)),
            Some((name, Node::Dir(dir))) => {
                self.folders.push(dir.children.iter());
                Some(Item::Folder { name: name.clone(), attrs: dir.attrs })
            }
            None => {
                self.folders.pop();
                // The root has no end of its own: the end of the snapshot is its end.
                (!self.folders.is_empty()).then_some(Item::Up)
            }
        }
    }
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Folder { name, .. } => ITEM_BYTES + name.len(),
            Self::File { name, chunks, .. } => ITEM_BYTES + name.len() + chunks.len() * CHUNK_BYTES,
            Self::Chunks { chunks, .. } => ITEM_BYTES + chunks.len() * CHUNK_BYTES,
            Self::Up => 1,
        }
    }
}
