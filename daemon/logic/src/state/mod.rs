//! The replicated state: a deterministic state machine, and a value.
//!
//! [`State::apply`] takes the commands of the log. It routes each to the part that it belongs to: the tree of names, the
//! chunks, the principals, the datanodes, the keys. Everything is persistent in the data-structure sense: a clone costs a
//! handful of reference counts, shares all that has not changed since, and is a version that readers keep for as long as
//! they like.
//!
//! Each part states its invariants and checks them in its own `check`; [`State::check`] checks all of them, and those that
//! tie the parts together.
//!
//! **Invariant:** a refused command changes nothing but the remembered results.
//! **Invariant:** a chunk is in the table with as many references as files name it, and with the replicas that the most
//! demanding of them wants.

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
use dfs_types::{ChunkId, ClusterId, DatanodeId, Duty, ReplicaKey, Timestamp};
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

/// Everything that the masters agree on. A clone is a version of it, for the price of a few reference counts.
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
    /// Counts the commands that were accepted.
    version: u64,
}

impl State {
    /// The state before the first command.
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

    /// The cluster that this is the state of; none before its first command.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.cluster
    }

    /// The user whom nothing is refused; none before the first command.
    pub fn superuser(&self) -> Option<&str> {
        self.principals.superuser()
    }

    /// The keys that seal capabilities, newest last; at most [`KEYS_KEPT`].
    pub fn keys(&self) -> &[KeyRecord] {
        self.keys.all()
    }

    /// What is wanted of a datanode, known or not.
    pub fn duty(&self, node: DatanodeId) -> Duty {
        self.nodes.duty(node)
    }

    /// The datanodes that are not to serve, in the order of their ids.
    pub fn duties(&self) -> impl Iterator<Item = (DatanodeId, Duty)> + '_ {
        self.nodes.duties.iter().map(|(node, duty)| (*node, *duty))
    }

    /// The datanodes that belong to the cluster, in the order of their ids, each with the time at which it first registered.
    pub fn members(&self) -> impl Iterator<Item = (DatanodeId, Timestamp)> + '_ {
        self.nodes.members.iter().map(|(node, since)| (*node, *since))
    }

    /// Whether a datanode belongs to the cluster: it has registered once, and was not removed since.
    pub fn is_member(&self, node: DatanodeId) -> bool {
        self.nodes.members.contains_key(&node)
    }

    /// The next chunk id that will be reserved.
    pub fn next_chunk(&self) -> ChunkId {
        ChunkId(self.chunks.next)
    }

    /// The collection floor: chunks below it that no file names can never be named again.
    pub fn floor(&self) -> ChunkId {
        ChunkId(self.chunks.floor)
    }

    /// Whether no file names this chunk, and none ever can again.
    pub fn is_garbage(&self, id: ChunkId) -> bool {
        self.chunks.is_garbage(id)
    }

    /// Files, directories (without the root) and bytes of the whole tree.
    pub fn totals(&self) -> Sums {
        self.tree.root.sums
    }

    /// How many chunks files name.
    pub fn chunk_count(&self) -> u64 {
        self.chunks.table.len()
    }

    /// A chunk that a file names; none for any other.
    pub fn chunk(&self, id: ChunkId) -> Option<ChunkMeta> {
        self.chunks.table.get(id)
    }

    /// The key of the committed bytes of a chunk that a file names; none for any other.
    pub fn committed(&self, id: ChunkId) -> Option<ReplicaKey> {
        self.chunk(id).map(|chunk| chunk.key(id))
    }

    /// The chunks that files name, in the order of their ids, from `start` on.
    pub fn chunks_from(&self, start: ChunkId) -> impl Iterator<Item = (ChunkId, ChunkMeta)> + '_ {
        self.chunks.table.from(start)
    }

    /// What has changed of chunks that were there before, since this value was made.
    pub fn chunk_changes(&self) -> ChunkChanges {
        self.chunks.changes
    }

    /// The highest number of replicas that a chunk should have; zero without chunks. Looks at every chunk.
    pub fn replicas_max(&self) -> u8 {
        self.chunks_from(ChunkId(0)).map(|(_, chunk)| chunk.replicas()).max().unwrap_or(0)
    }

    /// How many commands were accepted so far. Entries take their versions from it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Hands this version to `sink`, piece by piece, in the form that the [`Decoder`] takes. Holds one piece at a time in
    /// memory; other versions may change meanwhile.
    ///
    /// # Errors
    /// The first error of `sink`.
    pub fn encode<E>(&self, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        snapshot::encode(self, sink)
    }

    /// Checks every stated invariant. Looks at everything: for tests.
    ///
    /// # Errors
    /// Says what does not hold.
    pub fn check(&self) -> Result<(), String> {
        self.chunks.check()?;
        self.principals.check()?;
        self.nodes.check()?;
        self.keys.check()?;
        self.results.check()?;
        let named = self.tree.check()?;
        if named.len() as u64 != self.chunk_count() {
            return Err(format!("files name {} chunks, the table has {}", named.len(), self.chunk_count()));
        }
        for (id, wishes) in named {
            let Some(meta) = self.chunk(id) else {
                return Err(format!("a file names {id}, the table has no such chunk"));
            };
            let right = (meta.references, meta.layout) == (wishes.files(), wishes.most());
            if !right || self.chunks.wishes(id, meta) != wishes {
                return Err(format!("the files of chunk {id} want {wishes:?}, the table has {meta:?}"));
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
