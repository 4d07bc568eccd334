//! The replicated state: a deterministic state machine, and a value.
//!
//! [`State::apply`] applies the commands of the log. It routes each to the part that it belongs to:
//! the tree of names, the chunks, the principals, the datanodes, the keys. All parts are persistent
//! data structures: a clone costs a few reference counts, shares everything that has not changed
//! since, and is a version that readers may keep as long as they need it.
//!
//! Each part states its invariants and checks them in its own `check`; [`State::check`] checks all
//! of them, and those across the parts.
//!
//! **Invariant:** a refused command changes nothing but the remembered results. **Invariant:** a
//! chunk is in the table with as many references as files name it, and with the replicas that the
//! most demanding of them wants.

mod apply;
mod chunks;
mod keys;
mod nodes;
mod principals;
mod read;
mod results;
mod snapshot;
#[cfg(test)]
mod tests;
mod tree;

use crate::command::KeyRecord;
use chunks::Chunks;
pub use chunks::{ChunkChanges, ChunkMeta};
use dfs_types::{AdminState, ChunkId, ClusterId, DatanodeId, ReplicaKey, Timestamp};
pub use keys::KEYS_KEPT;
use keys::Keys;
use nodes::Nodes;
use principals::Principals;
pub use results::RESULTS_MAX;
use results::Results;
pub use snapshot::{Decoder, PIECE_BYTES_MAX, SnapshotError};
use std::fmt;
use tree::Tree;
pub use tree::{CHANGED_MAX, COPIED_MAX, Met, Sums, USER_ATTRIBUTES_BYTES_MAX};

/// Everything that the masters agree on. A clone is a version of it, at the cost of a few reference
/// counts.
#[derive(Clone)]
pub struct State {
    /// None before the first command.
    cluster: Option<ClusterId>,
    tree: Tree,
    chunks: Chunks,
    principals: Principals,
    nodes: Nodes,
    keys: Keys,
    results: Results,
    /// The number of accepted commands.
    version: u64,
}

impl State {
    /// Returns the state before the first command.
    pub fn new() -> Self {
        Self {
            cluster: None,
            tree: Tree::new(),
            chunks: Chunks::default(),
            principals: Principals::default(),
            nodes: Nodes::default(),
            keys: Keys::default(),
            results: Results::default(),
            version: 0,
        }
    }

    /// Returns the cluster of this state; none before its first command.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.cluster
    }

    /// Returns the superuser, to whom all is permitted; none before the first command.
    pub fn superuser(&self) -> Option<&str> {
        self.principals.superuser()
    }

    /// Returns the keys that seal capabilities, newest last; at most [`KEYS_KEPT`].
    pub fn keys(&self) -> &[KeyRecord] {
        self.keys.all()
    }

    /// Returns the admin state of a datanode, known or not.
    pub fn admin_state(&self, node: DatanodeId) -> AdminState {
        self.nodes.admin_state(node)
    }

    /// Returns the datanodes that are not in service, sorted by id.
    pub fn admin_states(&self) -> impl Iterator<Item = (DatanodeId, AdminState)> + '_ {
        self.nodes.admin_states.iter().map(|(node, admin_state)| (*node, *admin_state))
    }

    /// Returns the datanodes that belong to the cluster, sorted by id, each with the time at which
    /// it first registered.
    pub fn members(&self) -> impl Iterator<Item = (DatanodeId, Timestamp)> + '_ {
        self.nodes.members.iter().map(|(node, since)| (*node, *since))
    }

    /// Returns true if a datanode belongs to the cluster: it has registered once, and was not
    /// removed since.
    pub fn is_member(&self, node: DatanodeId) -> bool {
        self.nodes.members.contains_key(&node)
    }

    /// Returns the next chunk id that will be reserved.
    pub fn next_chunk(&self) -> ChunkId {
        ChunkId(self.chunks.next)
    }

    /// Returns the collection floor: chunks below it that no file names can never be named again.
    pub fn floor(&self) -> ChunkId {
        ChunkId(self.chunks.floor)
    }

    /// Returns true if no file names this chunk, and none ever can again.
    pub fn is_garbage(&self, id: ChunkId) -> bool {
        self.chunks.is_garbage(id)
    }

    /// Returns the files, directories (without the root) and bytes of the whole tree.
    pub fn totals(&self) -> Sums {
        self.tree.root.sums
    }

    /// Returns the number of chunks that files name.
    pub fn chunk_count(&self) -> u64 {
        self.chunks.table.len()
    }

    /// Returns a chunk that a file names; none for any other.
    pub fn chunk(&self, id: ChunkId) -> Option<ChunkMeta> {
        self.chunks.table.get(id)
    }

    /// Returns the key of the committed bytes of a chunk that a file names; none for any other.
    pub fn committed(&self, id: ChunkId) -> Option<ReplicaKey> {
        self.chunk(id).map(|chunk| chunk.key(id))
    }

    /// Returns the chunks that files name, sorted by id, from `start` on.
    pub fn chunks_from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, ChunkMeta)> + '_ {
        self.chunks.table.from(start)
    }

    /// Returns the numbers of changes of existing chunks since this value was made.
    pub fn chunk_changes(&self) -> ChunkChanges {
        self.chunks.changes
    }

    /// Returns the highest number of replicas that a chunk should have; zero without chunks. Looks
    /// at every chunk.
    pub fn replicas_max(&self) -> u8 {
        self.chunks_from(ChunkId(0)).map(|(_, chunk)| chunk.replicas()).max().unwrap_or(0)
    }

    /// Returns the number of commands accepted so far. Entries take their versions from it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Passes this version to `sink`, piece by piece, in the form that the [`Decoder`] reads. Holds
    /// one piece at a time in memory; other versions may change meanwhile.
    ///
    /// # Errors
    /// The first error of `sink`.
    pub fn encode<E>(&self, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        snapshot::encode(self, sink)
    }

    /// Checks every stated invariant. Looks at everything: for tests.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub fn check(&self) -> Result<(), String> {
        self.chunks.check()?;
        self.principals.check()?;
        self.nodes.check()?;
        self.keys.check()?;
        self.results.check()?;
        let named = self.tree.check()?;
        if named.len() as u64 != self.chunk_count() {
            return Err(format!("files name {} chunks, but the table has {}", named.len(), self.chunk_count()));
        }
        for (id, layouts) in named {
            let Some(meta) = self.chunk(id) else {
                return Err(format!("a file names {id}, but the table has no such chunk"));
            };
            let right = (meta.references, meta.layout) == (layouts.files(), layouts.most());
            if !right || self.chunks.wanted_layouts(id, meta) != layouts {
                return Err(format!("the files of chunk {id} want {layouts:?}, but the table has {meta:?}"));
            }
        }
        Ok(())
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("cluster", &self.cluster())
            .field("version", &self.version)
            .field("totals", &self.totals())
            .field("chunks", &self.chunks.table)
            .field("results", &self.results)
            .finish_non_exhaustive()
    }
}
