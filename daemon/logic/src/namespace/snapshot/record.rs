//! What stands in the pieces. Golden files keep it as it is: a change is a new version, and readers keep the old one.

use crate::command::KeyRecord;
use crate::namespace::node::Attrs;
use crate::namespace::window::{Asked, Remembered};
use dfs_types::{ChunkRef, ClusterId, DatanodeId, Duty, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub(super) const MAGIC: [u8; 4] = *b"dfsN";
/// The version that is written and read. Before version 4 chunks had no checksum.
pub(super) const VERSION: u16 = 4;
/// Chunks of a file in one item; a longer list goes on in the next.
pub(super) const CHUNKS_PER_ITEM: usize = 1024;

/// One piece. Records are only ever added, at the end, wherever their pieces stand.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    Start { magic: [u8; 4], version: u16 },
    Head(Head),
    Users(Vec<String>),
    Results(Vec<(Asked, Remembered)>),
    Dropped(Vec<u64>),
    Items(Vec<Item>),
    End { files: u64, directories: u64, bytes: u64, chunks: u64, crc: u32 },
    Duties(Vec<(DatanodeId, Duty)>),
    Members(Vec<(DatanodeId, Timestamp)>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) setup: Option<(ClusterId, String)>,
    pub(super) keys: Vec<KeyRecord>,
    pub(super) next_chunk: u64,
    pub(super) floor: u64,
    pub(super) version: u64,
    pub(super) root: Attrs,
}

/// One step through the tree.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item {
    /// A folder; what follows lies in it.
    Folder {
        name: SmolStr,
        attrs: Attrs,
    },
    /// A file. With `more` its list of chunks goes on in the next item.
    File {
        name: SmolStr,
        attrs: Attrs,
        chunks: Vec<ChunkRef>,
        more: bool,
    },
    Chunks {
        chunks: Vec<ChunkRef>,
        more: bool,
    },
    /// The end of a folder that a `Folder` began.
    Up,
}
