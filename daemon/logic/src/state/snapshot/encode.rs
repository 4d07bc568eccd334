//! Encodes a state to pieces.

use super::PIECE_BYTES_MAX;
use crate::state::State;
use crate::state::results::{Asked, Remembered};
use crate::state::tree::{File, Node, Range};
use crate::stored::Stored;
use crate::stored::snapshot::{
    AskedV1, AttributeV1, CHUNKS_PER_ITEM, EndV1, HeadV1, IdsV1, ItemRefV1, MAGIC, Record, RecordV1, ResultV1, Start,
};
use dfs_types::ChunkId;
use serde::Serialize;
use smol_str::SmolStr;

/// A piece is sent once its content may have this many bytes; the rest is room for one more item.
const PIECE_BYTES_AIM: usize = PIECE_BYTES_MAX / 2;
/// An upper bound for an item without its name and chunks, and for a result without its caller and
/// path.
const ITEM_BYTES: usize = 96;
/// An upper bound for a number, and for a datanode with its admin state.
const NUMBER_BYTES: usize = 10;
/// An upper bound for a datanode with a time.
const MEMBER_BYTES: usize = 13;
/// An upper bound for a chunk with its layout.
const CHUNK_BYTES: usize = 28;
/// The maximum number of bytes of the value of an attribute in one record.
const VALUE_BYTES_MAX: usize = PIECE_BYTES_MAX / 4;

/// Passes this version to `sink`, piece by piece, in the form that the [`Decoder`](super::Decoder)
/// reads. Holds one piece at a time in memory; other versions may change meanwhile.
///
/// # Errors
/// The first error of `sink`.
pub(crate) fn encode<E>(state: &State, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut out = Pieces { sink, piece: Vec::new(), crc: 0 };
    out.send(&Start { magic: MAGIC, version: Record::VERSION })?;
    out.send(&Record::Head(head(state)))?;
    let names = state.principals.users.names().map(|name| (name.len() + ITEM_BYTES, name.to_owned()));
    out.send_all(names, Record::Users)?;
    out.send_all(state.results.iter().map(result), Record::Results)?;
    out.send_all(state.chunks.dropped.iter().map(|id| (NUMBER_BYTES, *id)), Record::Dropped)?;
    out.send_all(
        state.admin_states().map(|(node, admin_state)| (NUMBER_BYTES, (node.0, admin_state.into()))),
        Record::AdminStates,
    )?;
    out.send_all(state.members().map(|(node, at)| (MEMBER_BYTES, (node.0, at.0))), Record::Members)?;
    let chunks = state.chunks_from(ChunkId(0));
    let chunks = chunks.map(|(id, meta)| (CHUNK_BYTES, (meta.reference(id).into(), meta.layout.into())));
    out.send_all(chunks, Record::Chunks)?;
    let items = Preorder { directories: vec![state.tree.root.children.iter()], rest: &[] };
    out.send_all(items.map(|item| (item.bytes(), item)), RecordV1::Items)?;
    let attributes = state
        .tree
        .user_attributes
        .iter()
        .flat_map(|(id, own)| own.iter().flat_map(|(name, value)| attribute(id.0, name, value)));
    out.send_all(attributes.map(|part| (ITEM_BYTES + part.name.len() + part.value.len(), part)), Record::Attributes)?;
    let totals = state.totals();
    out.send(&Record::End(EndV1 {
        files: totals.files,
        directories: totals.directories,
        bytes: totals.bytes,
        chunks: state.chunk_count(),
        crc: out.crc,
    }))
}

fn head(state: &State) -> HeadV1 {
    let superuser = state.principals.superuser_id();
    HeadV1 {
        setup: state.cluster.zip(superuser).map(|(cluster, superuser)| (cluster.0, superuser.0)),
        keys: state.keys().iter().map(Into::into).collect(),
        next_entry: state.tree.next_entry,
        next_chunk: state.chunks.next,
        floor: state.chunks.floor,
        version: state.version,
        root: (&state.tree.root.attrs).into(),
    }
}

/// Returns the stored form of a result, and an upper bound for its bytes.
fn result((asked, result): (&Asked, &Remembered)) -> (usize, (AskedV1, ResultV1)) {
    let path = match result {
        Remembered::Copied(copied) => copied.next.as_ref().map_or(0, |next| next.as_str().len()),
        _ => 0,
    };
    (asked.caller.len() + path + ITEM_BYTES, (asked.into(), result.into()))
}

/// Returns the parts of one attribute: at least one.
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
    /// The last piece; its memory is reused for the next.
    piece: Vec<u8>,
    crc: u32,
}

impl<S> Pieces<'_, S> {
    fn send<E>(&mut self, record: &impl Serialize) -> Result<(), E>
    where
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        // Writing plain data to memory cannot fail.
        self.piece.clear();
        self.piece = postcard::to_extend(record, std::mem::take(&mut self.piece)).unwrap_or_default();
        debug_assert!((1..=PIECE_BYTES_MAX).contains(&self.piece.len()), "{} bytes", self.piece.len());
        self.crc = crc32c::crc32c_append(self.crc, &self.piece);
        (self.sink)(&self.piece)
    }

    /// Sends `parts`, each with an upper bound for its bytes, grouped into pieces.
    fn send_all<T, R: Serialize, E>(
        &mut self,
        parts: impl Iterator<Item = (usize, T)>,
        join: impl Fn(Vec<T>) -> R,
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

/// Walks the tree without recursion. Its memory is one position per level.
struct Preorder<'a> {
    directories: Vec<Range<'a, Node>>,
    /// The chunks of the file that the last item did not hold.
    rest: &'a [ChunkId],
}

impl<'a> Preorder<'a> {
    fn next_chunks(&mut self) -> (IdsV1<'a>, bool) {
        let (now, later) = self.rest.split_at_checked(CHUNKS_PER_ITEM).unwrap_or((self.rest, &[]));
        self.rest = later;
        (IdsV1(now), !later.is_empty())
    }

    fn file(&mut self, name: &'a str, file: &'a File) -> ItemRefV1<'a> {
        self.rest = file.chunks();
        let (chunks, more) = self.next_chunks();
        ItemRefV1::File { name, attrs: (&file.attrs()).into(), chunks, more }
    }
}

impl<'a> Iterator for Preorder<'a> {
    type Item = ItemRefV1<'a>;

    fn next(&mut self) -> Option<ItemRefV1<'a>> {
        if !self.rest.is_empty() {
            let (chunks, more) = self.next_chunks();
            return Some(ItemRefV1::Chunks { chunks, more });
        }
        match self.directories.last_mut()?.next() {
            Some((name, Node::File(file))) => Some(self.file(name, file)),
            Some((name, Node::Dir(dir))) => {
                self.directories.push(dir.children.iter());
                Some(ItemRefV1::Directory { name, attrs: (&dir.attrs).into() })
            }
            None => {
                self.directories.pop();
                // The root has no end item: the end of the items is its end.
                (!self.directories.is_empty()).then_some(ItemRefV1::Up)
            }
        }
    }
}

impl ItemRefV1<'_> {
    /// Returns an upper bound for its bytes.
    fn bytes(&self) -> usize {
        match self {
            Self::Directory { name, .. } => ITEM_BYTES + name.len(),
            Self::File { name, chunks, .. } => ITEM_BYTES + name.len() + chunks.0.len() * NUMBER_BYTES,
            Self::Chunks { chunks, .. } => ITEM_BYTES + chunks.0.len() * NUMBER_BYTES,
            Self::Up => 1,
        }
    }
}
