//! The stored form of the state in snapshots: a sequence of pieces, each one [`Record`].

use super::refusal::RefusalV1;
use super::values::{AdminStateV1, ChunkV1, KeyV1, LayoutV1};
use super::{Never, Stored};
use dfs_types::ChunkId;
use serde::{Deserialize, Serialize, Serializer};
use smol_str::SmolStr;

/// The first piece. It is the same in all versions, so that each build can find out the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub magic: [u8; 4],
    pub version: u16,
}

/// The magic of the first piece.
pub const MAGIC: [u8; 4] = *b"dfsS";
/// The number of chunk ids of a list in one item; a longer list continues in the next.
pub const CHUNKS_PER_ITEM: usize = 1024;

/// The newest form of a piece.
pub type Record = RecordV1;

/// One piece after the first. Pieces of a kind are together, the kinds in this order.
#[derive(Debug, Serialize, Deserialize)]
pub enum RecordV1<Item = ItemV1> {
    Head(HeadV1),
    /// The names of users and groups, in the order of their numbers.
    Users(Vec<String>),
    /// The remembered results, oldest first.
    Results(Vec<(AskedV1, ResultV1)>),
    /// The chunks above the floor that are nevertheless garbage, ascending.
    Dropped(Vec<u64>),
    /// The datanodes that are not in service, sorted by id.
    AdminStates(Vec<(u16, AdminStateV1)>),
    /// The datanodes of the cluster, with the time of their first registration, sorted by id.
    Members(Vec<(u16, u64)>),
    /// The chunks that files name, sorted by id. The number of references follows from the tree.
    Chunks(Vec<(ChunkV1, LayoutV1)>),
    /// The tree in preorder, names in order within a directory. Sums follow from it.
    Items(Vec<Item>),
    /// The attributes `user.*`, sorted by the id of their entry, then by name.
    Attributes(Vec<AttributeV1>),
    End(EndV1),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct HeadV1 {
    /// The cluster and the number of its superuser; none before the first command.
    pub setup: Option<([u8; 16], u32)>,
    pub keys: Vec<KeyV1>,
    pub next_entry: u64,
    pub next_chunk: u64,
    pub floor: u64,
    pub version: u64,
    pub root: AttrsV1,
}

/// The attributes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttrsV1 {
    pub id: u64,
    pub created: u64,
    pub modified: u64,
    pub version: u64,
    pub size: u64,
    pub owner: u32,
    pub group: u32,
    pub chunk_size: u32,
    pub mode: u16,
    pub layout: Option<LayoutV1>,
}

/// One step through the tree.
#[derive(Debug, Serialize, Deserialize)]
pub enum ItemV1 {
    /// A directory; the following items are in it.
    Directory {
        name: SmolStr,
        attrs: AttrsV1,
    },
    /// A file with the ids of its chunks. With `more` the list continues in the next item.
    File {
        name: SmolStr,
        attrs: AttrsV1,
        chunks: Vec<u64>,
        more: bool,
    },
    Chunks {
        chunks: Vec<u64>,
        more: bool,
    },
    /// The end of a directory that a `Directory` began.
    Up,
}

/// An [`ItemV1`] that is written directly from the tree.
#[derive(Debug, Clone, Copy, Serialize)]
pub enum ItemRefV1<'a> {
    Directory { name: &'a str, attrs: AttrsV1 },
    File { name: &'a str, attrs: AttrsV1, chunks: IdsV1<'a>, more: bool },
    Chunks { chunks: IdsV1<'a>, more: bool },
    Up,
}

/// The ids of chunks, written as numbers.
#[derive(Debug, Clone, Copy)]
pub struct IdsV1<'a>(pub &'a [ChunkId]);

impl Serialize for IdsV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|id| id.0))
    }
}

/// One attribute `user.*` of an entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttributeV1 {
    pub entry: u64,
    pub name: SmolStr,
    /// A part of the value. With `more` it continues in the next record.
    pub value: Vec<u8>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedV1 {
    pub request: u128,
    pub caller: SmolStr,
}

/// The result of a command. Variants are only ever added, at the end.
#[derive(Debug, Serialize, Deserialize)]
pub enum ResultV1 {
    Done,
    Deleted { files: u64, directories: u64, bytes: u64 },
    File { attrs: AttrsV1, chunks: u64 },
    Reserved { first: u64, count: u32 },
    Copied { files: u64, directories: u64, bytes: u64, next: Option<String> },
    Refused(RefusalV1),
}

/// The totals of what was written, and the crc32c of all pieces before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndV1 {
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    pub chunks: u64,
    pub crc: u32,
}

impl Stored for RecordV1 {
    const NAME: &'static str = "state snapshot";
    const VERSION: u16 = 1;
    type Previous = Never;

    fn upgrade(previous: Never) -> Self {
        match previous {}
    }
}
