//! The whole state and what can be asked of it at once.

use super::access::Who;
use super::chunk_table::{ChunkMeta, ChunkTable};
use super::node::{Attrs, Dir, Sums};
use super::users::{UserId, Users};
use super::window::Window;
use crate::command::{KeyRecord, Refusal};
use dfs_types::{ChunkId, ChunkRef, ClusterId, DatanodeId, Duty, ReplicaKey, Timestamp};
use imbl::{OrdMap, OrdSet};
use std::fmt;
use std::sync::Arc;

/// How many keys are kept, the newest.
pub const KEYS_KEPT: usize = 3;
/// The first chunk id that is handed out. Zero is no chunk.
pub(super) const FIRST_CHUNK: u64 = 1;

/// Everything that the masters agree on. A clone is a version of it, for the price of a few reference counts.
#[derive(Clone)]
pub struct Namespace {
    pub(super) setup: Option<Arc<Setup>>,
    pub(super) root: Arc<Dir>,
    pub(super) chunks: ChunkTable,
    pub(super) users: Arc<Users>,
    pub(super) window: Window,
    pub(super) keys: Arc<[KeyRecord]>,
    pub(super) next_chunk: u64,
    pub(super) floor: u64,
    /// Chunks at or above the floor that no file names, and none can name again: a file named them once, or their write
    /// came to nothing. At most as many as ids were handed out since the floor's own.
    pub(super) dropped: OrdSet<u64>,
    /// What is wanted of datanodes; those that are to serve are left out.
    pub(super) duties: OrdMap<DatanodeId, Duty>,
    /// The datanodes that belong to the cluster, each with the time at which it first registered. At most one per id.
    pub(super) members: OrdMap<DatanodeId, Timestamp>,
    /// Counts the commands that were accepted.
    pub(super) version: u64,
}

/// What the first command said.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) cluster: ClusterId,
    pub(super) superuser: String,
}

impl Namespace {
    /// The state before the first command.
    pub fn new() -> Self {
        let nobody = UserId(0);
        let attrs = Attrs {
            created: Timestamp(0),
            modified: Timestamp(0),
            version: 0,
            owner: nobody,
            group: nobody,
            chunk_size: 0,
            mode: super::node::FOLDER_MODE,
            replication: 0,
        };
        Self {
            setup: None,
            root: Arc::new(Dir::new(attrs)),
            chunks: ChunkTable::default(),
            users: Arc::default(),
            window: Window::default(),
            keys: Arc::default(),
            next_chunk: FIRST_CHUNK,
            floor: FIRST_CHUNK,
            dropped: OrdSet::new(),
            duties: OrdMap::new(),
            members: OrdMap::new(),
            version: 0,
        }
    }

    /// The cluster that this is the namespace of; none before its first command.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.setup.as_ref().map(|setup| setup.cluster)
    }

    /// The user whom nothing is refused; none before the first command.
    pub fn superuser(&self) -> Option<&str> {
        self.setup.as_ref().map(|setup| setup.superuser.as_str())
    }

    /// The keys that seal capabilities, newest last; at most [`KEYS_KEPT`].
    pub fn keys(&self) -> &[KeyRecord] {
        &self.keys
    }

    /// What is wanted of a datanode, known or not.
    pub fn duty(&self, node: DatanodeId) -> Duty {
        self.duties.get(&node).copied().unwrap_or_default()
    }

    /// The datanodes that are not to serve, in the order of their ids.
    pub fn duties(&self) -> impl Iterator<Item = (DatanodeId, Duty)> + '_ {
        self.duties.iter().map(|(node, duty)| (*node, *duty))
    }

    /// The datanodes that belong to the cluster, in the order of their ids, each with the time at which it first registered.
    pub fn members(&self) -> impl Iterator<Item = (DatanodeId, Timestamp)> + '_ {
        self.members.iter().map(|(node, since)| (*node, *since))
    }

    /// Whether a datanode belongs to the cluster: it has registered once, and was not forgotten since.
    pub fn is_member(&self, node: DatanodeId) -> bool {
        self.members.contains_key(&node)
    }

    /// The next chunk id that will be reserved.
    pub fn next_chunk(&self) -> ChunkId {
        ChunkId(self.next_chunk)
    }

    /// The collection floor: chunks below it that no file names can never be named again.
    pub fn floor(&self) -> ChunkId {
        ChunkId(self.floor)
    }

    /// Whether no file names this chunk, and none ever can again.
    pub fn is_garbage(&self, id: ChunkId) -> bool {
        self.is_given_up(id) && self.chunk(id).is_none()
    }

    /// Whether a chunk that no file names is refused by `commit_write`: the floor has passed it, a file had it, or
    /// its write was given up.
    pub(super) fn is_given_up(&self, id: ChunkId) -> bool {
        id.0 < self.floor || self.dropped.contains(&id.0)
    }

    /// No file is ever to name these chunks. One that a file names already stays, and so does one that was not handed out.
    pub(super) fn give_up(&mut self, chunks: &[ChunkId]) {
        for id in chunks {
            if (self.floor..self.next_chunk).contains(&id.0) && self.chunks.get(*id).is_none() {
                self.dropped.insert(id.0);
            }
        }
    }

    /// A file that named these chunks is gone. Below the floor that alone makes them garbage.
    pub(super) fn drop_chunks(&mut self, chunks: impl Iterator<Item = ChunkRef>) {
        for chunk in chunks {
            self.chunks.remove(chunk.id);
            if chunk.id.0 >= self.floor {
                self.dropped.insert(chunk.id.0);
            }
        }
    }

    /// Files, folders (without the root) and bytes of the whole tree.
    pub fn totals(&self) -> Sums {
        self.root.sums
    }

    /// How many chunks files name.
    pub fn chunk_count(&self) -> u64 {
        self.chunks.len()
    }

    /// A chunk that a file names; none for any other.
    pub fn chunk(&self, id: ChunkId) -> Option<ChunkMeta> {
        self.chunks.get(id)
    }

    /// The key of the committed bytes of a chunk that a file names; none for any other.
    pub fn committed(&self, id: ChunkId) -> Option<ReplicaKey> {
        self.chunk(id).map(|chunk| chunk.key(id))
    }

    /// The chunks that files name, in the order of their ids, from `start` on.
    pub fn chunks_from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, ChunkMeta)> + '_ {
        self.chunks.from(start)
    }

    /// The highest number of copies that a chunk should have; zero without chunks. Looks at every chunk.
    pub fn replication_max(&self) -> u8 {
        self.chunks_from(ChunkId(0)).map(|(_, chunk)| chunk.replication).max().unwrap_or(0)
    }

    /// How many commands were accepted so far. Entries take their versions from it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whose rights count for `caller`; the masters themselves have the empty name.
    ///
    /// # Errors
    /// Before the first command.
    pub(super) fn who(&self, caller: &str) -> Result<Who, Refusal> {
        let superuser = self.superuser().ok_or(Refusal::NotInitialised)?;
        Ok(match self.users.find(caller) {
            _ if caller.is_empty() || caller == superuser => Who::Super,
            Some(user) => Who::Known(user),
            None => Who::Stranger,
        })
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("cluster", &self.cluster())
            .field("version", &self.version)
            .field("totals", &self.totals())
            .field("chunks", &self.chunks)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
