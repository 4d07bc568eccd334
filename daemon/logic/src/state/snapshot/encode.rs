//! State to pieces.

use super::PIECE_BYTES_MAX;
use crate::state::State;
use crate::state::results::{Asked, Remembered};
use crate::state::tree::{File, Node, Range};
use crate::stored::Stored;
use crate::stored::snapshot::{
    AskedV1, AttributeV1, CHUNKS_PER_ITEM, EndV1, HeadV1, ItemV1, MAGIC, Record, RecordV1, ResultV1, Start,
};
use dfs_types::ChunkId;
use serde::Serialize;
use smol_str::SmolStr;

/// A piece is sent once its content may have this many bytes; the rest is room for one more item.
const PIECE_BYTES_AIM: usize = PIECE_BYTES_MAX / 2;
/// An upper bound for an item without its name and chunks, and for a result without its caller and path.
const ITEM_BYTES: usize = 96;
/// An upper bound for a number, and for a datanode with its duty.
const NUMBER_BYTES: usize = 10;
/// An upper bound for a datanode with a time.
const MEMBER_BYTES: usize = 13;
/// An upper bound for a chunk with its layout.
const CHUNK_BYTES: usize = 28;
/// The most bytes of the value of an attribute in one record.
const VALUE_BYTES_MAX: usize = PIECE_BYTES_MAX / 4;

impl State {
    /// Hands this version to `sink`, piece by piece, in the form that the [`Decoder`](super::Decoder) takes. Holds one
    /// piece at a time in memory; other versions may change meanwhile.
    ///
    /// # Errors
    /// The first error of `sink`.
    pub fn encode<E>(&self, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut out = Pieces { sink, crc: 0 };
        out.send(&Start { magic: MAGIC, version: Record::VERSION })?;
        out.send(&RecordV1::Head(self.head()))?;
        let names = self.principals.users.names().map(|name| (name.len() + ITEM_BYTES, name.to_owned()));
        out.send_all(names, RecordV1::Users)?;
        out.send_all(self.results.iter().map(result), RecordV1::Results)?;
        out.send_all(self.chunks.dropped.iter().map(|id| (NUMBER_BYTES, *id)), RecordV1::Dropped)?;
        out.send_all(self.duties().map(|(node, duty)| (NUMBER_BYTES, (node.0, duty.into()))), RecordV1::Duties)?;
        out.send_all(self.members().map(|(node, at)| (MEMBER_BYTES, (node.0, at.0))), RecordV1::Members)?;
        let chunks = self.chunks_from(ChunkId(0));
        let chunks = chunks.map(|(id, meta)| (CHUNK_BYTES, (meta.reference(id).into(), meta.layout.into())));
        out.send_all(chunks, RecordV1::Chunks)?;
        let items = Preorder { directories: vec![self.tree.root.children.iter()], rest: &[] };
        out.send_all(items.map(|item| (item.bytes(), item)), RecordV1::Items)?;
        let attributes = self
            .tree
            .user_attributes
            .iter()
            .flat_map(|(id, own)| own.iter().flat_map(|(name, value)| attribute(id.0, name, value)));
        out.send_all(
            attributes.map(|part| (ITEM_BYTES + part.name.len() + part.value.len(), part)),
            RecordV1::Attributes,
        )?;
        let totals = self.totals();
        out.send(&RecordV1::End(EndV1 {
            files: totals.files,
            directories: totals.directories,
            bytes: totals.bytes,
            chunks: self.chunk_count(),
            crc: out.crc,
        }))
    }

    fn head(&self) -> HeadV1 {
        let superuser = self.principals.superuser_id();
        HeadV1 {
            setup: self.cluster.zip(superuser).map(|(cluster, superuser)| (cluster.0, superuser.0)),
            keys: self.keys().iter().map(Into::into).collect(),
            next_entry: self.tree.next_entry,
            next_chunk: self.chunks.next,
            floor: self.chunks.floor,
            version: self.version,
            root: (&self.tree.root.attrs).into(),
        }
    }
}

/// A result, and an upper bound for its bytes.
fn result((asked, result): (&Asked, &Remembered)) -> (usize, (AskedV1, ResultV1)) {
    let path = match result {
        Remembered::Copied(copied) => copied.next.as_ref().map_or(0, |next| next.as_str().len()),
        _ => 0,
    };
    (asked.caller.len() + path + ITEM_BYTES, (asked.into(), result.into()))
}

/// The parts of one attribute: at least one.
fn attribute(entry: u64, name: &SmolStr, value: &[u8]) -> Vec<AttributeV1> {
    let mut parts: Vec<AttributeV1> = value
        .chunks(VALUE_BYTES_MAX)
        .map(|part| AttributeV1 { entry, name: name.clone(), value: part.to_vec(), more: true })
        .collect();
    match parts.last_mut() {
        Some(last) => last.more = false,
        None => parts.push(AttributeV1 { entry, name: name.clone(), value: Vec::new(), more: false }),
    }
    parts
}

struct Pieces<'a, S> {
    sink: &'a mut S,
    crc: u32,
}

impl<S> Pieces<'_, S> {
    fn send<E>(&mut self, record: &impl Serialize) -> Result<(), E>
    where
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        // Writing plain data into memory has no way to fail.
        let piece = postcard::to_stdvec(record).unwrap_or_default();
        debug_assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES_MAX, "{} bytes", piece.len());
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
    directories: Vec<Range<'a, Node>>,
    /// What the last item left of its file's chunks.
    rest: &'a [ChunkId],
}

impl<'a> Preorder<'a> {
    fn next_chunks(&mut self) -> (Vec<u64>, bool) {
        let (now, later) = self.rest.split_at_checked(CHUNKS_PER_ITEM).unwrap_or((self.rest, &[]));
        self.rest = later;
        (now.iter().map(|chunk| chunk.0).collect(), !later.is_empty())
    }

    fn file(&mut self, name: SmolStr, file: &'a File) -> ItemV1 {
        self.rest = file.chunks();
        let (chunks, more) = self.next_chunks();
        ItemV1::File { name, attrs: (&file.attrs()).into(), chunks, more }
    }
}

impl Iterator for Preorder<'_> {
    type Item = ItemV1;

    fn next(&mut self) -> Option<ItemV1> {
        if !self.rest.is_empty() {
            let (chunks, more) = self.next_chunks();
            return Some(ItemV1::Chunks { chunks, more });
        }
        match self.directories.last_mut()?.next() {
            Some((name, Node::File(file))) => Some(self.file(SmolStr::new(name), file)),
            Some((name, Node::Dir(dir))) => {
                self.directories.push(dir.children.iter());
                Some(ItemV1::Directory { name: SmolStr::new(name), attrs: (&dir.attrs).into() })
            }
            None => {
                self.directories.pop();
                // The root has no end of its own: the end of the items is its end.
                (!self.directories.is_empty()).then_some(ItemV1::Up)
            }
        }
    }
}

impl ItemV1 {
    /// An upper bound for its bytes.
    fn bytes(&self) -> usize {
        match self {
            Self::Directory { name, .. } => ITEM_BYTES + name.len(),
            Self::File { name, chunks, .. } => ITEM_BYTES + name.len() + chunks.len() * NUMBER_BYTES,
            Self::Chunks { chunks, .. } => ITEM_BYTES + chunks.len() * NUMBER_BYTES,
            Self::Up => 1,
        }
    }
}
